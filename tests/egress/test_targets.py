"""Targets as operators approve them and as programs ask for them."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.egress.targets import EgressTarget, egress_target, split_target
from clace.errors import BadRequest

TAKEN = {
    "db:5432": ("db", 5432),
    "DB.Example.com.:443": ("db.example.com", 443),
    "10.1.2.3:80": ("10.1.2.3", 80),
    "[::1]:80": ("::1", 80),
    "[FE80:0::1]:80": ("fe80::1", 80),
    "my_db-1.internal:1": ("my_db-1.internal", 1),
}
NOT_TAKEN = (
    "",
    "db",
    "db:",
    "db:0",
    "db:65536",
    "db:+1",
    "db:1 ",
    "db:\N{ARABIC-INDIC DIGIT ONE}",
    ":80",
    "::1:80",
    "[fe80::1%eth0]:80",
    "127.1:80",
    "2130706433:80",
    "0x7f.0.0.1:80",
    "0177.0.0.1:80",
    "a..b:80",
    "-a:80",
    "a b:80",
    "a\r\nb:80",
    "user@db:80",
    "db:80/path",
    "d\N{LATIN SMALL LETTER O WITH DIAERESIS}b:80",
    f"{'a' * 64}:80",
)


class TargetTests(SynchronousTestCase):
    def test_taken(self):
        """A host has one spelling, whoever writes it."""
        for text, expected in TAKEN.items():
            self.assertEqual(split_target(text), EgressTarget(*expected), text)

    def test_not_taken(self):
        """Whatever a resolver could take for another host is no target."""
        for text in NOT_TAKEN:
            self.assertIsNone(split_target(text), text)

    def test_entries(self):
        """Patterns, and names of this machine, are refused with the right way to say it."""
        for entry, words in (
            ("*.example.com:443", "name each host"),
            ("db", "expected HOST:PORT"),
            ("localhost:5432", '"127.0.0.1:5432"'),
            ("a.localhost:5432", '"127.0.0.1:5432"'),
            ("host", "expected HOST:PORT"),
        ):
            self.assertIn(words, str(self.assertRaises(BadRequest, egress_target, entry)))

    @given(st.text(max_size=30))
    def test_written_as_read(self, text):
        """A target reads as itself."""
        target = split_target(text)
        if target is not None:
            self.assertEqual(split_target(str(target)), target)
