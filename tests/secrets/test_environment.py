"""Tests for ``clace.secrets.local``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NoSuchSecret
from clace.secrets.local import EnvironmentProvider
from tests.support.secret_contract import SecretProviderContract


class EnvironmentTests(SecretProviderContract, SynchronousTestCase):
    def make_provider(self, name, value):
        return EnvironmentProvider({name: value, "EMPTY": ""})

    def test_unset_is_not_empty(self):
        """A variable that is set to nothing is a secret; one that is not set is an error."""
        provider = self.make_provider("A", "1")
        self.assertEqual(provider.value("EMPTY"), "")
        error = self.assertRaises(NoSuchSecret, provider.value, "B")
        self.assertEqual(error.message, "there is no such variable in the environment")
