from pathlib import Path
from typing import Annotated, Literal

import bcrypt
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta
from twisted.trial.unittest import SynchronousTestCase

from clace.config import rules
from clace.config.names import Names
from clace.config.rules import declared
from clace.config.schema import entries
from clace.config.sections import Flag, Security

HASH = next(each.of for each in entries(Security) if each.name == "admin_password_bcrypt")
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
        self.takes(HASH, made, made)
        self.takes(HASH, "", "")
        self.refuses(
            HASH,
            made[:-1],
            made + "a",
            made + "\n",
            made.replace("$04$", "$03$"),
            made.replace("$04$", "$32$"),
            3,
        )

    def test_limits_of_msgspec(self):
        """An integer is no float and no boolean; a limit says what it expects."""
        number = declared(Annotated[int, Meta(ge=1, le=9)])
        self.takes(number, 9, 9)
        self.refuses(number, 0, 10, 2.0, True, "2", 2**70, None)
        self.assertEqual(number.expected, "an integer from 1 to 9")
        choice = declared(Annotated[Literal["a", "b"], Meta()])
        self.takes(choice, "b", "b")
        self.refuses(choice, "c", 1, "")
        self.assertEqual(choice.refusal("c"), 'expected one of a, b, got "c"')

    def test_secrets_are_not_repeated(self):
        """A refused secret is not in the message."""
        self.assertNotIn("hunter2", HASH.refusal("hunter2"))

    def test_texts_on_one_line(self):
        """No text of the configuration has a line break or another control character in it."""
        host = declared(Annotated[str, rules.filled("a host")])
        self.takes(host, "h\u00e9", "h\u00e9")
        self.refuses(host, "", "a\nb", "a\n", "\x7f", "\x9f", 1)

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
        self.takes(rules.server_uri(), "./h:1", "/h/h:1")

    def test_server_without_scheme(self):
        """A host and a port without a scheme are not taken for the path of a socket."""
        self.refuses(rules.server_uri(), "apps.example.org:25223", "localhost:1/", "[::1]:25223")

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
        number, truth = declared(Annotated[int, Meta(ge=0, le=9)]), declared(Flag)
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
