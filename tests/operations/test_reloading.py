"""Reloads start hosts for what changed, and for nothing else."""

from msgspec.structs import replace
from twisted.logger import globalLogPublisher

from clace.admin_api.secrets import (
    CREATE_SECRET,
    DELETE_SECRET,
    CreateSecret,
    DeleteSecret,
    NewSecret,
)
from clace.admin_api.settings import (
    LINK_ACCOUNT,
    UPDATE_METADATA,
    UPDATE_PARAMS,
    LinkAccount,
    MetadataChange,
    UpdateMetadata,
    UpdateParam,
)
from clace.admin_api.versions import APPROVE_APPS, PROMOTE_APPS, ApproveApps, PromoteApps
from clace.errors import AppBroken
from clace.interfaces import PointApp
from clace.model.app import AccountLink
from clace.model.paths import AppPath
from tests.operations.house import House, app_star
from tests.operations.test_administration import FETCH, GIT, HouseCase
from tests.support.administration_contract import NONE, RUNS

PARAMS = b'param("size", default = "1", required = False)\n'


class ReloadCase(HouseCase):
    def started(self, **options):
        """How many hosts the reload of all apps starts."""
        before = self.house.runtime.memory.starts
        self.reloaded(**options)
        return self.house.runtime.memory.starts - before

    def versions(self):
        return {str(app): app.version for app in self.apps()}


class UnchangedTests(ReloadCase):
    def test_starts_no_host(self):
        """An app whose source did not change is told as reloaded, and no host is started."""
        self.create(approve=True)
        self.answer("/a_cl_stage")
        before = self.house.runtime.memory.starts
        done = self.reloaded()
        self.assertEqual([str(one) for one in done.reload_results], ["/a_cl_stage"])
        self.assertEqual(self.answer("/a_cl_stage"), "one")
        self.assertEqual(self.house.runtime.memory.starts, before)
        self.assertEqual(self.versions(), {"/a": 1, "/a_cl_stage": 2})

    def test_promoted(self):
        """Promoted, production is the new version too, in the host that it had."""
        self.create()
        self.assertEqual(self.started(promote=True), 0)
        self.assertEqual(self.answer(), "one")
        self.assertEqual(self.versions(), {"/a": 2, "/a_cl_stage": 2})

    def test_dev(self):
        """A dev app whose folder did not change goes on in the host that it has."""
        self.create(is_dev=True)
        self.assertEqual(self.started(), 0)
        self.assertEqual(self.answer(), "one")

    def test_approved(self):
        """What was approved stays so."""
        self.put("one", RUNS)
        self.create(approve=True)
        granted = self.apps()[0].metadata.approved
        self.assertEqual(self.started(), 0)
        self.assertEqual({app.metadata.approved for app in self.apps()}, {granted})

    def test_unapproved(self):
        """An app that waits for its approval is asked for it again."""
        self.put("one", FETCH)
        self.create()
        self.assertEqual(self.started(approve=True), 1)
        self.assertEqual(self.started(), 0)

    def test_dry(self):
        """A dry run lets the next reload start what it did not."""
        self.create()
        self.put("two")
        self.assertNotEqual(self.started(dry_run=True), 0)
        self.assertNotEqual(self.started(), 0)
        self.assertEqual(self.answer("/a_cl_stage"), "two")

    def test_failed(self):
        """After a reload that failed the app that serves is unchanged, and then reloaded so."""
        self.create()
        self.house.sources.put_folder("/src", {"app.star": b"no"})
        self.failureResultOf(self.reload(), AppBroken)
        self.put("one")
        self.assertEqual(self.started(), 0)

    def test_back_again(self):
        """Production that another promotion changed is not what it was when it was reloaded."""
        self.create()
        self.reloaded(promote=True)
        self.put("two")
        self.reloaded()
        self.successResultOf(
            self.house.administration.perform(PROMOTE_APPS, PromoteApps("all", dry_run=False))
        )
        self.put("one")
        self.reloaded(promote=True)
        self.assertEqual((self.answer(), self.answer("/a_cl_stage")), ("one", "one"))


class ChangedTests(ReloadCase):
    def setUp(self):
        super().setUp()
        files = {"app.star": app_star(FETCH, "one"), "params.star": PARAMS}
        self.house.sources.put_folder("/src", files)
        self.create(approve=True)
        self.assertEqual(self.started(), 0)

    def assert_starts(self, **options):
        self.assertNotEqual(self.started(**options), 0)
        self.assertEqual(self.started(), 0)

    def test_tree(self):
        """Another text, another file, and one less."""
        app = app_star(FETCH, "two")
        for files in (
            {"app.star": app, "params.star": PARAMS},
            {"app.star": app, "params.star": PARAMS, "static/x.txt": b"x"},
            {"app.star": app},
        ):
            self.house.sources.put_folder("/src", files)
            self.assert_starts()

    def test_param(self):
        """Another value of a param."""
        done = self.house.administration.perform(
            UPDATE_PARAMS, UpdateParam("all", param_name="size", param_value="7")
        )
        self.successResultOf(done)
        self.assert_starts()

    def test_account(self):
        """A link to another account."""
        link = AccountLink("http.in", "work")
        self.successResultOf(
            self.house.administration.perform(
                LINK_ACCOUNT, LinkAccount("all", plugin=link.plugin, account=link.account_name)
            )
        )
        self.assert_starts()

    def test_own_settings(self):
        """Another setting of the app's own."""
        request = MetadataChange(
            config_type="app_config", config_entries=("sandbox.max_waiting=2",)
        )
        self.successResultOf(
            self.house.administration.perform(UPDATE_METADATA, UpdateMetadata("all", body=request))
        )
        self.assert_starts()

    def test_permissions(self):
        """An approval that came otherwise than by the reload."""
        self.house = House()
        self.put("one", FETCH)
        self.create()
        self.successResultOf(self.house.administration.perform(APPROVE_APPS, ApproveApps("all")))
        self.assert_starts()

    def test_secret(self):
        """Another value of a secret that is stored."""
        for update in (False, True):
            request = NewSecret(name="word", value=f"value {update}")
            self.successResultOf(
                self.house.administration.perform(
                    CREATE_SECRET, CreateSecret(request, update=update)
                )
            )
            self.assert_starts()
        self.successResultOf(
            self.house.administration.perform(DELETE_SECRET, DeleteSecret("word", provider=""))
        )
        self.assert_starts()

    def test_server(self):
        """A server that was started again, which may be another version with other plugins."""
        self.house = House(self.house)
        self.assert_starts()

    def test_forced(self):
        """When it is forced, though nothing changed."""
        self.assertNotEqual(self.started(force_reload=True), 0)

    def test_verified(self):
        """When it is to be verified, though nothing changed; what does not load stays aside."""
        self.assertNotEqual(self.started(verify=True), 0)


class MeanwhileTests(ReloadCase):
    """The folder of a dev app changes while the app is loaded."""

    def setUp(self):
        super().setUp()
        self.prints = 0
        globalLogPublisher.addObserver(self.observe)
        self.addCleanup(globalLogPublisher.removeObserver, self.observe)

    def observe(self, event):
        if event.get("text") == "loading":
            self.prints += 1
            if self.prints == 2:  # it was audited, and is loaded
                files = {"app.star": app_star(NONE, "two").replace(b"Named", b"Renamed")}
                self.house.sources.put_folder("/src", files)

    def test_created(self):
        """The next reload takes the folder for another than the one that was loaded."""
        self.put("one", extra='print("loading")')
        self.create(is_dev=True)
        self.assertEqual(self.prints, 2)
        self.reloaded()
        self.assertEqual([app.metadata.name for app in self.apps()], ["Renamed"])


class RevisionTests(ReloadCase):
    def test_branch(self):
        """Another branch with the same files: apps are told the branch that they are from."""
        files = {"app.star": app_star(NONE, "one")}
        for branch in ("main", "next"):
            self.house.sources.put_commit(GIT, files, branch=branch)
        self.create("/g", GIT)
        self.assertNotEqual(self.started(branch="next"), 0)
        self.assertEqual(self.started(), 0)


class PinTests(HouseCase):
    def test_images_are_looked_up_again(self):
        """A reload forgets which image a name meant, and keeps the lock of packages."""
        self.create()
        pins = {"image": "nginx", "image_id": "1", "image_digest": "nginx@sha256:1", "lock": "x"}
        stage = self.house.installed.at(AppPath("/a_cl_stage", "localhost"))
        metadata = replace(stage.metadata, pins=pins)
        change = PointApp(stage, metadata, stage.settings)
        (stored,) = self.successResultOf(self.house.store.commit((change,)))
        self.house.installed.change([stored.id], (stored,))
        self.put("two")
        self.reloaded(promote=True)
        self.assertEqual({tuple(app.metadata.pins) for app in self.apps()}, {("lock",)})
