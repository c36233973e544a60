"""Names of hosts."""

from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from clace.resolving import resolving


class Names:
    """A resolver that knows some names."""

    def __init__(self, names):
        self._names = names

    def resolveHostName(self, receiver, hostName, *args, **kwargs):
        receiver.resolutionBegan(None)
        for address in self._names.get(hostName, []):
            receiver.addressResolved(IPv4Address("TCP", address, 0))
        receiver.resolutionComplete()


class ResolvingTests(SynchronousTestCase):
    def test_addresses(self):
        """A name has the addresses that the reactor's resolver gives, or none."""
        reactor = MemoryReactorClock()
        reactor.nameResolver = Names({"a.test": ["192.0.2.1", "192.0.2.2"]})
        resolve = resolving(reactor)
        self.assertEqual(self.successResultOf(resolve("a.test")), ["192.0.2.1", "192.0.2.2"])
        self.assertEqual(self.successResultOf(resolve("b.test")), [])
