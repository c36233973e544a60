"""What apps are told of the server."""

from datetime import UTC, datetime, timedelta

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest, PluginRefused
from clace.interfaces import AddApp, AddVersion, Caller
from clace.model.app import App, AppMetadata, AppSettings, Permission, VersionMetadata
from clace.plugins.builtin.app_rows import age, source_page
from clace.plugins.builtin.introspection import Introspection, IntrospectionSources
from clace.plugins.gate.gate import PluginGate
from clace.testing.apps import MemoryStore
from clace.testing.audit import MemoryAudit
from tests.support.apps import DictFiles
from tests.support.audit_contract import event
from tests.support.plugin_contract import app, call

NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
DAY = 24 * 3600 * 10**9
MIDNIGHT = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp()) * 10**9
FUNCTIONS = ("list_apps", "list_all_apps", "list_audit_events", "list_operations")


def an_app(app_id, path, name, auth="none", number=3, **more):
    version = VersionMetadata(number, git_branch="main", git_commit="abc", git_message="Fix")
    return App(
        app_id,
        path,
        create_time=NOW,
        update_time=NOW,
        settings=AppSettings(auth),
        metadata=AppMetadata(name, version),
        **more,
    )


APPS = (
    an_app("app_prd_1", "/disk", "Disk usage", source_url="/src/disk"),
    an_app("app_stg_1", "/disk_cl_stage", "Disk usage", main_app="app_prd_1"),
    an_app("app_prd_2", "/tools/issues", "Issues", "system", domain="example.com"),
    an_app("app_prd_3", "/", "Home", "default", domain="home.example"),
    an_app(
        "app_stg_3",
        "/_cl_stage",
        "Home",
        "default",
        number=4,
        main_app="app_prd_3",
        domain="home.example",
    ),
)


class IntrospectionTests(SynchronousTestCase):
    def setUp(self):
        clock = Clock()
        clock.advance(NOW.timestamp())
        store = MemoryStore(clock)
        for one in APPS:
            added = AddVersion(one.id, one.metadata, DictFiles({}))
            self.successResultOf(store.commit((AddApp(one), added)))
        self.audit = MemoryAudit()

        def may_use(its_app, caller):
            return its_app.settings.authn_type == "none" or caller.user_id == "admin"

        insight = IntrospectionSources(
            store,
            self.audit,
            may_use,
            lambda address: f"https://h{address.path}",
            lambda: NOW.timestamp() + 7500,
            "none",
            ("create_app", "POST"),
        )
        self.gate = PluginGate(Introspection(insight).plugins)

    def ask(self, function, *args, as_user="admin", plugin="clace.in", **kwargs):
        permissions = (Permission(plugin, name) for name in FUNCTIONS)
        its_app = app(*permissions, loads=(plugin,))
        scope = self.gate.begin(Caller(app=its_app, user_id=as_user))
        return scope.call(call(function, *args, plugin=plugin, **kwargs))

    def answer(self, *args, **kwargs):
        return self.successResultOf(self.ask(*args, **kwargs))

    def paths(self, *args, **kwargs):
        return [found["path"] for found in self.answer(*args, **kwargs).value]

    def test_reads(self):
        """All functions only read, under the names of both eras."""
        for manifest in self.gate.manifests():
            self.assertEqual(manifest.functions, dict.fromkeys(FUNCTIONS, True))

    def test_name_of_era_26(self):
        """Era 26 has another name for the plugin; a permission is for one of the names."""
        found = self.answer("list_apps", plugin="openrun.in")
        self.assertEqual(found, self.answer("list_apps"))
        scope = self.gate.begin(Caller(app=app(Permission("clace.in", "list_apps"))))
        self.failureResultOf(scope.call(call("list_apps", plugin="openrun.in")), PluginRefused)

    def test_app(self):
        """An app is told with its name, address, source and version."""
        self.assertEqual(
            self.answer("list_apps", "disk").value,
            [
                {
                    "name": "Disk usage",
                    "path": "/disk",
                    "url": "https://h/disk",
                    "id": "app_prd_1",
                    "is_dev": False,
                    "main_app": "",
                    "auth": "none",
                    "auth_uses_default": False,
                    "path_split": ["/disk"],
                    "path_split_glob": ["/disk"],
                    "is_stage": False,
                    "source": "/src/disk",
                    "source_url": "",
                    "star_base": "",
                    "spec": "",
                    "version": 3,
                    "version_mismatch": False,
                    "branch": "main",
                    "git_branch": "main",
                    "git_sha": "abc",
                    "git_message": "Fix",
                    "created_by": "admin",
                    "update_user": "admin",
                    "create_time": "2026-11-23T01:02:03Z",
                    "update_time": "2026-11-23T01:02:03Z",
                    "update_age": "2 hours",
                }
            ],
        )

    def test_parts_of_the_address(self):
        """Each part of an address comes with the pattern of the apps below it."""
        found = {row["id"]: row for row in self.answer("list_all_apps", "", "", True).value}
        issues = found["app_prd_2"]
        self.assertEqual(issues["path_split"], ["example.com", "/tools", "/issues"])
        self.assertEqual(
            issues["path_split_glob"],
            ["example.com:**", "example.com:/tools/**", "example.com:/tools/issues"],
        )
        self.assertEqual(found["app_stg_1"]["path_split"], ["/disk_cl_stage"])
        self.assertEqual(found["app_stg_1"]["path_split_glob"], ["/disk"])
        twin = found["app_stg_3"]
        self.assertEqual(twin["path_split"], ["home.example", "/_cl_stage"])
        self.assertEqual(twin["path_split_glob"], ["home.example:**", "home.example:/"])

    def test_staging(self):
        """Staging twins are told apart, and with their app while they serve something else."""
        found = {row["id"]: row for row in self.answer("list_all_apps", "", "", True).value}
        self.assertEqual(
            [one for one in found if found[one]["is_stage"]], ["app_stg_1", "app_stg_3"]
        )
        unlike = [one for one in found if found[one]["version_mismatch"]]
        self.assertEqual(sorted(unlike), ["app_prd_3", "app_stg_3"])

    def test_authentication_by_default(self):
        """An app that takes the server's default is told with what that is."""
        found = {row["id"]: row for row in self.answer("list_all_apps").value}
        told = [(found[one]["auth"], found[one]["auth_uses_default"]) for one in sorted(found)]
        self.assertEqual(told, [("none", False), ("system", False), ("none", True)])

    def test_page_of_the_source(self):
        """A source at GitHub has a page that shows it; others have none that is known."""
        for source, revision, page in (
            ("github.com/a/b/c/d", "main", "https://github.com/a/b/tree/main/c/d"),
            ("https://github.com/a/b.git", "v1", "https://github.com/a/b/tree/v1/"),
            ("git@github.com:a/b.git/c", "main", "https://github.com/a/b/tree/main/c"),
            ("github.com/a/b", "", ""),
            ("https://example.com/a/b", "main", ""),
            ("/src/github.com/a/b", "main", ""),
        ):
            self.assertEqual(source_page(source, revision), page)

    def test_age(self):
        """How long ago something was is told by the largest unit."""
        for seconds, told in (
            (-5, "0 seconds"),
            (1, "1 second"),
            (119, "1 minute"),
            (7200, "2 hours"),
            (90000, "1 day"),
        ):
            self.assertEqual(age(timedelta(seconds=seconds)), told)

    def test_finds(self):
        """Apps are found by a part of their name, address or source, and by a glob."""
        for arguments, paths in (
            ((), ["/disk", "example.com:/tools/issues", "home.example:/"]),
            (("DISK",), ["/disk"]),
            (("src",), ["/disk"]),
            (("tools",), ["example.com:/tools/issues"]),
            (("nothing",), []),
            (("", "/d*"), ["/disk"]),
            (("", "/disk", True), ["/disk", "/disk_cl_stage"]),
            (("issues", "", True), ["example.com:/tools/issues"]),
        ):
            self.assertEqual(self.paths("list_all_apps", *arguments), paths)
        self.failureResultOf(self.ask("list_apps", "", "a:b:c"), BadRequest)

    def test_access(self):
        """A user is told of the apps that are open to them, unless all are asked for."""
        self.assertEqual(self.paths("list_apps", as_user="ann"), ["/disk"])
        self.assertEqual(len(self.paths("list_apps")), 3)
        self.assertEqual(len(self.paths("list_all_apps", as_user="ann")), 3)

    def test_event(self):
        """An event is told with the app that it happened in, as far as there is one."""
        self.audit.record(event(app_id="app_prd_1", create_time=MIDNIGHT + 5, detail="d"))
        self.audit.record(event(app_id="app_prd_gone"))
        first, second = self.answer("list_audit_events").value
        self.assertEqual(
            first,
            {
                "rid": "rid_0",
                "app_id": "app_prd_1",
                "app_name": "Disk usage",
                "app_path": "/disk",
                "create_time_epoch": str(MIDNIGHT + 5),
                "create_time": "2026-11-23T00:00:00Z",
                "user_id": "admin",
                "event_type": "system",
                "operation": "reload_apps",
                "target": "/disk",
                "status": "Success",
                "detail": "d",
            },
        )
        self.assertEqual((second["app_name"], second["app_path"]), ("app_prd_gone", ""))

    def found(self, **wanted):
        return [found["rid"] for found in self.answer("list_audit_events", **wanted).value]

    def test_finds_events(self):
        """Events are found by what they say, by apps, and by days, both included."""
        for number, fields in enumerate(
            (
                {"app_id": "app_prd_1", "create_time": MIDNIGHT - 1},
                {"app_id": "app_prd_2", "create_time": MIDNIGHT, "user_id": "ann"},
                {"app_id": "app_stg_1", "create_time": MIDNIGHT + DAY - 1, "detail": "x yes"},
                {"app_id": "", "create_time": MIDNIGHT + DAY},
            )
        ):
            self.audit.record(event(number, **fields))
        for wanted, rids in (
            ({}, "3210"),
            ({"limit": 2}, "32"),
            ({"user_id": "ann"}, "1"),
            ({"detail": "% YES"}, "2"),
            ({"app_glob": "/disk*"}, "20"),
            ({"app_glob": "/nothing"}, ""),
            ({"start_date": "2026-11-23", "end_date": "2026-11-23"}, "21"),
            ({"end_date": "2026-11-22"}, "0"),
            ({"before_timestamp": str(MIDNIGHT)}, "0"),
            ({"before_timestamp": MIDNIGHT + 1, "end_date": "2026-11-23"}, "10"),
        ):
            self.assertEqual(self.found(**wanted), [f"rid_{rid}" for rid in rids], wanted)

    def test_refuses_what_is_no_time(self):
        """A date that is none, and a limit out of bounds, are told."""
        for wanted, told in (
            ({"start_date": "yesterday"}, "start_date is yesterday, expected YYYY-MM-DD"),
            ({"end_date": "9999-12-31"}, "end_date is 9999-12-31, expected YYYY-MM-DD"),
            ({"before_timestamp": "x"}, "before_timestamp is x, expected nanoseconds"),
            ({"before_timestamp": -1}, "before_timestamp is -1, expected nanoseconds"),
            ({"before_timestamp": 1 << 63}, f"before_timestamp is {1 << 63}, expected nanoseconds"),
        ):
            self.assertEqual(self.answer("list_audit_events", **wanted).error, told)
        self.failureResultOf(self.ask("list_audit_events", limit=0), BadRequest)

    def test_operations(self):
        """The operations that were recorded are told, and those that the server would record."""
        self.audit.record(event(event_type="custom", operation="deploy"))
        self.audit.record(event(operation="create_app"))
        self.assertEqual(self.answer("list_operations").value, ["create_app", "deploy", "POST"])
