"""Tests for ``clace.config.listeners``: where the admin API may not be served."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.config import Location
from clace.config.loading import interpret
from clace.errors import ConfigError

REFUSED = (
    ("tcp:25224", "must be unix:PATH:mode=600, unless security.admin_over_tcp is set"),
    ("clace-tls:/certs:tcp:25224", "must be unix:PATH:mode=600"),
    ("unix:/run/clace.sock", "needs mode=600; without a mode everybody could open it"),
    ("unix:/run/clace.sock:mode=660", "mode=660 opens the admin socket to others"),
    ("haproxy:unix:/run/clace.sock:mode=600", "must be unix:PATH:mode=600"),
)


class AdminListenerTests(SynchronousTestCase):
    def load(self, endpoint, security=None, serve="admin"):
        table = {"security": security or {}, "listen": [{"endpoint": endpoint, "serve": serve}]}
        return interpret(table, Location(Path("/h"), Path("/h/clace.toml")), {}, {})

    def test_refuses(self):
        """What the start would refuse is a problem of the file, at its place."""
        for endpoint, reason in REFUSED:
            error = self.assertRaises(ConfigError, self.load, endpoint)
            self.assertIn("[[listen]] #1 endpoint: ", error.message)
            self.assertIn(reason, error.message)

    def test_takes(self):
        """A socket for its owner alone, TCP where it is allowed, and any endpoint for apps."""
        self.load("unix:/run/clace.sock:mode=600")
        self.load("tcp:25224", {"admin_over_tcp": True})
        for endpoint, _ in REFUSED:
            if endpoint.startswith("unix:"):
                self.load(endpoint, serve="apps")

    def test_tcp_opens_no_socket(self):
        """With the admin API over TCP a UNIX socket is still for its owner alone."""
        allowed = {"admin_over_tcp": True}
        error = self.assertRaises(ConfigError, self.load, "unix:/run/clace.sock", allowed)
        self.assertIn("needs mode=600", error.message)
