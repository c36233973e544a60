from pathlib import Path

import bcrypt
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.config import rules
from clace.config.names import Names

NAMES = Names(Path("/h"), {"HOME": "/u", "TMPDIR": "/t"})


class RuleTests(SynchronousTestCase):
    def takes(self, rule, value, expected):
        self.assertEqual(rule.parse(value, NAMES), expected)

    def refuses(self, rule, *values):
        for value in values:
            self.assertRaises(ValueError, rule.parse, value, NAMES)

    def test_bcrypt(self):
        """A hash that bcrypt makes is taken, and nothing that bcrypt cannot check."""
        made = bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode()
        self.takes(rules.bcrypt_hash(), made, made)
        self.takes(rules.bcrypt_hash(), "", "")
        self.refuses(
            rules.bcrypt_hash(),
            made[:-1],
            made + "a",
            made + "\n",
            made.replace("$04$", "$03$"),
            made.replace("$04$", "$32$"),
            3,
        )

    def test_network(self):
        """Addresses and networks are taken as written."""
        for written in ("10.0.0.1", "10.0.0.1/8", "::1", "fd00::/8"):
            self.takes(rules.proxy(), written, written)
        self.refuses(rules.proxy(), "localhost", "10.0.0.0/33", "unix", "unix:/run/x", "", 1)

    def test_paths(self):
        """A relative path starts at home; names are expanded; the result is tidy."""
        self.takes(rules.path(), "a/../b", Path("/h/b"))
        self.takes(rules.path(), "$HOME/x", Path("/u/x"))
        self.takes(rules.path(), "$TEMPDIR", Path("/t"))
        self.takes(rules.optional_path(), "", None)
        self.refuses(rules.path(), "", "a\x00", 1)

    def test_server_uri(self):
        """A socket's path is made absolute, an URL loses its last slash."""
        self.takes(rules.server_uri(), "run/x.sock", "/h/run/x.sock")
        self.takes(rules.server_uri(), "https://h:1/", "https://h:1")

    def test_database(self):
        """SQLite files are made absolute; nothing else is a database here."""
        self.takes(rules.database(), "sqlite:x.db", "sqlite:/h/x.db")
        self.refuses(
            rules.database(), "postgresql://h/d", "mysql://h", "sqlite:", "sqlite::memory:", "", 1
        )

    def test_other_database(self):
        """Where PostgreSQL may be, its URL is kept as it is, and hidden; SQLite may be too."""
        rule = rules.database(postgres=True)
        self.takes(rule, "postgresql://u:p@h/d", "postgresql://u:p@h/d")
        self.takes(rule, "sqlite:x.db", "sqlite:/h/x.db")
        self.refuses(rule, "postgresql:d", "mysql://h", "sqlite:", 1)
        self.assertTrue(rule.secret)

    def test_texts_of_flags(self):
        """Flags and variables say numbers and booleans as text; anything else stays text."""
        number, truth = rules.integer(0, 9), rules.boolean()
        self.assertEqual(
            [number.from_text(t) for t in ("7", "x", "٣", "1e3", "9" * 5000)][:2], [7, "x"]
        )
        self.assertEqual([truth.from_text(t) for t in ("1", "False", "yes")], [True, False, "yes"])

    @given(st.integers(0, 100))
    def test_steps(self, number):
        """A level is rounded down to one that exists."""
        level = rules.floor_of(0, 2, 5, 10).parse(number, NAMES)
        self.assertIn(level, (0, 2, 5, 10))
        self.assertLessEqual(level, number)
