"""Tests for ``clace.operations.secrets``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.secrets import CreateSecret, NamedSecret, NewSecret
from clace.errors import SecretExists, SecretFailed
from clace.identity.rbac import Authorisation
from clace.model.identity import OPERATOR
from clace.model.rbac import Policy
from clace.operations.asking import OperationRequest
from clace.operations.secrets import TRIES, SecretOperations
from tests.support.memory_secrets import MemorySecretStore

ASKING = OperationRequest(OPERATOR, (), Authorisation(Policy(), "admin"))


class SecretOperationsTests(SynchronousTestCase):
    """What the contract of administrations does not see."""

    def setUp(self):
        self.suffixes = iter(["a", "a", "b"])
        self.store = MemorySecretStore(is_default=True)
        self.operations = SecretOperations(self.store, lambda: next(self.suffixes))

    def create(self, **fields):
        new = NewSecret(value="hunter2", **fields)
        return self.operations.create_secret(CreateSecret(new, update=True), ASKING)

    def test_reference_to_the_default(self):
        """Secrets of the default provider are named without it."""
        created = self.successResultOf(self.create(name="a"))
        self.assertEqual(created.secret_ref, '{{secret "a"}}')

    def test_name_that_is_taken(self):
        """A name made of a prefix never replaces a secret, whatever was asked."""
        names = [self.successResultOf(self.create()).name for _ in range(2)]
        self.assertEqual(names, ["secret_a", "secret_b"])

    def test_no_name_left(self):
        """It does not try for ever."""
        tries = []
        operations = SecretOperations(self.store, lambda: tries.append(1) or "a")
        query = CreateSecret(NewSecret(value="1"))
        self.successResultOf(operations.create_secret(query, ASKING))
        failure = self.failureResultOf(operations.create_secret(query, ASKING), SecretFailed)
        self.assertNotIsInstance(failure.value, SecretExists)
        self.assertEqual(len(tries), 1 + TRIES)

    def test_does_not_show(self):
        """What shows a request or an answer to people shows no value."""
        request = NewSecret(name="a", value="hunter2")
        self.successResultOf(self.operations.create_secret(CreateSecret(request), ASKING))
        found = self.successResultOf(self.operations.reveal_secret(NamedSecret("a")))
        self.assertEqual(found.value, "hunter2")
        self.assertNotIn("hunter2", repr(request) + repr(found))
