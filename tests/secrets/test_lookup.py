"""Tests for ``clace.secrets.lookup``."""

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import BadRequest, NoSuchSecret, SecretFailed
from clace.interfaces import ISecrets
from clace.model.secret_text import references
from clace.secrets.local import EnvironmentProvider
from clace.secrets.lookup import Secrets, SecretSource
from tests.support.threads import at_once

VARIABLES = {"A": "1", "A_B": "2", "x-A/B": "3", "ODD": "\udcff", "LIKE": '{{secret "A"}}'}


class Counted:
    """Threads that know how often they were used."""

    def __init__(self):
        self.uses = 0

    async def __call__(self, work):
        self.uses += 1
        return work()


class LookupTests(SynchronousTestCase):
    def setUp(self):
        self.threads = Counted()
        provider = EnvironmentProvider(VARIABLES)
        printf = SecretSource(provider=provider, in_thread=at_once, keys_printf="x-%s/%s")
        self.secrets = Secrets(
            "env", {"env": SecretSource(provider=provider, in_thread=self.threads)}
        )
        self.secrets.add("env_p", printf)

    def test_is_secrets(self):
        """It fills the seam."""
        verifyObject(ISecrets, self.secrets)

    def test_resolves(self):
        """References become values: of the default provider, or of the one that is named."""
        for text, expected in [
            ("plain {{x}}", "plain {{x}}"),
            ('<{{secret "A"}}{{secret "A" "B"}}>', "<12>"),
            ('{{secret_from "env_p" "A" "B"}}', "3"),
            ('{{secret_from "env_p" "A"}}', "1"),
            ('{{secret_from "default" "A"}}', "1"),
            ('{{secret "LIKE"}}', '{{secret "A"}}'),
        ]:
            self.assertEqual(self.secrets.resolved(text), expected)

    def test_values(self):
        """The values of many references, each asked for once and in threads."""
        wanted = references('{{secret "A"}}{{secret "A"}}{{secret "A" "B"}}')
        values = self.successResultOf(self.secrets.values(wanted))
        self.assertEqual([values[each] for each in wanted], ["1", "1", "2"])
        self.assertEqual(self.threads.uses, 2)

    def test_missing(self):
        """A missing secret names provider and key; a missing provider what to configure."""
        for text, kind, message in [
            (
                '{{secret "NO" "B"}}',
                NoSuchSecret,
                "secret NO B of provider env: there is no such variable in the environment",
            ),
            (
                '{{secret_from "vault" "a"}}',
                NoSuchSecret,
                "secret a: the configuration has no section [secret.vault]",
            ),
            (
                '{{secret_from "env_p" "A" "B" "C"}}',
                SecretFailed,
                'secret A B C of provider env_p: keys_printf is "x-%s/%s"',
            ),
            (
                "{{secret}}",
                BadRequest,
                "malformed secret reference at character 9: expected 1 to 16 keys",
            ),
        ]:
            error = self.assertRaises(kind, self.secrets.resolved, text)
            self.assertEqual(error.message, message)

    def test_no_text(self):
        """A variable whose bytes are no text is no secret that could stand in one."""
        error = self.assertRaises(SecretFailed, self.secrets.resolved, '{{secret "ODD"}}')
        self.assertEqual(error.message, "secret ODD of provider env: it is binary, not text")

    def test_failures_in_threads(self):
        """What a provider refuses comes out of the threads as it is."""
        failure = self.failureResultOf(
            self.secrets.values(references('{{secret "NO"}}')), NoSuchSecret
        )
        self.assertIn("secret NO of provider env", failure.value.message)
