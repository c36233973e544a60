"""Tests for ``clace.secrets.opening``."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ConfigError, SecretFailed
from clace.interfaces import SecretEntry
from clace.model.secret_text import references
from clace.secrets.opening import open_providers, open_store
from clace.secrets.providers import ProviderOptions
from clace.secrets.stored import SealingContext
from tests.support.memory_secrets import MemorySecretRows
from tests.support.threads import at_once

ENVIRON = {"TOKEN": "t", "KEY": "mine:" + "a" * 43 + "=", "A_B": "1"}
ENV = {"env": ProviderOptions()}


class OpeningTests(SynchronousTestCase):
    def providers(self, default="env", **sections):
        self.threads = []

        def threads_of(name):
            self.threads.append(name)
            return at_once

        return open_providers(default, sections, ENVIRON, threads_of)

    def store(self, secrets, sections):
        self.rows = MemorySecretRows()
        self.home = Path(self.mktemp()).absolute()
        around = SealingContext(at_once, lambda: 0.0, bytes)
        return open_store(secrets, sections, self.rows, self.home, around)

    def put(self, store, **entry):
        self.successResultOf(store.put(SecretEntry(**entry), replace=False))

    def test_options_may_name_secrets(self):
        """The token of one provider may be kept by another, wherever it stands in the file."""
        vault = ProviderOptions(address="http://v", token='{{secret "TOKEN"}}')
        secrets = self.providers(vault=vault, env=ProviderOptions())
        self.assertEqual(self.threads, ["env", "vault"])
        client = secrets._sources["vault"].provider._client
        self.assertEqual((client.token, client.url), ("t", "http://v"))

    def test_what_cannot_work(self):
        """A provider that cannot work is named with its section, and no secret."""
        vault = ProviderOptions(address="http://v", token='{{secret "NONE"}}')
        error = self.assertRaises(ConfigError, self.providers, vault=vault, **ENV)
        self.assertEqual(
            error.message,
            "[secret.vault]: secret NONE of provider env: there is no such variable in the"
            " environment",
        )
        self.assertNotIn("NONE", repr(vault))

    def test_store_that_is_not_open(self):
        """Until the database is open what it has cannot be had, and the error says so."""
        secrets = self.providers(**ENV)
        for ask in (
            lambda text: self.assertRaises(SecretFailed, secrets.resolved, text),
            lambda text: self.failureResultOf(secrets.values(references(text)), SecretFailed).value,
        ):
            self.assertEqual(
                ask('{{secret_from "db" "a"}}').message,
                "secret a of provider db: it is stored in the database, which is not open here",
            )

    def test_store_without_a_section(self):
        """What is stored in the database is there unasked, with a key at home."""
        secrets = self.providers(**ENV)
        store = self.store(secrets, ENV)
        self.put(store, name="a", value=b"1")
        self.assertEqual(secrets.resolved('{{secret_from "db" "a"}}'), "1")
        self.assertTrue((self.home / "config" / "secret.key").exists())
        self.assertFalse(store.is_default)

    def test_store_with_a_section(self):
        """It may have another name, be the default, and have its key from a secret."""
        sections = {
            **ENV,
            "db_x": ProviderOptions(key='{{secret_from "env" "KEY"}}', keys_printf="%s-%s"),
        }
        secrets = self.providers(default="db_x", **sections)
        self.assertRaises(SecretFailed, secrets.resolved, '{{secret "a"}}')
        store = self.store(secrets, sections)
        self.put(store, name="a-b", value=b"2")
        self.assertEqual(secrets.resolved('{{secret "a" "b"}}'), "2")
        self.assertEqual(self.rows.get("a-b").key_id, "mine")
        self.assertTrue(store.is_default)
        self.assertFalse(self.home.exists())

    def test_store_that_cannot_work(self):
        """With a key that cannot be had the server starts, and the store says why it does not."""
        sections = {"db": ProviderOptions(key='{{secret "NONE"}}'), **ENV}
        secrets = self.providers(**sections)
        self.store(secrets, sections)
        error = self.assertRaises(SecretFailed, secrets.resolved, '{{secret_from "db" "a"}}')
        self.assertIn("secret provider db is disabled: secret NONE of provider env", error.message)
