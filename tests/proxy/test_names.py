"""Names of other servers, and the addresses that they may lead to."""

from pathlib import Path

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IHostnameResolver
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from clace.model.upstreams import parse_upstream
from clace.proxy.connecting import NetworkEndpoints
from clace.proxy.names import NotMeant
from tests.support.workloads import MemoryEngine, make_workloads

MEANT = ("192.0.2.1", "127.0.0.1", "10.1.2.3", "100.64.0.1", "::1", "fd00::1", "2606:4700::1")
NOT_MEANT = (
    *("169.254.169.254", "168.63.129.16", "100.100.100.200", "224.0.0.1", "0.0.0.0", "fe80::1"),
    *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "2002:a9fe:a9fe::1", "::"),
)


@implementer(IHostnameResolver)
class Names:
    """A resolver for which every name has these addresses."""

    def __init__(self, addresses):
        self.addresses = addresses

    def resolveHostName(self, receiver, name, portNumber=0, **_named):
        receiver.resolutionBegan(None)
        for address in self.addresses:
            made = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(made("TCP", address, portNumber))
        receiver.resolutionComplete()


class NamesTests(SynchronousTestCase):
    def connecting(self, url, addresses=()):
        self.reactor = MemoryReactorClock()
        self.reactor.nameResolver = Names(addresses)
        workloads = make_workloads(self.reactor, MemoryEngine(self.reactor), Path(self.mktemp()))
        endpoints = NetworkEndpoints(self.reactor, workloads)
        self.failures = []
        connecting = endpoints.connect(parse_upstream(url), Factory.forProtocol(Protocol), 5)
        connecting.addErrback(self.failures.append)
        self.reactor.advance(1)
        return [client[:2] for client in self.reactor.tcpClients]

    def test_meant(self):
        """Names lead to the internet, to networks of companies, and to this machine."""
        for address in MEANT:
            self.assertEqual(self.connecting("http://app.test:80", [address]), [(address, 80)])

    def test_not_meant(self):
        """No name leads to the metadata of a cloud, or to what no approved name means."""
        for scheme in ("http", "https"):
            for address in NOT_MEANT:
                self.assertEqual(self.connecting(f"{scheme}://app.test:80", [address]), [])
                (failure,) = self.failures
                self.assertIsInstance(failure.value, NotMeant)
                self.assertIn("which only a URL with the address itself opens", str(failure.value))

    def test_some_of_several(self):
        """Of several addresses those that are meant are tried."""
        found = self.connecting("http://app.test:80", ["169.254.169.254", "192.0.2.1"])
        self.assertEqual(found, [("192.0.2.1", 80)])
        self.connecting("http://app.test:80")
        self.assertIsInstance(self.failures[0].value, DNSLookupError)

    def test_spelled_out(self):
        """An address that was approved itself is connected to."""
        for host in ("169.254.169.254", "[fe80::1]"):
            found = self.connecting(f"http://{host}:80")
            self.assertEqual(found, [(host.strip("[]"), 80)])
