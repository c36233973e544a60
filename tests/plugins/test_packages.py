"""Plugins of installed packages."""

import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ConfigError
from clace.interfaces import Caller
from clace.model.app import Permission
from clace.plugins.gate.gate import PluginGate
from clace.plugins.packages import package_plugins
from tests.support.plugin_contract import app, call
from tests.support.plugin_packages import install, install_example

HEAD = """
from msgspec import Struct
from clace.plugins.kit.definition import Function, Plugin
from clace.plugins.packages import Configurable

class Given(Struct):
    pass

async def do(invocation, given):
    pass
"""


class PackageTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        sys.path.insert(0, str(self.folder))
        self.addCleanup(sys.path.remove, str(self.folder))
        before = set(sys.modules)
        self.addCleanup(lambda: [sys.modules.pop(name) for name in set(sys.modules) - before])

    def plugins(self, *enabled, taken=("http.in",), **settings):
        return list(package_plugins(enabled, settings.items(), taken))

    def refusal(self, *enabled, **settings):
        with self.assertRaises(ConfigError) as caught:
            self.plugins(*enabled, **settings)
        return caught.exception.message

    def said(self, plugins, *args, load="greet.in", **kwargs):
        its_app = app(Permission(load, "greet"), loads=(load,), path="/disk")
        scope = PluginGate(plugins).begin(Caller(app=its_app))
        return self.successResultOf(scope.call(call("greet", *args, plugin=load, **kwargs)))

    def test_example(self):
        """The example of the documentation is a plugin, with its settings and accounts."""
        install_example(self.folder)
        sections = {"greet.in": {"greeting": "Hi"}, "greet.in#work": {}, "other.in": {}}
        plugins = self.plugins("greet.in", **sections)
        self.assertEqual([plugin.name for plugin in plugins], ["greet.in", "greet.in#work"])
        self.assertEqual(plugins[0].manifest.functions, {"greet": True})
        self.assertEqual(self.said(plugins, "Ann").value, "Hi, Ann, from /disk")
        work = self.said(plugins, "Ann", load="greet.in#work", loud=True)
        self.assertEqual(work.value, "HELLO, ANN, FROM /DISK")
        self.assertEqual(self.said(plugins, "").error, "nobody to greet")

    def test_not_enabled(self):
        """A package whose plugin is not enabled is not imported."""
        install(self.folder, "clace_loud", "raise SystemExit", {"loud.in": "clace_loud:plugin"})
        self.assertEqual(self.plugins(), [])

    def test_not_there(self):
        """A plugin that nobody has, or two have, or that is the server's own, cannot be enabled."""
        for name in ("clace_one", "clace_two"):
            install(self.folder, name, HEAD, {"twice.in": f"{name}:plugin"})
        for name, told in (
            ("none.in", "no installed package has a plugin none.in"),
            ("twice.in", "several packages have a plugin twice.in: clace_one, clace_two"),
            ("http.in", "there is a plugin http.in already"),
        ):
            self.assertEqual(self.refusal(name), f"[plugins] enabled: {told}")
        install_example(self.folder)
        self.assertIn("already", self.refusal("greet.in", "greet.in"))

    def test_settings(self):
        """Settings that a plugin does not take are named with their place."""
        install_example(self.folder)
        for section, told in (
            ({"greting": "Hi"}, "greting: no such key"),
            ({"greeting": 3}, "greeting: expected a string, got an int"),
        ):
            for name in ("greet.in", "greet.in#work"):
                self.assertIn(
                    f'[plugin."{name}"] {told}',
                    self.refusal("greet.in", **{name: section}),
                )

    def test_broken(self):
        """What is no plugin stops the start, whatever is wrong with it."""
        for number, (code, told) in enumerate(
            (
                ("plugin = 1 // 0", "ZeroDivisionError"),
                ("raise SystemExit(3)", "SystemExit"),
                ("", "AttributeError"),
                ("plugin = 3", "no Plugin and no Configurable"),
                ("plugin = Plugin('other.in', {})", "no plugin of the name wrong.in"),
                ("plugin = Plugin('wrong.in', {'a b': Function(Given, do, is_read=True)})", "a b"),
                ("plugin = Plugin('wrong.in', {'do': do})", "do is no function"),
                (
                    "plugin = Plugin('wrong.in', {'do': Function(dict, do, is_read=True)})",
                    "the parameters of do are no struct",
                ),
                ("plugin = Plugin('wrong.in', {}, {'X': []})", "X is no constant"),
                ("plugin = Configurable(Given, lambda given: 1 // 0)", "division"),
                ("plugin = Configurable(Given, lambda given: 3)", "no plugin of the name"),
            )
        ):
            install(
                self.folder, f"wrong{number}", HEAD + code, {"wrong.in": f"wrong{number}:plugin"}
            )
            self.assertIn(told, self.refusal("wrong.in"), code)
            (self.folder / f"wrong{number}-1.0.dist-info" / "entry_points.txt").unlink()

    def test_plain(self):
        """A plugin without settings takes none."""
        code = HEAD + "plugin = Plugin('plain.in', {'do': Function(Given, do, is_read=False)})"
        install(self.folder, "clace_plain", code, {"plain.in": "clace_plain:plugin"})
        (plugin,) = self.plugins("plain.in")
        self.assertEqual(plugin.manifest.functions, {"do": False})
        self.assertEqual(
            self.refusal("plain.in", **{"plain.in": {"a": 1}}), '[plugin."plain.in"] a: no such key'
        )
