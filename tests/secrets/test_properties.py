"""Tests for ``clace.secrets.local``."""

import contextlib
from pathlib import Path

import javaproperties
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ClaceError, NoSuchSecret, SecretFailed
from clace.secrets.local import MAX_FILE, PropertiesProvider
from tests.support.secret_contract import SecretProviderContract


class PropertiesTests(SecretProviderContract, SynchronousTestCase):
    def make_provider(self, name, value):
        self.path = Path(self.mktemp())
        text = javaproperties.dumps({name: value}, timestamp=None, ensure_ascii=False)
        self.path.write_text(text, "utf-8")
        return PropertiesProvider(self.path)

    def test_as_java_writes_them(self):
        """Comments, colons, continued lines and escapes are those of Java."""
        provider = self.make_provider("x", "y")
        self.path.write_text("# a\n! b\ndb.user : jo\ndb.password=a\\\n   b\\u00e9\n", "utf-8")
        self.assertEqual(provider.value("db.user"), "jo")
        self.assertEqual(provider.value("db.password"), "abé")

    def test_byte_order_mark(self):
        """A mark at the start of the file is no part of the first key."""
        provider = self.make_provider("a", "1")
        self.path.write_text("\ufeffa=3", "utf-8")
        self.assertEqual(provider.value("a"), "3")

    def test_edited_file(self):
        """What the file says now is what holds."""
        provider = self.make_provider("a", "1")
        self.path.write_text("a=2", "utf-8")
        self.assertEqual(provider.value("a"), "2")

    def test_unusable_file(self):
        """A file that is not there, too large or no text is an error that names the file only."""
        provider = self.make_provider("a", "1")
        for content, reason in [
            (b"a=\xff", "byte 2 is not UTF-8"),
            (b"a=\\uhunt", "escape \\u without four digits"),
            (b"#" * (MAX_FILE + 1), f"more than {MAX_FILE} bytes"),
        ]:
            self.path.write_bytes(content)
            error = self.assertRaises(SecretFailed, provider.value, "a")
            self.assertIn(str(self.path), error.message)
            self.assertIn(reason, error.message)
            self.assertNotIn("hunt", error.message)
        self.path.unlink()
        error = self.assertRaises(SecretFailed, provider.value, "a")
        self.assertIn("cannot be read: No such file", error.message)
        self.assertNotIsInstance(error, NoSuchSecret)

    @given(st.binary(max_size=60))
    def test_any_file_is_read_or_refused(self, content):
        """No content raises anything but a refusal."""
        provider = self.make_provider("a", "1")
        self.path.write_bytes(content)
        with contextlib.suppress(ClaceError):
            provider.value("a")
