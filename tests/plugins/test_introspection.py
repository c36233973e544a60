"""What apps are told of the server."""

from datetime import UTC, datetime

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.audit.memory import MemoryAudit
from clace.errors import BadRequest
from clace.interfaces import AddApp, AddVersion, Caller
from clace.metadata.memory import MemoryStore
from clace.model.app import App, AppMetadata, AppSettings, Permission, VersionMetadata
from clace.plugins.gate import Gate
from clace.plugins.introspection import Insight, Introspection
from tests.support.apps import DictFiles
from tests.support.audit_contract import event
from tests.support.plugin_contract import app, call

NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
DAY = 24 * 3600 * 10**9
MIDNIGHT = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp()) * 10**9
FUNCTIONS = ("list_apps", "list_all_apps", "list_audit_events", "list_operations")


def an_app(app_id, path, name, auth="none", **more):
    version = VersionMetadata(3, git_branch="main", git_commit="abc", git_message="Fix")
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

        def may_use(its_app, user_id):
            return its_app.settings.authn_type == "none" or user_id == "admin"

        insight = Insight(store, self.audit, may_use, lambda address: f"https://h{address.path}")
        self.gate = Gate([Introspection(insight).plugin])

    def ask(self, function, *args, as_user="admin", **kwargs):
        permissions = (Permission("clace.in", name) for name in FUNCTIONS)
        its_app = app(*permissions, loads=("clace.in",))
        scope = self.gate.begin(Caller(app=its_app, user_id=as_user))
        return scope.call(call(function, *args, plugin="clace.in", **kwargs))

    def answer(self, *args, **kwargs):
        return self.successResultOf(self.ask(*args, **kwargs))

    def paths(self, *args, **kwargs):
        return [found["path"] for found in self.answer(*args, **kwargs).value]

    def test_reads(self):
        """All functions only read."""
        (manifest,) = self.gate.manifests()
        self.assertEqual(manifest.functions, dict.fromkeys(FUNCTIONS, True))

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
                    "source_url": "/src/disk",
                    "version": 3,
                    "branch": "main",
                    "git_sha": "abc",
                    "git_message": "Fix",
                    "create_time": "2026-11-23T01:02:03Z",
                    "update_time": "2026-11-23T01:02:03Z",
                }
            ],
        )

    def test_finds(self):
        """Apps are found by a part of their name, address or source, and by a glob."""
        for arguments, paths in (
            ((), ["/disk", "example.com:/tools/issues"]),
            (("DISK",), ["/disk"]),
            (("src",), ["/disk"]),
            (("tools",), ["example.com:/tools/issues"]),
            (("nothing",), []),
            (("", "/*"), ["/disk"]),
            (("", "", True), ["/disk", "example.com:/tools/issues", "/disk_cl_stage"]),
        ):
            self.assertEqual(self.paths("list_all_apps", *arguments), paths)
        self.failureResultOf(self.ask("list_apps", "", "a:b:c"), BadRequest)

    def test_access(self):
        """A user is told of the apps that are open to them, unless all are asked for."""
        self.assertEqual(self.paths("list_apps", as_user="ann"), ["/disk"])
        self.assertEqual(len(self.paths("list_apps")), 2)
        self.assertEqual(len(self.paths("list_all_apps", as_user="ann")), 2)

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
        self.assertEqual((second["app_name"], second["app_path"]), ("", ""))

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
        """The operations that apps recorded are told."""
        self.audit.record(event(event_type="custom", operation="deploy"))
        self.assertEqual(self.answer("list_operations").value, ["deploy"])
