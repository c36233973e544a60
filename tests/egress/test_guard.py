"""Addresses that an approved name may have."""

from ipaddress import ip_address

from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from clace.egress.connections import DoorFactory
from clace.egress.guard import EgressGuard, EgressRefused, NotFound, is_own_address, own_ports
from clace.egress.targets import EgressTarget


class GuardTests(SynchronousTestCase):
    def setUp(self):
        self.known = {}
        self.asked = []

        async def resolve(host):
            self.asked.append(host)
            return self.known.get(host, ())

        own = ip_address("192.168.1.5")
        self.guard = EgressGuard(resolve, lambda: {25222}, lambda address: address == own)

    def found(self, host, port=443):
        return self.successResultOf(self.guard.addresses(EgressTarget(host, port)))

    def refused(self, host, port=443):
        failure = self.failureResultOf(
            self.guard.addresses(EgressTarget(host, port)), EgressRefused
        )
        return str(failure.value)

    def test_found(self):
        """A name is looked up once, and all its addresses may be tried."""
        self.known["api"] = ("93.184.215.14", "10.0.0.7", "2606:2800:21f::1")
        self.assertEqual(self.found("api"), self.known["api"])
        self.assertEqual(self.asked, ["api"])

    def test_not_found(self):
        """A name without an address is told apart from one that is refused."""
        self.failureResultOf(self.guard.addresses(EgressTarget("nowhere", 443)), NotFound)

    def test_special_addresses(self):
        """An approved name does not lead to this machine, to metadata, or to nowhere."""
        for address in (
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::7f00:1",
            "fd00:ec2::254",
            "100.100.100.200",
            "168.63.129.16",
            "::ffff:100.100.100.200",
            "64:ff9b::100.100.100.200",
            "fd00:ec2::254%1",
        ):
            self.known["trick"] = (address,)
            self.assertIn(f"trick:443 is at {ip_address(address)}", self.refused("trick"))

    def test_reserved(self):
        """Addresses that are nobody's on the internet may be somebody's in a network."""
        self.known["index"] = ("203.0.113.80",)
        self.assertEqual(self.found("index"), ("203.0.113.80",))

    def test_mixed(self):
        """Of several addresses only those that may be reached are tried."""
        self.known["mixed"] = ("127.0.0.1", "93.184.215.14", "169.254.169.254")
        self.assertEqual(self.found("mixed"), ("93.184.215.14",))

    def test_own_listeners(self):
        """A listener of the server is not reached by a name, other ports of its machine are."""
        self.known["self"] = ("192.168.1.5",)
        self.assertIn("a listener of this server", self.refused("self", 25222))
        self.assertEqual(self.found("self", 5432), ("192.168.1.5",))
        self.known["self"] = ("::ffff:192.168.1.5",)
        self.assertIn("a listener of this server", self.refused("self", 25222))

    def test_name_of_an_approved_address(self):
        """A name leads to a special address that was approved itself, at the same port."""
        self.known["index"] = ("169.254.9.9",)
        approved = [EgressTarget("index", 443), EgressTarget("169.254.9.9", 443)]
        asked = self.guard.addresses(EgressTarget("index", 443), approved)
        self.assertEqual(self.successResultOf(asked), ("169.254.9.9",))
        other = self.guard.addresses(EgressTarget("index", 80), approved)
        self.failureResultOf(other, EgressRefused)

    def test_addresses(self):
        """An address that was approved as such is meant; nothing is looked up."""
        for address in ("127.0.0.1", "169.254.169.254", "192.168.1.5"):
            self.assertEqual(self.found(address, 25222), (address,))
        self.assertEqual(self.asked, [])

    def test_own_ports(self):
        """Ports of the server count, doors behind walls do not."""
        reactor = MemoryReactorClock()
        ours = reactor.listenTCP(25222, Factory())
        ours.factory = Factory()
        door = reactor.listenTCP(5432, Factory())
        door.factory = DoorFactory("app_1", reactor, None, None, None)
        reactor.getReaders = lambda: [ours, door, object()]
        self.assertEqual(own_ports(reactor), {25222})

    def test_own_address(self):
        """Addresses of this machine are known without a list of them."""
        self.assertTrue(is_own_address(ip_address("127.0.0.1")))
        self.assertFalse(is_own_address(ip_address("93.184.215.14")))
