import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from clace.config.apps import AppConfigs, toml_value
from clace.errors import BadRequest
from tests.config.support import LoadCase

SHARED = """
[app_config]
cors.max_age = 5
[sandbox]
memory_mb = 100
max_waiting = 2
"""


class AppConfigTests(LoadCase):
    def configs(self, text=SHARED):
        return AppConfigs(self.load(text), {"HOME": "/u"})

    def refusal(self, own):
        return self.assertRaises(BadRequest, self.configs().of, own).message

    def test_without_own(self):
        """An app without settings of its own has the server's."""
        found = self.configs().of({})
        self.assertEqual((found.cors.max_age, found.sandbox.memory_mb), (5, 100))

    def test_own(self):
        """What an app says for itself holds before what the server says; the rest stays."""
        own = {"cors.allow_origin": '"*"', "sandbox.memory_mb": "300", "audit.redact_url": "true"}
        found = self.configs().of(own)
        self.assertEqual((found.cors.allow_origin, found.cors.max_age), ("*", 5))
        self.assertEqual((found.sandbox.memory_mb, found.sandbox.max_waiting), (300, 2))
        self.assertTrue(found.audit.redact_url)

    def test_paths(self):
        """Names in paths are replaced as in the server's file."""
        found = self.configs().of({"fs.file_access": '["$HOME/x", "y"]'})
        self.assertEqual(found.fs.file_access, (Path("/u/x"), Path("/h/y")))

    def test_is_read_once(self):
        """The same settings are not read again for each request."""
        configs = self.configs()
        own = {"cors.max_age": "7"}
        self.assertIs(configs.of(own), configs.of(dict(own)))

    def test_unknown_key(self):
        """A key that there is not is refused with one that may have been meant."""
        for name, meant in (
            ("cors.max_agee", "cors.max_age"),
            ("sandbox.memory", "sandbox.memory_mb"),
        ):
            told = f"app config {name}: no such key; did you mean {meant}?"
            self.assertEqual(self.refusal({name: "1"}), told)

    def test_keys_of_the_server(self):
        """What bounds all apps together is not for one of them to say."""
        for name in ("max_hosts", "total_memory_mb", "uid_base", "max_request_body_mb"):
            self.assertIn("no such key", self.refusal({f"sandbox.{name}": "1"}))

    def test_wrong_value(self):
        """A value of another type or out of its bounds is refused with what was expected."""
        for name, text, told in (
            ("sandbox.memory_mb", "1", "expected an integer from 64 to 1048576, got 1"),
            ("cors.max_age", '"soon"', "expected an integer from 0 to 31536000, got soon"),
            ("fs.file_access", '"/x"', 'expected an array, each a path, got "/x"'),
            ("fs.file_access", '["$NO"]', "$NO cannot be used here"),
        ):
            self.assertIn(f"app config {name}: ", self.refusal({name: text}))
            self.assertIn(told.split(", got")[0], self.refusal({name: text}))

    def test_no_toml(self):
        """A text that is no TOML value, or more than one, is refused."""
        for text in ("", "yes", "1\nother = 2", "[", '"a', "1 2", "x" * 20_000, "[" * 5_000):
            told = self.refusal({"cors.allow_origin": text})
            self.assertIn("app config cors.allow_origin: expected ", told)
        told = 'expected a TOML value, such as 5, true or "text" with its quotes, got '
        self.assertIn(f"{told}1GB", self.refusal({"sandbox.memory_mb": "1GB"}))
        self.assertTrue(self.refusal({"sandbox.memory_mb": "x" * 200}).endswith("x" * 100 + "..."))

    @given(st.text(max_size=40))
    def test_any_text(self, text):
        """A text is one TOML value, or it is refused; nothing else comes of it."""
        try:
            value = toml_value("x", text)
        except BadRequest:
            return
        self.assertEqual(tomllib.loads(f"value = {text}")["value"], value)
