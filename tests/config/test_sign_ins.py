"""Tests for ``clace.config.sign_ins``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.config.filling import with_secrets
from clace.config.rules import is_safe_url
from clace.config.showing import HIDDEN, effective
from clace.config.sign_ins import OAUTH_KINDS, oauth_kind
from tests.config.support import LoadCase

CALLBACK = '[security]\ncallback_url = "https://apps.example.com"\n'
ENTRY = 'key = "k"\nsecret = "hunter2"\n'


class OAuthTests(LoadCase):
    """Sections ``[auth.NAME]``."""

    def test_kinds(self):
        """A section's name up to the first underscore is the provider's kind."""
        config = self.load(
            f"{CALLBACK}[auth.github]\n{ENTRY}[auth.google_staff_only]\n{ENTRY}"
            f'hosted_domain = "example.com"\n[auth.oidc]\n{ENTRY}'
            'discovery_url = "https://login.example.com"\nscopes = ["openid", "groups"]'
        )
        kinds = list(map(oauth_kind, config.auth))
        self.assertEqual(kinds, ["github", "google", "oidc"])
        self.assertEqual(config.auth["google_staff_only"].hosted_domain, "example.com")
        self.assertEqual(config.auth["oidc"].scopes, ("openid", "groups"))

    def test_unknown_kind(self):
        """An unknown kind is refused, and the nearest known one is named."""
        (problem,) = self.problems(f"{CALLBACK}[auth.gitbub_x]\n{ENTRY}")
        self.assertTrue(
            problem.startswith("[auth.gitbub_x]: unsupported auth provider: gitbub_x; expected one")
        )
        self.assertTrue(problem.endswith("did you mean github?"))

    def test_missing_keys(self):
        """Each missing key of an entry is named with its place; a secret is not repeated."""
        text = "provider, key, and secret must be set for each auth provider; this one is missing"
        self.assertEqual(
            self.problems(f'{CALLBACK}[auth.github]\nkey = "hunter2"'),
            [f"[auth.github] secret: {text}"],
        )
        self.assertEqual(
            self.problems(f"{CALLBACK}[auth.oidc]"),
            [
                f"[auth.oidc] key: {text}",
                f"[auth.oidc] secret: {text}",
                "[auth.oidc] discovery_url: a provider of the kind oidc needs it",
            ],
        )

    def test_keys_of_other_kinds(self):
        """A key that the kind makes nothing of is refused."""
        self.assertEqual(
            self.problems(f'{CALLBACK}[auth.google]\n{ENTRY}domain = "example.com"'),
            ["[auth.google] domain: a provider of the kind google takes no domain"],
        )

    def test_needs_callback_url(self):
        """Entries without the server's own address are refused, and named."""
        (problem,) = self.problems(f"[auth.github]\n{ENTRY}")
        self.assertTrue(
            problem.startswith(
                "[security] callback_url: security.callback_url must be set for [auth.github]:"
            )
        )

    def test_wrong_values(self):
        """Each wrong value is refused with what was expected."""
        for text, problem in [
            (
                '[security]\ncallback_url = "https://apps.example.com/x"',
                "[security] callback_url: expected https://host or https://host:port",
            ),
            (
                f'{CALLBACK}[auth.okta]\n{ENTRY}org_url = "http://x.okta.com"',
                "[auth.okta] org_url: expected an https:// URL, or an http:// one of localhost",
            ),
            (
                f'{CALLBACK}[auth.auth0]\n{ENTRY}domain = "https://x.auth0.com"',
                "[auth.auth0] domain: expected a name such as example.com",
            ),
            (
                f'{CALLBACK}[auth."github_a/b"]\n{ENTRY}',
                '[auth."github_a/b"]: expected a name of letters, digits, _ and -',
            ),
        ]:
            (found, *_) = self.problems(text)
            self.assertTrue(found.startswith(problem), found)

    def test_secrets(self):
        """Key and secret may come from a provider of secrets; neither is shown."""
        entry = "[auth.github]\nkey = '{{secret \"a\"}}'\nsecret = '{{secret \"b\"}}'"
        config = self.load(f"{CALLBACK}{entry}")
        filled = with_secrets(config, "auth", {}, lambda text: f"value of {text}")
        self.assertEqual(filled.auth["github"].secret, 'value of {{secret "b"}}')
        self.assertEqual(filled.auth["github"].key, 'value of {{secret "a"}}')
        shown = {each.at: each.value for each in effective(filled)}
        self.assertEqual(shown["auth", "github", "secret"], HIDDEN)

    def test_every_kind_loads(self):
        """An entry of each kind with the keys of the table is accepted."""
        for kind, address in OAUTH_KINDS.items():
            value = "login.example.com" if address == "domain" else "https://login.example.com"
            extra = f'{address} = "{value}"\n' if address else ""
            self.assertIn(kind, self.load(f"{CALLBACK}[auth.{kind}]\n{ENTRY}{extra}").auth)


class SafeURLTests(SynchronousTestCase):
    def test_choices(self):
        """HTTPS is taken of any host, HTTP of this machine; credentials and fragments are not."""
        for url in (
            "https://a.example",
            "http://localhost:80/x",
            "http://[::1]:1",
            "https://a/b?c",
        ):
            self.assertTrue(is_safe_url(url), url)
        for url in (
            "http://a.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "https://u:p@a.example",
            "https://a.example/#x",
            "https://a.example:0",
            "https://",
            "//a.example",
            "ftp://localhost",
            "https://a example",
            "",
        ):
            self.assertFalse(is_safe_url(url), url)

    @given(st.text(max_size=40))
    def test_any_text(self, text):
        """A text is judged without an exception, and one with HTTP is of this machine."""
        if is_safe_url(f"http://{text}"):
            self.assertRegex(text, r"^(?i:localhost|127\.0\.0\.1|\[::1\])(:\d*)?([/?]|$)")
