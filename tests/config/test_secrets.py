"""Tests for ``clace.config.secrets``."""

from clace.config.secrets import is_stored
from clace.config.showing import HIDDEN, effective
from tests.config.support import LoadCase

VAULT = '[secret.vault]\naddress = "https://v"\ntoken = "t"\n'


class ProviderTests(LoadCase):
    """Sections ``[secret.NAME]``."""

    def test_kinds(self):
        """The first word of a section's name is the kind of the provider."""
        config = self.load(
            f'[secret.env]\n[secret.prop_app]\nfile_name = "p"\n{VAULT}'
            '[secret.asm_eu]\nregion = "eu-west-1"\nkeys_printf = "%s-%s"\n[secret.db]'
        )
        self.assertEqual(list(config.secret), ["env", "prop_app", "vault", "asm_eu", "db"])
        self.assertEqual(str(config.secret["prop_app"].file_name), "/h/p")
        self.assertEqual(config.secret["db"].key, "auto")
        self.assertTrue(is_stored("db_x"))
        self.assertFalse(is_stored("dbx"))

    def test_wrong_ones(self):
        """An unknown kind, and a key that the kind needs or does not take, are named."""
        for text, problem in [
            (
                "[secret.keychain]",
                "[secret.keychain]: unknown secret provider keychain; expected one of env, prop,",
            ),
            ("[secret.environment]", "[secret.environment]: unknown secret provider environment"),
            (
                '[secret.env]\ntoken = "hunter2"',
                "[secret.env] token: a provider of the kind env takes no token",
            ),
            ("[secret.prop]", "[secret.prop] file_name: a provider of the kind prop needs it"),
            ("[secret.db]\n[secret.db_x]", "[secret.db_x]: there is db already, and only one"),
            ('[secret.db]\nkey = "hunter2"', '[secret.db] key: expected "auto" or a reference'),
            ('[secret.env]\nkeys_printf = "%d"', "[secret.env] keys_printf: expected a text with"),
            ('[secret.env]\nkeys_printf = "a%"', "[secret.env] keys_printf: expected a text with"),
        ]:
            (found,) = self.problems(text)
            self.assertTrue(found.startswith(problem), found)
            self.assertNotIn("hunter2", found)

    def test_default_provider(self):
        """The default provider is one that is configured, or the database."""
        key = "[app_config]\nsecurity.default_secrets_provider = "
        self.assertEqual(self.load("").app_config.security.default_secrets_provider, "env")
        self.load(f'{key}"db"')
        self.load(f'{VAULT}{key}"vault"')
        for text in (f'{key}"vault"', f'[secret.db_x]\n{key}"db"'):
            self.assertIn("there is no section [secret.", self.problems(text)[0])


class PlaceTests(LoadCase):
    """Where secrets can be named."""

    def test_where_they_may(self):
        """Databases, passwords, plugins, the values for apps, and providers may name secrets."""
        text = (
            "client.admin_password = '{{secret \"a\"}}'\n"
            "[metadata]\ndb_connection = '{{secret \"a\"}}'\n"
            "[git_auth.x]\npassword = '{{secret \"a\"}}'\n"
            '[plugin."http.in"]\nallow_hosts = [\'{{secret "a"}}\']\n'
            "[node_config]\nx = ['{{secret \"a\"}}']\n"
            "[secret.db]\nkey = '{{secret \"a\"}}'\n"
        )
        self.assertEqual(self.load(text).metadata.db_connection, '{{secret "a"}}')

    def test_where_not(self):
        """Anywhere else the text would be taken as it is, so it is refused."""
        for at in (
            "admin_user",
            "http.host",
            "app_config.cors.allow_origin",
            "https.cert_location",
        ):
            self.assertEqual(
                [
                    each.rpartition(": ")[2]
                    for each in self.problems(f"{at} = '{{{{secret \"a\"}}}}'")
                ],
                ["a secret cannot be used here"],
            )
        text = "[[listen]]\nendpoint = 'unix:{{secret \"a\"}}'"
        self.assertEqual(
            self.problems(text), ["[[listen]] #1 endpoint: a secret cannot be used here"]
        )

    def test_of_sign_ins(self):
        """An entry of a provider that names a missing section of secrets stops the check too."""
        entry = (
            '[security]\ncallback_url = "https://apps.example.org"\n[auth.github]\nkey = "k"\n'
            'secret = \'{{secret_from "%s" "TOKEN"}}\'\n'
        )
        self.assertEqual(
            self.problems(entry % "env"),
            ["[auth.github] secret: secret TOKEN: there is no section [secret.env]"],
        )
        self.load(entry % "env" + "[secret.env]\n")
        self.load(entry % "db")

    def test_malformed(self):
        """A malformed reference is named with its place in the file and in the text."""
        (problem,) = self.problems("[node_config]\nx = {y = ['a{{secret}}']}")
        place = "[node_config] x.y: malformed secret reference at character 10: "
        self.assertEqual(problem, f"{place}expected 1 to 16 keys")

    def test_shown(self):
        """Where a secret is may be seen; a secret, and a text around a reference, may not."""
        config = self.load(
            "[git_auth.a]\npassword = '{{secret \"x\"}}'\n[git_auth.b]\npassword = 'hunter2'\n"
            "[git_auth.c]\npassword = 'hunter2{{secret \"x\"}}'\n[node_config]\ntoken = 'hunter2'"
        )
        found = {".".join(each.at): each.value for each in effective(config)}
        self.assertEqual(found["git_auth.a.password"], '{{secret "x"}}')
        for name in ("git_auth.b.password", "git_auth.c.password", "node_config.token"):
            self.assertEqual(found[name], HIDDEN)

    def test_in_a_file_that_others_read(self):
        """A reference may be read by anybody; a token of a provider may not."""
        text = "[git_auth.a]\npassword = '{{secret \"x\"}}'\n" + VAULT
        (found,) = self.warnings(text, mode=0o644)
        self.assertTrue(found.startswith("[secret.vault] token: a secret in a file"), found)
