"""Programs of apps as ``container.in`` and ``process.in`` declare them."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import PluginRefused
from clace.interfaces import Caller
from clace.model.app import Permission
from clace.model.workloads import WorkloadConfig
from clace.plugins.builtin.container import CONTAINER, PROCESS
from clace.plugins.gate.gate import PluginGate
from tests.support.hosted import star
from tests.support.plugin_contract import app, call

NEEDS = 'process.config(port = 80, network = ["db:5432"])'


class ContainerTests(SynchronousTestCase):
    def called(self, plugin, function, *args, allowed=(), **kwargs):
        its_app = app(Permission(plugin, function, allowed), loads=(plugin,))
        scope = PluginGate([CONTAINER, PROCESS]).begin(Caller(app=its_app))
        return scope.call(call(function, *args, plugin=plugin, **kwargs))

    def config(self, plugin, *args, **kwargs):
        return self.successResultOf(self.called(plugin, "config", *args, **kwargs))

    def test_container(self):
        """A container is what its app says, with the defaults of the era."""
        config = self.config("container.in", "image:nginx", 80, volumes=["/x"]).value
        self.assertEqual(
            (config["src"], config["port"], config["volumes"], config["health"]),
            ("image:nginx", 80, ("/x",), ""),
        )
        self.assertEqual(self.config("container.in", health="/up").value["health"], "/up")
        self.assertEqual(self.config("container.in").value["kind"], "container")

    def test_process(self):
        """A process has the needs that its app declares."""
        config = self.config("process.in", "python-flask", network=["db:5432"], data="/data").value
        self.assertEqual((config["kind"], config["spec"]), ("process", "python-flask"))
        self.assertEqual(config["needs"]["network"], ("db:5432",))
        self.assertEqual(config["needs"]["data"], "/data")

    def test_wrong(self):
        """A value that means nothing is an error of the call."""
        for plugin, given, told in (
            ("container.in", {"scheme": "ftp"}, "scheme is http or https"),
            ("container.in", {"lifetime": "day"}, "is not a valid Lifetime"),
            ("container.in", {"health": "up"}, "health is a path that begins with /"),
            ("process.in", {"replace": "both"}, 'replace is "overlap" or left out'),
        ):
            self.assertIn(told, self.config(plugin, **given).error)

    def test_needs(self):
        """A need is a call of its own, which is let through as far as it was approved."""
        allowed = {"allowed": ("db:5432",)}
        answer = self.successResultOf(self.called("process.in", "network", "db:5432", **allowed))
        self.assertTrue(answer.value)
        refused = self.called("process.in", "network", "db:22", **allowed)
        self.assertIn("db:22", self.failureResultOf(refused, PluginRefused).value.message)

    def test_constants(self):
        """Apps have the words of the era for sources, lifetimes and the program's own URL."""
        said = {"URL": "<CONTAINER_URL>", "AUTO": "auto", "NIXPACKS": "nixpacks"}
        others = {"IMAGE_PREFIX": "image:", "COMMAND": "command"}
        self.assertEqual(CONTAINER.manifest.constants, {**said, **others})
        self.assertEqual(WorkloadConfig().src, "auto")

    def test_declared(self):
        """The call is declared by ``ace.app``, and made by the server when the app is loaded."""
        text = f'load("process.in", "process")\napp = ace.app("A", container = {NEEDS})\n'
        loaded = star(text, plugins=(PROCESS.manifest,), loads=("process.in",)).loaded
        self.assertEqual(
            loaded.options["container"],
            {
                "plugin": "process.in",
                "function": "config",
                "args": (),
                "kwargs": {"port": 80, "network": ["db:5432"]},
            },
        )
