"""What a proxied route is configured with."""

from twisted.trial.unittest import SynchronousTestCase

from clace.interfaces import Caller
from clace.model.app import Permission
from clace.plugins.builtin.proxy import PROXY
from clace.plugins.gate.gate import PluginGate
from tests.support.plugin_contract import app, call


class ProxyTests(SynchronousTestCase):
    def config(self, *args, **kwargs):
        its_app = app(Permission("proxy.in", "config"), loads=("proxy.in",))
        scope = PluginGate([PROXY]).begin(Caller(app=its_app))
        return self.successResultOf(scope.call(call("config", *args, plugin="proxy.in", **kwargs)))

    def test_config(self):
        """An app gets what it says, with the defaults, as a struct."""
        answer = self.config("http://127.0.0.1:8000", "/api", response_headers={"A": "b"})
        self.assertEqual(
            (answer.value, answer.shape),
            (
                {
                    "url": "http://127.0.0.1:8000",
                    "strip_path": "/api",
                    "preserve_host": False,
                    "strip_app": True,
                    "response_headers": {"A": "b"},
                },
                "struct",
            ),
        )
        self.assertEqual(self.config("<CONTAINER_URL>/x").error, "")

    def test_wrong_url(self):
        """What no proxy can ask is refused."""
        for url in ("", "ftp://a", "localhost:80"):
            self.assertIn("expected http:// or https://", self.config(url).error)

    def test_headers(self):
        """Headers that would speak for the server, or are none, are refused."""
        for name in ("Set-Cookie", "Content-Length", "X-Accel-Redirect", "Clear-Site-Data"):
            answer = self.config("http://a", response_headers={name: "x"})
            self.assertIn("is not for an app to set", answer.error)
        for name, value in (("A b", "x"), ("A", "x\r\nB: y"), ("", "x")):
            answer = self.config("http://a", response_headers={name: value})
            self.assertIn("is malformed", answer.error)
        self.assertEqual(self.config("http://a", response_headers={"A": 5}).error, "")

    def test_reads(self):
        """It changes nothing."""
        self.assertEqual(PROXY.manifest.functions, {"config": True})
