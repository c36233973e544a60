"""Programs of apps as the runtime declares them: approved need by need, with their variables."""

from pathlib import Path

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppBroken, AppNotApproved, BadRequest
from clace.model.app import Permission
from clace.plugins.builtin.container import PROCESS
from clace.plugins.builtin.proxy import PROXY
from clace.plugins.gate.gate import PluginGate
from clace.testing.runtime import MemoryRuntime
from tests.plugins.test_container import CONTAINER
from tests.support.apps import DictFiles, an_app
from tests.support.plugins import MemoryAudit
from tests.support.workloads import MemoryEngine, make_workloads

PROXIED = Permission("proxy.in", "config", ("<CONTAINER_URL>",))
CONFIG = Permission("process.in", "config")


def source(config, more="", plugin="process"):
    """An app with this call in it."""
    return {
        "app.star": f"""
load("{plugin}.in", "{plugin}")
load("proxy.in", "proxy")

app = ace.app("Program",
    container = {plugin}.config({config}),
    routes = [ace.proxy("/", proxy.config({plugin}.URL{more}))],
    permissions = [ace.permission("{plugin}.in", "config"), ace.permission("proxy.in", "config")])
""",
        "params.star": 'param("GREETING", default = "hi")\nparam("KEY", default = "")',
    }


class Vault:
    """Secrets by their names."""

    default_provider = "env"

    async def values(self, references):
        return {each: f"value of {each.keys[0]}" for each in references}


class ProgramsCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.engine = MemoryEngine(self.clock, at_once=True)
        self.workloads = make_workloads(self.clock, self.engine, Path(self.mktemp()))
        gate = PluginGate([PROXY, PROCESS, CONTAINER], secrets=Vault())
        self.runtime = MemoryRuntime(self.clock, gate, MemoryAudit(), self.files_for)
        self.runtime.run_programs(self.workloads)

    async def files_for(self, _app):
        return self.files

    def app(self, config, *approved, more="", plugin="process", path="/test", **metadata):
        self.files = DictFiles(source(config, more, plugin))
        config_call = Permission(f"{plugin}.in", "config")
        permissions = (Permission("proxy.in", "config"), config_call, *approved)
        app = an_app(
            path, loads=("proxy.in", f"{plugin}.in", "process.in"), permissions=permissions
        )
        return replace(app, metadata=replace(app.metadata, **metadata))

    def load(self, app):
        return Deferred.fromCoroutine(self.runtime.load(app, self.files))

    def order(self, app):
        self.successResultOf(self.load(app)).discard()
        return self.engine.prepared[-1]

    def audited(self, app):
        return self.successResultOf(Deferred.fromCoroutine(self.runtime.audit(app, self.files)))


class NeedTests(ProgramsCase):
    def test_demanded(self):
        """An audit lists each need as a permission, those of the operator's options among them."""
        config = 'network = ["db:5432"], data = "/data", memory_mb = 1024, builds = True'
        app = self.app(config, container_options={"network": "api:443,db:5432", "memory": "2g"})
        demands = self.audited(app).demands
        needs = [(one.method, one.arguments) for one in demands.permissions[2:]]
        expected = [
            ("network", ("db:5432",)),
            ("network", ("api:443",)),
            ("data", ("/data",)),
            ("memory", ("2048",)),
            ("builds", ()),
        ]
        self.assertEqual(needs, expected)

    def test_nothing_needed(self):
        """A program that needs nothing has no more to be approved; usual memory needs nothing."""
        self.assertEqual(len(self.audited(self.app("memory_mb = 512")).demands.permissions), 2)

    def test_approved(self):
        """With all of its needs approved a program is started when the app is loaded."""
        needs = (
            Permission("process.in", "network", ("db:5432",)),
            Permission("process.in", "memory", ("1024",)),
            Permission("process.in", "builds"),
        )
        config = 'network = ["db:5432"], memory_mb = 1024, builds = True'
        order = self.order(self.app(config, *needs))
        self.assertEqual(order.config.needs.memory_mb, 1024)
        self.assertEqual(len(self.engine.started), 1)

    def test_not_approved(self):
        """A need that is not covered keeps the app from loading, and is named."""
        for config, options in (
            ('network = ["db:5432"]', {}),
            ("", {"network": "db:5432"}),
            ('data = "/data"', {}),
            ("memory_mb = 4096", {}),
            ("builds = True", {}),
            ('secrets = ["KEY"]', {}),
        ):
            app = self.app(config, container_options=options)
            refused = self.failureResultOf(self.load(app), AppNotApproved)
            self.assertIn("process.in.", refused.value.message)
        self.assertEqual(self.engine.started, [])

    def test_patterns(self):
        """What was approved may be a pattern, as for any call."""
        any_host = Permission("process.in", "network", ("regex:.*:5432",))
        self.order(self.app('network = ["db:5432"]', any_host))
        app = self.app('network = ["db:22"]', any_host)
        self.failureResultOf(self.load(app), AppNotApproved)

    def test_wrong(self):
        """A declaration that makes no sense is refused with the reason."""
        for config, told in (
            ("prt = 80", "unexpected keyword argument prt"),
            ('port = "80"', "process.in.config: port: expected an int, got a string"),
            (
                "port = 99999",
                "in.config: port: expected an int of at most 65535, got 99999",
            ),
            ("port = -1", "process.in.config: port: expected an int of at least 0, got -1"),
            ('health = "up"', "health is a path"),
        ):
            app = self.app(config)
            audit = Deferred.fromCoroutine(self.runtime.audit(app, self.files))
            self.assertIn(told, self.failureResultOf(audit, AppBroken).value.message)

    def test_wrong_options(self):
        """So is an option that is unknown or cannot be used, with the nearest that is known."""
        for options, told in (
            ({"netwrk": "a:1"}, "did you mean network?"),
            ({"memory": "much"}, "expected a size such as 512m or 2g"),
            ({"memory": "0"}, "expected a size such as 512m or 2g"),
            ({"memory": "\N{ARABIC-INDIC DIGIT THREE}g"}, "expected a size such as 512m or 2g"),
            ({"cpus": "\N{ARABIC-INDIC DIGIT THREE}"}, "expected a number such as 1 or 0.5"),
            ({"network": "db"}, "expected HOST:PORT"),
            ({"data": "data"}, "expected the absolute path"),
            ({"cpus": "0"}, "expected a number"),
            ({"builds": "perhaps"}, "expected true or false"),
            ({"workers": "none"}, "expected a number from 1"),
        ):
            app = self.app("", container_options=options)
            audit = Deferred.fromCoroutine(self.runtime.audit(app, self.files))
            self.assertIn(told, self.failureResultOf(audit, BadRequest).value.message)

    def test_container_runs_unchanged(self):
        """An app for a container asks for no more than it did."""
        app = self.app('src = "auto", port = 8000', plugin="container")
        methods = {one.method for one in self.audited(app).demands.permissions}
        self.assertEqual(methods, {"config"})
        self.assertEqual(self.order(app).config.port, 8000)

    def test_not_a_program(self):
        """Another call in its place is refused."""
        files = source("").copy()
        files["app.star"] = files["app.star"].replace(
            "process.config()", 'proxy.config("http://a")'
        )
        app = self.app("")
        self.files = DictFiles(files)
        audit = Deferred.fromCoroutine(self.runtime.audit(app, self.files))
        told = self.failureResultOf(audit, AppBroken).value.message
        self.assertIn("proxy.in.config does not declare a program", told)


class VariableTests(ProgramsCase):
    def test_params(self):
        """Params are variables, with the operator's values, and others that were never declared."""
        config = 'environment = {"MODE": "fast"}'
        values = {"GREETING": "hello", "OTHER": "1", "secrets": "[]"}
        order = self.order(self.app(config, param_values=values))
        self.assertEqual(
            order.environment,
            {
                "GREETING": "hello",
                "KEY": "",
                "OTHER": "1",
                "MODE": "fast",
                "CL_APP_ID": "app_prd_1",
                "CL_APP_PATH": "/test",
                "CL_APP_URL": "",
                "CL_IDENTITY_KEYS": "/run/clace-keys/keys.json",
            },
        )
        root = self.order(self.app("", path="/"))
        self.assertEqual(root.environment["CL_APP_PATH"], "")

    def test_secrets_of_config(self):
        """A secret in a param is filled in as far as the permission for ``config`` allows."""
        values = {"KEY": '{{secret "db"}}'}
        refused = self.failureResultOf(self.load(self.app("", param_values=values)), AppNotApproved)
        self.assertIn("does not have access to any secrets", refused.value.message)
        allowed = Permission("process.in", "config", secrets=(("db",),))
        app = self.app("", param_values=values)
        permissions = (PROXIED, allowed)
        app = replace(app, metadata=replace(app.metadata, permissions=permissions))
        order = self.order(app)
        self.assertEqual(order.environment["KEY"], "value of db")
        self.assertEqual(order.redact("it is value of db."), 'it is {{secret "db"}}.')

    def test_secrets_of_variables(self):
        """A variable that is declared to have secrets is approved with those that it names."""
        need = Permission("process.in", "secret", ("KEY",), secrets=(("db",),))
        values = {"KEY": 'postgres://u:{{secret "db"}}@db'}
        app = self.app('secrets = ["KEY"]', need, param_values=values)
        self.assertIn(need, self.audited(app).demands.permissions)
        order = self.order(app)
        self.assertEqual(order.environment["KEY"], "postgres://u:value of db@db")
        self.assertIn("secret", order.redact("value of db"))

    def test_other_secrets(self):
        """Another secret in the same variable, by the operator or by the app, is approved anew."""
        need = Permission("process.in", "secret", ("KEY",), secrets=(("db",),))
        declared = 'secrets = ["KEY"], environment = {"KEY": "{{secret `other`}}"}'
        others = ("{{secret `other`}}", "{{secret_from `db` `db`}}", "{{secret `db` `db`}}")
        for config, value in (
            *(('secrets = ["KEY"]', other) for other in others),
            (declared, "{{secret `db`}}"),
        ):
            app = self.app(config, need, param_values={"KEY": value})
            self.assertTrue(self.audited(app).demands.missing_from(app.metadata.approved))
            refused = self.failureResultOf(self.load(app), AppNotApproved)
            self.assertIn("does not have access to secret", refused.value.message)
        self.assertEqual(self.engine.started, [])

    def test_patterns_in_names(self):
        """The name of a secret is no pattern of names, whatever it looks like."""
        values = {"KEY": "{{secret_from `db` `regex:.*`}} {{secret `from:db`}}"}
        wanted = self.audited(self.app('secrets = ["KEY"]', param_values=values)).demands
        need = wanted.permissions[-1]
        self.assertEqual(need.secrets, (("from:db", r"regex:regex:\.\*"), ("regex:from:db",)))
        self.order(self.app('secrets = ["KEY"]', need, param_values=values))
        values = {"KEY": "{{secret_from `db` `any`}}"}
        app = self.app('secrets = ["KEY"]', need, param_values=values)
        self.failureResultOf(self.load(app), AppNotApproved)


class PrefixTests(ProgramsCase):
    def test_prefix(self):
        """A program that gets paths as they came is asked below the app's own path."""
        self.assertEqual(self.order(self.app("")).prefix, "")
        self.assertEqual(self.order(self.app("", more=", strip_app = False")).prefix, "/test")
        self.assertEqual(self.engine.started[-1].asked, [b"GET /test/ HTTP/1.1"])
        at_root = self.app("", more=", strip_app = False", path="/")
        self.assertEqual(self.order(at_root).prefix, "")
