"""Tests for ``clace.config.changes``."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.config import Location, changed_keys
from clace.config.loading import interpret


def config(**table):
    return interpret(table, Location(Path("/h")), {}, {})


class ChangedKeysTests(SynchronousTestCase):
    def test_names_what_differs(self):
        """Every key that has another value, in any kind of section, and nothing else."""
        before = config(
            http={"port": 1}, node_config={"a": 1, "b": 2}, git_auth={"x": {"user_id": "me"}}
        )
        after = config(
            http={"port": 2},
            https={"cert_location": "/c"},
            node_config={"a": 1, "b": 3},
            listen=[{"endpoint": "tcp:1"}],
            app_config={"cors": {"max_age": 5}},
            plugin={"http.in": {"allow_hosts": ["h"]}},
        )
        self.assertEqual(
            set(changed_keys(before, after)),
            {
                *("http.port", "https.cert_location", "node_config.b", "listen", "git_auth.x"),
                *("app_config.cors.max_age", 'plugin."http.in".allow_hosts'),
            },
        )
        self.assertEqual(changed_keys(before, before), ())
