"""Tests for ``clace.config.default_auth``."""

from tests.config.support import LoadCase

OIDC = '[auth.oidc]\nkey = "k"\nsecret = "s"\ndiscovery_url = "https://login.example.com/x"\n'


class DefaultAuthTests(LoadCase):
    def default(self, text, more=""):
        config = self.load(f'[security]\napp_default_auth_type = "{text}"\n{more}')
        return config.security.app_default_auth_type

    def test_known(self):
        """Kinds that are always there, and entries of the configuration, alone or together."""
        callback = 'callback_url = "https://x.example"\n'
        self.assertEqual(self.default(""), "system")
        for text in ("none", "system", "builtin", "builtin,system", "cert"):
            self.assertEqual(self.default(text), text)
        for text in ("oidc", "builtin,oidc"):
            self.assertEqual(self.default(text, callback + OIDC), text)

    def test_unknown(self):
        """A name that nothing is for is refused with the nearest one."""
        for text, problem in (
            ("buildin", 'got "buildin"; did you mean "builtin"?'),
            ("default", 'got "default"'),
            ("oidc", 'got "oidc"'),
            ("system,", 'got ""'),
            ("system+forward_x", 'got "system+forward_x"'),
            ("none,system", "joined by commas"),
        ):
            (found,) = self.problems(f'[security]\napp_default_auth_type = "{text}"')
            self.assertIn("[security] app_default_auth_type: expected", found)
            self.assertIn(problem, found)
