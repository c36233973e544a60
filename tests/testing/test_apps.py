from twisted.trial.unittest import SynchronousTestCase

from clace.testing.apps import MemoryStore
from tests.support.store_contract import AppStoreContract


class MemoryStoreTests(AppStoreContract, SynchronousTestCase):
    """The twin that other rooms test with keeps the contract."""

    def make_store(self, clock):
        return MemoryStore(clock)
