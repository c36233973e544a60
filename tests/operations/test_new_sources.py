"""Apps whose source is replaced by another folder."""

from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.changes import Difference
from clace.admin_api.versions import RELOAD_APPS, ReloadApps
from clace.errors import BadRequest, NeedsApproval, NotAllowed
from clace.model.app import Demands
from clace.model.identity import Assurance, Identity
from clace.model.rbac import Grant, Policy
from tests.operations.house import House, app_star
from tests.operations.test_administration import GIT
from tests.support.administration_contract import RUNS

JO = Identity(user_id="github:jo", assurance=Assurance.SSO)


class NewSourceTests(SynchronousTestCase):
    def setUp(self):
        self.house = House()
        for name, demands in (("/old", Demands()), ("/new", Demands()), ("/more", RUNS)):
            self.house.sources.put_folder(name, {"app.star": app_star(demands), "x": name.encode()})
        self.successResultOf(self.house.create("/a", "/old"))

    def reload(self, source="/new", glob="/a", by=None, **options):
        query = ReloadApps(glob, source=source, **options)
        if by is not None:
            return self.house.administration.perform_as(by, RELOAD_APPS, query)
        return self.house.administration.perform(RELOAD_APPS, query)

    def apps(self):
        """The sources and versions of production and staging."""
        apps = self.successResultOf(self.house.store.apps())
        return sorted((app.path, app.source_url, app.version) for app in apps)

    def content(self, path):
        app = self.house.installed.find("localhost", path)
        files = self.successResultOf(self.house.store.files(app.id, app.version))
        return self.successResultOf(files.read("x"))

    def test_staged(self):
        """Staging has the new files first, and production with its promotion."""
        result = self.successResultOf(self.reload())
        self.assertEqual(self.apps(), [("/a", "/new", 1), ("/a_cl_stage", "/new", 2)])
        self.assertEqual((self.content("/a"), self.content("/a_cl_stage")), (b"/old", b"/new"))
        self.assertIn("source /new", [text for one in result.changes for text in one.changed])
        self.successResultOf(self.reload("/old", promote=True))
        self.assertEqual(self.apps(), [("/a", "/old", 3), ("/a_cl_stage", "/old", 3)])
        self.assertEqual(self.content("/a"), b"/old")

    def test_kept(self):
        """A reload afterwards fetches the new source."""
        self.successResultOf(self.reload())
        self.house.sources.put_folder("/new", {"app.star": app_star(Demands()), "x": b"newer"})
        query = ReloadApps("/a", promote=True)
        self.successResultOf(self.house.administration.perform(RELOAD_APPS, query))
        self.assertEqual(self.content("/a"), b"newer")

    def test_dry_run(self):
        """A dry run tells the source of both apps, and changes nothing."""
        before = self.apps()
        result = self.successResultOf(self.reload(dry_run=True))
        for change in result.changes:
            told = Difference(kind="source", name="", old="/old", new="/new")
            self.assertIn(told, change.values)
        self.assertEqual(len(result.changes), 2)
        self.assertEqual(self.apps(), before)

    def test_approval(self):
        """A source that asks for more changes nothing until that is approved."""
        before = self.apps()
        error = self.failureResultOf(self.reload("/more"), NeedsApproval).value
        self.assertIn("clace app reload --approve --source=/more /a", error.message)
        self.assertEqual(self.apps(), before)
        self.successResultOf(self.reload("/more", approve=True))

    def test_refused(self):
        """A glob, a source that is from git or is missing, and apps that have another rule."""
        self.house.sources.put_folder("/dev", {"app.star": app_star(Demands())})
        self.successResultOf(self.house.create("/dev", "/dev", is_dev=True))
        self.house.sources.put_commit(GIT, {"app.star": app_star(Demands())}, branch="main")
        self.successResultOf(self.house.create("/git", GIT, git_branch="main"))
        before = self.apps()
        for options, text in (
            ({"glob": "/a*"}, "/a* is a glob"),
            ({"source": "github.com/jo/x"}, "only a folder or a file"),
            ({"branch": "main"}, "only a folder or a file"),
            ({"glob": "/dev"}, "is a dev app"),
            ({"glob": "/git"}, "is from git"),
        ):
            error = self.failureResultOf(self.reload(**options), BadRequest).value
            self.assertIn(text, error.message)
        self.failureResultOf(self.reload("/missing"))
        self.assertEqual(self.apps(), before)

    def test_right(self):
        """Whoever may reload an app may not say what it is made of; that is for who may create."""
        roles = {"reloads": ("app:read", "app:reload"), "makes": ("app:create",)}
        for held, is_allowed in (("reloads",), False), (("reloads", "makes"), True):
            grants = (Grant(users=(JO.user_id,), roles=held, targets=("all",)),)
            policy = Policy(enabled=True, roles=roles, grants=grants)
            self.house = House(policy=policy)
            for name in ("/old", "/new"):
                self.house.sources.put_folder(name, {"app.star": app_star(Demands())})
            self.successResultOf(self.house.create("/a", "/old"))
            if is_allowed:
                self.successResultOf(self.reload(by=JO))
            else:
                self.failureResultOf(self.reload(by=JO), NotAllowed)
