"""The settings that lie beside an app."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.host.app import HostedApp
from clace.host.faults import AppFault
from clace.wire import LoadApp
from tests.support.hosted import body, hosted

STAR = """
def version(req): return req.HtmxVersion
app = ace.app("A", custom_layout = True, settings = %s,
    routes = [ace.html("/", "page.html"), ace.api("/version", version)])
"""
LOCK = '{"routing": {"template_locations": ["*.html"]}, "htmx": {"version": "1.9.2"}}'


class LockTests(SynchronousTestCase):
    def app(self, settings="{}", lock=LOCK):
        return hosted({"app.star": STAR % settings, "page.html": "page", "config_gen.lock": lock})

    def test_settings(self):
        """Settings that were locked hold, those of the app itself before them."""
        app = self.app()
        self.assertEqual((body(app), body(app, "/version")), ("page", '"1.9.2"\n'))
        own = self.app("{'htmx': {'version': '2.0.3'}}")
        self.assertEqual((body(own), body(own, "/version")), ("page", '"2.0.3"\n'))
        self.assertEqual(app.loaded.options["warnings"], ())

    def test_malformed(self):
        """A lock that is no JSON, or none of settings, is refused with its place."""
        for lock in ("{", "[1]", '{"routing": 1}', "[" * 5000):
            fault = self.assertRaises(AppFault, self.app, lock=lock)
            self.assertIn("config_gen.lock:1:1: no settings as JSON", fault.located())

    @given(st.binary(max_size=100))
    def test_any_bytes(self, lock):
        """Whatever lies there, the app loads or is refused."""
        sources = {"app.star": (STAR % "{}").encode(), "page.html": b"", "config_gen.lock": lock}
        try:
            HostedApp(LoadApp(sources=sources), lambda _text: None)
        except AppFault as fault:
            self.assertIn(fault.place.file, {"config_gen.lock", "app.star"})
