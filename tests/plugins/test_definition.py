"""How plugins are declared."""

from twisted.trial.unittest import SynchronousTestCase

from clace.model.app import PluginManifest
from clace.plugins.kit.definition import Plugin
from tests.support.plugin_contract import EchoPlugin


class PluginTests(SynchronousTestCase):
    def test_manifest(self):
        """A manifest says which functions only read, and holds the constants."""
        functions = {"echo": True, "say": False, "fail": True, "count": True}
        self.assertEqual(
            EchoPlugin().plugin.manifest, PluginManifest("echo.in", functions, {"ANSWER": 42})
        )

    def test_empty(self):
        """A plugin may have nothing at all."""
        self.assertEqual(Plugin("x.in", {}).manifest, PluginManifest("x.in"))
