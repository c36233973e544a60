"""Tests for ``clace.secrets.providers``."""

import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import SecretFailed
from clace.interfaces import ISecretProvider
from clace.secrets.aws import SecretsManager
from clace.secrets.local import EnvironmentProvider, PropertiesProvider
from clace.secrets.providers import ProviderOptions, make_provider
from clace.secrets.vault import VaultProvider

VAULT = ProviderOptions(address="http://127.0.0.1:8200", token="t")


class MakingTests(SynchronousTestCase):
    def test_by_the_first_word(self):
        """What a provider is its name says up to the first underscore."""
        for name, options, kind in [
            ("env", ProviderOptions(), EnvironmentProvider),
            ("env_x", ProviderOptions(), EnvironmentProvider),
            ("prop_a_b", ProviderOptions(file_name=Path("/x")), PropertiesProvider),
            ("vault", VAULT, VaultProvider),
            ("asm_eu", ProviderOptions(region="eu-west-1"), SecretsManager),
        ]:
            provider = make_provider(name, options, {})
            self.assertIsInstance(provider, kind)
            verifyObject(ISecretProvider, provider)

    def test_what_is_not_installed(self):
        """A provider whose package is missing says what to install."""
        for name in ("clace.secrets.vault", "hvac"):
            self.addCleanup(sys.modules.__setitem__, name, sys.modules[name])
        del sys.modules["clace.secrets.vault"]
        sys.modules["hvac"] = None
        error = self.assertRaises(SecretFailed, make_provider, "vault", VAULT, {})
        self.assertEqual(error.message, "hvac is not installed: pip install hvac")
