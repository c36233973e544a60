"""Tests for ``clace.operations``."""

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.apps import DELETE_APPS, SHOW_APP, DeleteApps, NewApp, OneApp
from clace.admin_api.server import STOP_SERVER, StopServer
from clace.admin_api.settings import (
    LINK_ACCOUNT,
    UPDATE_PARAMS,
    UPDATE_SETTINGS,
    LinkAccount,
    SettingsChange,
    UpdateParam,
    UpdateSettings,
)
from clace.admin_api.versions import (
    APPROVE_APPS,
    PROMOTE_APPS,
    RELOAD_APPS,
    ApproveApps,
    PromoteApps,
    ReloadApps,
)
from clace.errors import (
    AppBroken,
    AppExists,
    AppFailed,
    AppNotApproved,
    BadRequest,
    ChangedMeanwhile,
    NeedsApproval,
    PluginRefused,
    SourceError,
)
from clace.interfaces import PointApp
from clace.model.app import AccountLink, App, AppMetadata, Demands, Permission
from clace.model.failures import AppFailure, Fault
from clace.model.paths import AppPath
from clace.operations.apps import _listed
from tests.operations.house import NOW, House, app_star
from tests.support.administration_contract import NONE, RUNS, AdministrationContract

GIT = "https://git.example.com/team/tools"
PARAMS = b'param("size", default = "1", required = False)\nparam("color", default = "red")\n'
FETCH = Demands(("http.in",), (Permission("http.in", "get"),))


class OperationsTests(AdministrationContract, SynchronousTestCase):
    """The operations over twins in memory keep the contract."""

    def make_administration(self):
        self.house = House()
        return self.house.administration

    def put_source(self, name, demands):
        files = {"app.star": app_star(demands), "params.star": PARAMS}
        self.house.sources.put_folder(f"/src/{name}", files)
        return f"/src/{name}"


class HouseCase(SynchronousTestCase):
    def setUp(self):
        self.house = House()
        self.put("one")

    def put(self, body, demands=NONE, folder="/src", **more):
        self.house.sources.put_folder(folder, {"app.star": app_star(demands, body, **more)})

    def create(self, path="/a", source="/src", **options):
        return self.successResultOf(self.house.create(path, source, **options))

    def reload(self, glob="all", **options):
        return self.house.administration.perform(RELOAD_APPS, ReloadApps(glob, **options))

    def reloaded(self, glob="all", **options):
        return self.successResultOf(self.reload(glob, **options))

    def answer(self, path="/a"):
        return self.successResultOf(self.house.answer(path))

    def apps(self):
        return self.successResultOf(self.house.store.apps())


class CreationTests(HouseCase):
    def test_serves_what_was_created(self):
        """A new app and its twin answer at once, and it knows when it was made."""
        created = self.create()
        self.assertEqual(created.http_url, "http://localhost/a")
        self.assertEqual((self.answer("/a"), self.answer("/a_cl_stage")), ("one", "one"))
        self.assertEqual({app.create_time for app in self.apps()}, {NOW})
        self.assertEqual({app.metadata.name for app in self.apps()}, {"Named"})

    def test_tells_what_has_no_effect(self):
        """What cannot work in an app is told when it is created, and when it is reloaded."""
        self.put("one")
        self.assertEqual(self.create(path="/quiet").warnings, ())
        noisy = app_star(NONE).replace(b"permissions=[", b"settings={'other': 1}, permissions=[")
        self.house.sources.put_folder("/src", {"app.star": noisy})
        told = "app.star:5:1: settings other is not known"
        self.assertEqual(self.create().warnings, (told,))
        self.assertEqual(self.reloaded("/a").warnings, (f"/a: {told}",))

    def test_tells_what_has_no_effect_before_it_is_approved(self):
        """Who reads what an app asks for learns what of it can do nothing."""
        source = app_star(RUNS).replace(b'"exec.in", "run"', b'"exec.in", "rnu"')
        self.house.sources.put_folder("/src", {"app.star": source})
        self.create()
        approving = self.house.administration.perform(APPROVE_APPS, ApproveApps("/a"))
        (told,) = self.successResultOf(approving).warnings
        self.assertIn("/a: app.star:", told)
        self.assertIn("exec.in has no function rnu", told)

    def test_refuses_a_revision_of_a_folder(self):
        """A branch or commit of a folder is refused, unless it is what every client says."""
        self.create(git_branch="main")
        for said in ({"git_branch": "v2"}, {"git_commit": "abc"}):
            (asked,) = (f"{name.removeprefix('git_')} {value}" for name, value in said.items())
            told = f"/src is a folder, which has no {asked}; a git URL has"
            for options in ({}, {"is_dev": True}):
                failure = self.failureResultOf(
                    self.house.create("/b", "/src", **said, **options), BadRequest
                )
                self.assertEqual(failure.value.message, told)
            reload = {name.removeprefix("git_"): value for name, value in said.items()}
            self.assertIn(
                told, self.failureResultOf(self.reload("/a", **reload), BadRequest).value.message
            )

    def test_unapproved_app_says_what_is_missing(self):
        """An app that asks for something is installed, and does not run before approval."""
        self.put("one", RUNS)
        self.create()
        failure = self.failureResultOf(self.house.answer("/a"), AppBroken)
        self.assertIn("not permitted to load plugin exec.in", failure.getErrorMessage())

    def test_broken_source_leaves_nothing(self):
        """A source that does not load is refused with its place, and no app is there."""
        self.put("one", extra="x = 1 // 0\n")
        failure = self.failureResultOf(self.house.create("/a", "/src"), AppBroken)
        self.assertIn("app.star:1", failure.getErrorMessage())
        self.assertEqual(self.apps(), ())
        self.assertIsNone(self.house.installed.find("localhost", "/a"))

    def test_dry_run_serves_nothing(self):
        """After a dry run nothing is installed and nothing runs."""
        self.create(dry_run=True)
        self.assertEqual(self.apps(), ())
        self.assertIsNone(self.house.installed.find("localhost", "/a"))

    def test_refuses_what_this_server_does_not_do(self):
        """Fields of era 25 that would have no effect are refused, not ignored."""
        for field, value in {
            "container_args": {"a": "b"},
            "container_volumes": ["/x"],
            "app_authn": "saml_x",
        }.items():
            failure = self.failureResultOf(
                self.house.create("/a", "/src", **{field: value}), BadRequest
            )
            self.assertIn(value if field == "app_authn" else field, failure.getErrorMessage())
        self.create(container_args={}, spec="")

    def test_refuses_a_dev_app_from_git(self):
        """A dev app is a folder that somebody edits."""
        self.house.sources.put_commit(GIT, {"app.star": app_star(NONE)})
        self.failureResultOf(self.house.create("/a", GIT, is_dev=True), BadRequest)

    def test_race_for_an_address(self):
        """Of two creations at the same address one wins, however late the other asks."""
        self.create("/a/b")
        self.failureResultOf(self.house.create("/a", "/src"), AppExists)

    def test_passes_warnings_on(self):
        """What the source warns of is told by creations, and by reloads with the app."""
        fetch = self.house.sources.fetch

        async def warning(revision):
            return replace(await fetch(revision), warnings=("x is odd",))

        self.house.sources.fetch = warning
        self.assertEqual(self.create().warnings, ("x is odd",))
        self.assertEqual(self.reloaded().warnings, ("/a: x is odd",))

    def test_root_beside_others(self):
        """An app at the root answers for all paths that no other app has."""
        self.create("/t23")
        self.put("root", folder="/other")
        self.create("/", "/other")
        self.create("/late")
        self.assertEqual((self.answer("/t23"), self.answer("/late")), ("one", "one"))
        self.assertEqual((self.answer("/"), self.answer("/t2")), ("root", "root"))
        self.failureResultOf(self.house.create("/", "/src"), AppExists)
        self.successResultOf(
            self.house.administration.perform(DELETE_APPS, DeleteApps("/", dry_run=False))
        )
        self.assertIsNone(self.house.installed.find("localhost", "/t2"))
        self.assertEqual(self.answer("/t23"), "one")

    def test_a_dev_app_is_live(self):
        """What is saved in the folder of a dev app is served."""
        self.create(is_dev=True)
        self.assertEqual(self.answer(), "one")
        self.put("two")
        self.house.clock.advance(1)
        self.assertEqual(self.answer(), "two")


class ReloadTests(HouseCase):
    def test_staging_first(self):
        """A reload is served by staging; production follows with promotion."""
        self.create()
        self.put("two")
        self.reloaded()
        self.assertEqual((self.answer("/a"), self.answer("/a_cl_stage")), ("one", "two"))
        promoted = self.successResultOf(
            self.house.administration.perform(PROMOTE_APPS, PromoteApps("/a", dry_run=False))
        )
        self.assertEqual(promoted.promote_results, (AppPath("/a"),))
        self.assertEqual(self.answer("/a"), "two")

    def test_refuses_unapproved_load(self):
        """A reload that asks for more than was approved changes nothing that is served."""
        self.create()
        self.put("two", FETCH)
        failure = self.failureResultOf(self.reload(promote=True), NeedsApproval)
        self.assertEqual(
            failure.getErrorMessage(),
            "app /a needs approval. New:\n  plugin http.in\n  http.in.get []\n"
            "to approve it: clace app reload --approve --promote /a",
        )

    def test_lists_only_what_is_new(self):
        """Of what an app asks for, only what was not approved is in the refusal, each on a line."""
        self.house.sources.put_commit(GIT, {"app.star": app_star(RUNS, "one")}, branch="a b")
        self.create(source=GIT, git_branch="a b", approve=True)
        forged = Permission("fs.in", "list", ("x\n  fs.in.list [/harmless]",))
        more = app_star(Demands(("exec.in",), (*RUNS.permissions, forged)), "two")
        self.house.sources.put_commit(GIT, {"app.star": more}, branch="a b")
        options = {"branch": "a b", "force_reload": True}
        text = self.failureResultOf(self.reload(**options), NeedsApproval).getErrorMessage()
        self.assertEqual(
            text.splitlines(),
            [
                "app /a needs approval. New:",
                "  fs.in.list [x\\n  fs.in.list [/harmless]]",
                "to approve it: clace app reload --approve --force-reload '--branch=a b' /a",
            ],
        )
        self.assertEqual((self.answer("/a"), self.answer("/a_cl_stage")), ("one", "one"))

    def test_all_or_none(self):
        """One app of the glob that cannot be reloaded keeps all as they were."""
        self.create("/a")
        self.put("x", folder="/other")
        self.create("/b", "/other")
        self.put("two")
        self.put("broken", folder="/other", extra="x = [][1]\n")
        self.failureResultOf(self.reload(promote=True), AppBroken)
        self.assertEqual((self.answer("/a"), self.answer("/b")), ("one", "x"))
        self.assertEqual({app.version for app in self.apps()}, {1})

    def test_source_that_is_gone(self):
        """A source that cannot be fetched is refused and the app goes on."""
        self.house.sources.put_commit(GIT, {"app.star": app_star(NONE)}, branch="main")
        self.create("/g", GIT)
        self.failureResultOf(self.reload("/g", branch="gone"), SourceError)
        self.assertEqual(self.answer("/g"), "ok")

    def test_unchanged_commit_is_skipped(self):
        """A repository that did not move is not fetched, unless it is forced."""
        first = self.house.sources.put_commit(GIT, {"app.star": app_star(NONE, "1")})
        self.create("/g", GIT)
        self.assertEqual(self.reloaded("/g").skipped_results, (AppPath("/g_cl_stage"),))
        self.assertEqual(len(self.reloaded("/g", force_reload=True).reload_results), 1)
        self.house.sources.put_commit(GIT, {"app.star": app_star(NONE, "2")})
        self.assertEqual(len(self.reloaded("/g", promote=True).reload_results), 1)
        self.assertEqual(self.answer("/g"), "2")
        self.reloaded("/g", commit=first, promote=True)
        self.assertEqual(self.answer("/g"), "1")

    def test_skipped_is_not_promoted(self):
        """A reload with nothing new promotes nothing that waits, and says so: production may have
        gone back from it.
        """
        self.house.sources.put_commit(GIT, {"app.star": app_star(NONE, "1")})
        self.create("/g", GIT)
        self.house.sources.put_commit(GIT, {"app.star": app_star(NONE, "2")})
        self.reloaded("/g")
        done = self.reloaded("/g", promote=True)
        self.assertEqual((len(done.skipped_results), done.promote_results), (1, ()))
        told = "/g: nothing new; to promote what waits: clace app promote /g"
        self.assertEqual(done.warnings, (told,))
        self.successResultOf(self.house.administration.perform(PROMOTE_APPS, PromoteApps("/g")))
        self.assertEqual(self.reloaded("/g", promote=True).warnings, ())

    def test_pinned_commit_stays(self):
        """An app pinned to a commit has no branch, and stays there until it is given one."""
        first = self.house.sources.put_commit(GIT, {"app.star": app_star(NONE, "1")})
        self.house.sources.put_commit(GIT, {"app.star": app_star(NONE, "2")})
        self.create("/g", GIT, git_commit=first)
        self.assertEqual(self.answer("/g"), "1")
        self.assertEqual(len(self.reloaded("/g").skipped_results), 1)
        self.reloaded("/g", branch="main", promote=True)
        self.assertEqual(self.answer("/g"), "2")

    def test_changed_meanwhile(self):
        """An app that somebody changed while it was fetched is not overwritten."""
        self.create()
        staging = next(app for app in self.apps() if app.main_app)
        commit = self.house.store.commit

        async def late(changes, **options):
            renamed = replace(staging.metadata, name="Renamed")
            self.house.store.commit = commit
            await commit((PointApp(staging, renamed, staging.settings),))
            return await commit(changes, **options)

        self.house.clock.advance(1)
        self.house.store.commit = late
        self.failureResultOf(self.reload(), ChangedMeanwhile)
        self.assertEqual({app.version for app in self.apps()}, {1})

    def test_dev_app_is_reloaded_in_place(self):
        """A dev app has no versions; a reload approves what it asks for now."""
        self.create(is_dev=True)
        self.put("two", FETCH)
        self.house.clock.advance(1)
        self.failureResultOf(self.reload(), NeedsApproval)
        done = self.reloaded(approve=True)
        self.assertEqual(done.reload_results, (AppPath("/a"),))
        self.assertEqual(self.apps()[0].metadata.approved, FETCH)
        self.assertEqual(self.answer(), "two")


class ApprovalTests(HouseCase):
    def test_approval_lets_it_run(self):
        """Approved and promoted, the app that was refused serves."""
        self.put("one", RUNS)
        self.create()
        self.failureResultOf(self.house.answer("/a"), AppBroken, PluginRefused)
        self.successResultOf(
            self.house.administration.perform(APPROVE_APPS, ApproveApps("all", promote=True))
        )
        self.assertEqual(self.answer("/a"), "one")
        self.assertEqual([app.version for app in self.apps()], [2, 2])

    def test_promotion_waits_for_the_approval_of_plugins(self):
        """A staging version whose plugins are not approved does not load, so it is not promoted."""
        self.put("one", RUNS)
        self.create()
        perform = self.house.administration.perform
        link = LinkAccount("/a", plugin="exec.in", account="other")
        self.successResultOf(perform(LINK_ACCOUNT, link))
        refused = perform(PROMOTE_APPS, PromoteApps("/a"))
        failure = self.failureResultOf(refused, AppNotApproved)
        self.assertIn("app /a is not permitted to load plugin exec.in", failure.value.message)
        told = "\nto approve it: clace app approve --promote /a"
        self.assertTrue(failure.value.message.endswith(told), failure.value.message)
        self.assertEqual([app.version for app in self.apps()], [1, 2])

    def test_reordered_permissions_need_nothing(self):
        """The same demands in another order were approved already."""
        both = Demands(("exec.in", "fs.in"), (Permission("fs.in", "list"), *RUNS.permissions))
        self.put("one", both)
        self.create(approve=True)
        self.put("two", Demands(both.loads[::-1], both.permissions[::-1]))
        self.assertEqual(self.reloaded().approve_results, ())


LISTS = Demands(("fs.in",), (Permission("fs.in", "list"),))
CALLS = """
load("fs.in", "fs")

def handler(req):
    return str(fs.list().value)

app = ace.app("Calls", routes = [ace.api("/", type = ace.TEXT)], permissions = [PERMISSIONS])
"""
SLY = CALLS.replace(
    "PERMISSIONS", 'ace.permission("fs.in", "list")] if "LIST" in param.words else ['
)


class DroppedApprovalTests(HouseCase):
    """What an app stopped asking for is approved no longer, by whichever way it came there."""

    def put_calls(self, permissions):
        source = CALLS.replace("PERMISSIONS", permissions).encode()
        self.house.sources.put_folder("/src", {"app.star": source})

    def stored_as_by_older_servers(self):
        """The apps keep, of all versions, an approval that the running one does not ask for."""
        self.put_calls('ace.permission("fs.in", "list")')
        self.create(approve=True)
        self.put_calls("")
        self.reloaded(promote=True)
        for app in self.apps():
            stale = app.metadata.granting(LISTS)
            change = PointApp(app, stale, app.settings)
            self.successResultOf(self.house.store.commit((change,)))
        self.house.installed.replace(self.apps())
        for app in self.apps():
            self.house.runtime.renew(app)

    def test_old_database_does_not_serve_it(self):
        """A stored approval that the version does not ask for permits no call."""
        self.stored_as_by_older_servers()
        self.assertEqual({app.metadata.approved for app in self.apps()}, {LISTS})
        for path in ("/a", "/a_cl_stage"):
            failure = self.failureResultOf(self.house.answer(path), PluginRefused, AppFailed)
            self.assertIn("not permitted to call fs.in.list", failure.getErrorMessage())

    def test_old_database_does_not_pass_it_on(self):
        """A version that asks again needs approval, whatever an older server stored."""
        self.stored_as_by_older_servers()
        self.put_calls('ace.permission("fs.in", "list")')
        for options in ({}, {"promote": True}, {"dry_run": True}):
            self.failureResultOf(self.reload(**options), NeedsApproval)
        self.reloaded(approve=True, promote=True)
        self.assertEqual(self.answer(), "listed")

    def test_param_drops_and_does_not_return(self):
        """A param that makes an app ask for less takes the approval; another asks for it anew."""
        files = {"app.star": SLY.encode(), "params.star": b'param("words", default = "LIST")'}
        self.house.sources.put_folder("/src", files)
        self.create(approve=True)
        self.assertEqual(self.answer(), "listed")

        def param(value, **options):
            return self.house.administration.perform(
                UPDATE_PARAMS,
                UpdateParam("/a", param_name="words", param_value=value, **options),
            )

        self.successResultOf(param("none"))
        self.assertEqual([app.metadata.permissions for app in self.apps()][-1], ())
        self.failureResultOf(param("LIST", promote=True), NeedsApproval)
        self.successResultOf(param("LIST"))
        self.successResultOf(
            self.house.administration.perform(PROMOTE_APPS, PromoteApps("/a", dry_run=False))
        )
        self.failureResultOf(self.house.answer("/a"), PluginRefused, AppFailed)

    def test_linking_does_not_pass_it_on(self):
        """A linked account makes a version that has no more than the one before."""
        self.stored_as_by_older_servers()
        link = AccountLink("http.in", "work")
        done = self.house.administration.perform(
            LINK_ACCOUNT,
            LinkAccount("/a", plugin=link.plugin, account=link.account_name, promote=True),
        )
        self.successResultOf(done)
        self.failureResultOf(self.house.answer("/a"), PluginRefused, AppFailed)
        self.put_calls('ace.permission("fs.in", "list")')
        self.failureResultOf(self.reload(), NeedsApproval)

    def test_dev_app_loses_it_while_it_runs(self):
        """A dev app that is saved without a permission and then with it asks for approval."""
        self.put_calls('ace.permission("fs.in", "list")')
        self.create(approve=True, is_dev=True)
        self.assertEqual(self.answer(), "listed")
        self.put_calls("")
        self.house.clock.advance(1)
        self.failureResultOf(self.house.answer("/a"), PluginRefused, AppFailed)
        self.assertEqual(self.apps()[0].metadata.approved, Demands(("fs.in",)))
        events = self.house.audit.events
        (event,) = (event for event in events if event.operation == "drop_approvals")
        self.assertEqual(
            (event.target, event.app_id, event.detail),
            ("/a", self.apps()[0].id, "no longer approved: fs.in.list []"),
        )
        self.put_calls('ace.permission("fs.in", "list")')
        self.house.clock.advance(1)
        self.failureResultOf(self.house.answer("/a"), PluginRefused, AppFailed)
        self.failureResultOf(self.reload(), NeedsApproval)

    def test_dev_app_keeps_what_others_changed(self):
        """A dev app that loses an approval has the settings that were given to it meanwhile."""
        self.put_calls('ace.permission("fs.in", "list")')
        self.create(approve=True, is_dev=True)
        self.assertEqual(self.answer(), "listed")
        settings = SettingsChange(authn_type="none")
        done = self.house.administration.perform(
            UPDATE_SETTINGS, UpdateSettings("/a", body=settings, dry_run=False)
        )
        self.successResultOf(done)
        self.put_calls("")
        self.house.clock.advance(1)
        self.failureResultOf(self.house.answer("/a"), PluginRefused, AppFailed)
        (app,) = self.apps()
        self.assertEqual((app.settings.authn_type, app.metadata.permissions), ("none", ()))


class ShowingTests(HouseCase):
    def test_shows_the_last_failures(self):
        """The failures of an app and of its staging twin are told at the version that had them."""
        self.create()
        staging, production = sorted(self.apps(), key=lambda app: not app.main_app)
        fault = Fault(message="division by zero", place="app.star:3:5", route="/")
        for _ in range(2):
            self.house.failures.record(
                AppFailure(
                    time=NOW.timestamp(),
                    app_id=staging.id,
                    app=str(staging),
                    version=1,
                    fault=fault,
                    method="GET",
                    request_id="rid_1",
                )
            )
        shown = self.successResultOf(self.house.administration.perform(SHOW_APP, OneApp("/a")))
        of_production, of_staging = shown.versions
        self.assertEqual(of_production.id, production.id)
        self.assertEqual(of_production.failures, ())
        (failure,) = of_staging.failures
        self.assertEqual((failure.time, failure.count, failure.place), (NOW, 2, "app.star:3:5"))

    def test_shows_settings_of_its_own(self):
        """The limits are those that hold for the app, its own before the server's."""
        self.create(appconfig={"sandbox.memory_mb": "128"}, git_auth_name="ours", app_authn="none")
        shown = self.successResultOf(self.house.administration.perform(SHOW_APP, OneApp("/a")))
        self.assertEqual(
            (shown.settings.authn_type, shown.settings.git_auth_name), ("none", "ours")
        )
        self.assertEqual(shown.versions[0].limits["memory_mb"], 128)
        self.assertEqual(shown.versions[0].appconfig, {"sandbox.memory_mb": "128"})

    def test_old_approvals_are_not_shown(self):
        """An approval that a version does not ask for is none, whatever an older server stored."""
        self.create()
        for app in self.apps():
            change = PointApp(app, app.metadata.granting(RUNS), app.settings)
            self.successResultOf(self.house.store.commit((change,)))
        shown = self.successResultOf(self.house.administration.perform(SHOW_APP, OneApp("/a")))
        self.assertEqual({version.approved_loads for version in shown.versions}, {()})


class DeletionTests(HouseCase):
    def test_deleted_apps_are_gone(self):
        """A deleted app answers nothing, nor does its twin."""
        self.create("/a")
        self.create("/b")
        self.successResultOf(
            self.house.administration.perform(DELETE_APPS, DeleteApps("/a", dry_run=False))
        )
        for path in ("/a", "/a_cl_stage"):
            self.assertIsNone(self.house.installed.find("localhost", path))
        self.assertEqual(self.answer("/b"), "one")

    def test_address_is_free_again(self):
        """What was deleted can be created anew, with another source."""
        self.create()
        self.successResultOf(
            self.house.administration.perform(DELETE_APPS, DeleteApps("/a", dry_run=False))
        )
        self.put("new")
        self.create()
        self.assertEqual(self.answer(), "new")


class StopTests(HouseCase):
    def test_stop(self):
        """The server is asked to stop and says which process will end."""
        stopping = self.successResultOf(
            self.house.administration.perform(STOP_SERVER, StopServer(answer=True))
        )
        self.assertEqual((stopping.pid, self.house.stopped), (4711, [True]))

    def test_create_request_is_whole(self):
        """A request with defaults is what era 25 sends."""
        self.assertEqual(NewApp(path="/a", source_url="/b").app_authn, "default")


class ListedTests(SynchronousTestCase):
    def test_without_locks(self):
        """A list of apps does not carry the locks of their packages."""
        app = App("app_prd_1", "/a", metadata=AppMetadata(name="A", pins={"lock": "x" * 9}))
        listed = _listed(app, staged_changes=True)
        self.assertEqual((listed.metadata.name, listed.metadata.pins), ("A", {}))
        self.assertTrue(listed.staged_changes)
