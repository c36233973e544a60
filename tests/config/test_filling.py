"""Tests for ``clace.config.filling``."""

from clace.config.filling import values_with_secrets, with_secrets
from clace.errors import ConfigError, NoSuchSecret
from clace.model.secret_text import filled, references
from tests.config.support import LoadCase

SECRETS = {
    "path": "a$b/c.db",
    "host": "10.0.0.1",
    "empty": "",
    "control": "hunter2\0",
    "url": "sqlite:/x",
    "odd": "sqlite:",
}


def resolve(text):
    values = {}
    for each in references(text):
        if str(each) not in SECRETS:
            raise NoSuchSecret(f"secret {each} of provider env: none")
        values[each] = SECRETS[str(each)]
    return filled(text, values)


class FillingTests(LoadCase):
    def metadata(self, text, environ=None):
        config = self.load(f"[metadata]\ndb_connection = '{text}'")
        return with_secrets(config, "metadata", environ or {}, resolve).metadata.db_connection

    def refused(self, text, section, fill=with_secrets):
        config = self.load(text)
        error = self.assertRaises(ConfigError, fill, config, section, {}, resolve)
        return error.message.removeprefix(f"{self.file}: ")

    def test_database(self):
        """A database may be a secret as a whole or in part; names in the rest are replaced."""
        self.assertEqual(self.metadata('{{secret "url"}}'), "sqlite:/x")
        self.assertEqual(self.metadata('sqlite:$CL_HOME/{{secret "path"}}'), "sqlite:/h/a$b/c.db")
        self.assertEqual(self.metadata("sqlite:x"), "sqlite:/h/x")

    def test_arrays(self):
        """Each item of an array may be one."""
        text = "[plugin.\"http.in\"]\nallow_hosts = ['{{secret \"host\"}}', 'b']"
        config = with_secrets(self.load(text), "plugin", {}, resolve)
        self.assertEqual(config.plugin.http.allow_hosts, ("10.0.0.1", "b"))

    def test_plugins(self):
        """Accounts may name secrets too, and the settings of plugins from packages."""
        text = (
            "[plugins]\nenabled = ['a.in']\n"
            '[plugin."http.in#b"]\nallow_hosts = [\'{{secret "host"}}\']\n'
            '[plugin."a.in"]\nkey = [\'{{secret "host"}}\']'
        )
        config = with_secrets(self.load(text), "plugin", {}, resolve)
        self.assertEqual(config.plugin.http_accounts["b"].allow_hosts, ("10.0.0.1",))
        self.assertEqual(config.plugin.others, {"a.in": {"key": ["10.0.0.1"]}})

    def test_nothing_else_changes(self):
        """What names no secret stays as it was."""
        config = self.load("[metadata]\nauto_upgrade = false")
        self.assertEqual(with_secrets(config, "metadata", {}, resolve), config)

    def test_missing(self):
        """A missing secret stops the start, with the place, the provider and the key."""
        self.assertEqual(
            self.refused("[metadata]\ndb_connection = '{{secret \"none\"}}'", "metadata"),
            "[metadata] db_connection: secret none of provider env: none",
        )

    def test_not_what_the_key_takes(self):
        """A secret that makes the value a wrong one is refused and not repeated."""
        self.assertEqual(
            self.refused("[metadata]\ndb_connection = '{{secret \"odd\"}}'", "metadata"),
            "[metadata] db_connection: expected sqlite:PATH",
        )
        for name in ("empty", "control"):
            text = f'[plugin."http.in"]\nallow_hosts = [\'{{{{secret "{name}"}}}}\']'
            message = self.refused(text, "plugin")
            self.assertTrue(message.startswith('[plugin."http.in"] allow_hosts: expected'), message)
            self.assertNotIn("hunter2", message)

    def test_free_values(self):
        """Texts in the values for apps are resolved however deep they are."""
        config = self.load("")
        values = {"a": ['x{{secret "host"}}', {"b": '{{secret "url"}}'}], "n": 1, "t": "{{x}}"}
        self.assertEqual(
            values_with_secrets(config, values, ("node_config",), resolve),
            {"a": ["x10.0.0.1", {"b": "sqlite:/x"}], "n": 1, "t": "{{x}}"},
        )
        error = self.assertRaises(
            ConfigError,
            values_with_secrets,
            config,
            {"a": '{{secret "none"}}'},
            ("node_config",),
            resolve,
        )
        self.assertIn("[node_config] a: secret none of provider env", error.message)
