"""Connections of programs through the doors of their plan, in memory."""

from ipaddress import ip_address

from twisted.internet.error import ConnectionDone
from twisted.internet.error import ConnectionRefusedError as NobodyThere
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.egress.plans import Egress
from clace.errors import BadRequest
from clace.interfaces import IEgress
from tests.support.egress import RecordedEvents


class Transport(StringTransport):
    """One whose state can be asked for."""

    def abortConnection(self):
        self.disconnecting = True
        self.aborted = True

    aborted = False


class EgressCase(SynchronousTestCase):
    def setUp(self):
        self.reactor = MemoryReactorClock()
        self.events = RecordedEvents()
        self.names = {"api.example.com": ("93.184.215.14",), "db": ("10.0.0.7",)}

        async def resolve(host):
            return self.names.get(host, ())

        self.egress = Egress(self.reactor, self.events, resolve)

    def doors(self, *network):
        plan = self.egress.plan("app_1", network)
        return {(door.address, door.port): door.factory for door in plan.doors}

    def enter(self, factory):
        """A connection of the program."""
        entered = factory.buildProtocol(None)
        transport = Transport()
        entered.makeConnection(transport)
        return entered, transport

    def reached(self, number=0):
        """The far end of a connection that the server made: its address, and its transport."""
        host, port, factory, *_ = self.reactor.tcpClients[number]
        far = factory.buildProtocol(None)
        transport = Transport()
        far.makeConnection(transport)
        return (host, port), far, transport


class PlanTests(EgressCase):
    def test_interface(self):
        """It is what it says."""
        verifyObject(IEgress, self.egress)

    def test_nothing(self):
        """A program without entries gets no door and no variable."""
        plan = self.egress.plan("app_1", ())
        self.assertEqual((plan.doors, dict(plan.names), dict(plan.environment)), ((), {}, {}))

    def test_doors(self):
        """Each host has an address of its own, with its ports; addresses are themselves."""
        plan = self.egress.plan(
            "app_1", ("db:5432", "api.example.com:443", "db:5433", "10.9.9.9:25", "[::1]:80")
        )
        self.assertEqual(dict(plan.names), {"db": "127.0.0.2", "api.example.com": "127.0.0.3"})
        self.assertEqual(
            [(door.address, door.port) for door in plan.doors],
            [
                ("127.0.0.1", 3128),
                ("127.0.0.2", 5432),
                ("127.0.0.3", 443),
                ("127.0.0.2", 5433),
                ("10.9.9.9", 25),
            ],
        )

    def test_port_of_the_proxy(self):
        """The proxy makes room for a target at its usual port."""
        plan = self.egress.plan("app_1", ("127.0.0.1:3128",))
        self.assertEqual([door.port for door in plan.doors], [3129, 3128])
        self.assertEqual(plan.environment["HTTPS_PROXY"], "http://127.0.0.1:3129")

    def test_port_of_the_program(self):
        """No door is in the way of a program that listens on every address."""
        plan = self.egress.plan("app_1", ("api:8000", "db:5432"), 8000)
        found = [(door.address, door.port) for door in plan.doors]
        self.assertEqual(found, [("127.0.0.1", 3128), ("127.0.0.3", 5432)])
        plan = self.egress.plan("app_1", ("db:5432",), 3128)
        self.assertEqual(plan.doors[0].port, 3129)

    def test_variables(self):
        """Programs look for the proxy in both spellings."""
        plan = self.egress.plan("app_1", ("db:5432",))
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            self.assertEqual(plan.environment[name], "http://127.0.0.1:3128")
            self.assertEqual(plan.environment[name.upper()], "http://127.0.0.1:3128")
        self.assertEqual(plan.environment["NO_PROXY"], plan.environment["no_proxy"])

    def test_bad_entries(self):
        """An entry that is no target is refused by name."""
        error = self.assertRaises(BadRequest, self.egress.plan, "app_1", ("*:443",))
        self.assertIn('"*:443"', str(error))

    def test_many_hosts(self):
        """More hosts than fit in one range of addresses have places of their own too."""
        plan = self.egress.plan("app_1", tuple(f"h{n}:1" for n in range(600)))
        self.assertEqual(len(set(plan.names.values())), 600)
        self.assertTrue(all(ip_address(one).is_loopback for one in plan.names.values()))


class ForwardTests(EgressCase):
    def test_forward(self):
        """Bytes sent to the address of a host arrive there, and answers come back."""
        factory = self.doors("db:5432")["127.0.0.2", 5432]
        program, near = self.enter(factory)
        self.assertEqual(near.producerState, "paused")
        address, far, transport = self.reached()
        self.assertEqual(address, ("10.0.0.7", 5432))
        self.assertEqual(near.producerState, "producing")
        program.dataReceived(b"question")
        far.dataReceived(b"answer")
        self.assertEqual((transport.value(), near.value()), (b"question", b"answer"))

    def test_ends_together(self):
        """When one side ends, so does the other."""
        factory = self.doors("db:5432")["127.0.0.2", 5432]
        program, _near = self.enter(factory)
        _address, _far, transport = self.reached()
        program.connectionLost()
        self.assertTrue(transport.disconnecting)
        _program, near = self.enter(factory)
        _address, far, _transport = self.reached(1)
        far.connectionLost(Failure(ConnectionDone()))
        self.assertTrue(near.disconnecting)

    def test_pressure(self):
        """Neither side is read faster than the other takes."""
        factory = self.doors("db:5432")["127.0.0.2", 5432]
        _program, near = self.enter(factory)
        _address, _far, transport = self.reached()
        self.assertIs(near.producer, transport)
        self.assertIs(transport.producer, near)

    def test_program_leaves(self):
        """A program that leaves before its target is reached leaves nothing behind."""
        factory = self.doors("db:5432")["127.0.0.2", 5432]
        program, _near = self.enter(factory)
        program.connectionLost()
        self.assertTrue(self.reactor.connectors[0].stoppedConnecting)

    def test_bounded(self):
        """A program has so many connections at a time, and gets places back; it is recorded."""
        factory = self.doors("db:5432")["127.0.0.2", 5432]
        entered = [self.enter(factory)[0] for _ in range(64)]
        self.assertEqual(self.events.deeds, [])
        self.assertIsNone(factory.buildProtocol(None))
        (deed,) = self.events.deeds
        self.assertEqual((deed.operation, deed.app_id), ("egress_refused", "app_1"))
        self.assertIn("it has 64 connections, or all programs together 512", deed.detail)
        entered[0].connectionLost()
        self.assertIsNotNone(factory.buildProtocol(None))

    def test_bounded_together(self):
        """So do all programs together."""
        made = 0
        for number in range(12):
            plan = self.egress.plan(f"app_{number}", ("db:5432",))
            made += sum(plan.doors[1].factory.buildProtocol(None) is not None for _ in range(64))
        self.assertEqual(made, 512)

    def test_refused(self):
        """A target whose name leads where it must not ends the connection, and is recorded."""
        self.names["db"] = ("127.0.0.1",)
        _program, near = self.enter(self.doors("db:5432")["127.0.0.2", 5432])
        self.assertTrue(near.aborted)
        (deed,) = self.events.deeds
        self.assertEqual(
            (deed.operation, deed.app_id, deed.target, deed.status, deed.source),
            ("egress_refused", "app_1", "db:5432", "Refused", "app_1"),
        )
        self.assertIn("loopback", deed.detail)


class ProxyTests(EgressCase):
    def setUp(self):
        super().setUp()
        factory = self.doors("api.example.com:443", "api.example.com:80", "db:1")["127.0.0.1", 3128]
        self.program, self.near = self.enter(factory)

    def ask(self, *parts):
        for part in parts:
            self.program.dataReceived(part)

    def answer(self):
        head, _, body = self.near.value().partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode()

    def test_tunnel(self):
        """An approved target is connected to; what was sent early arrives."""
        self.ask(b"CONNECT api.example.com", b":443 HTTP/1.1\r\n\r", b"\nearly")
        address, far, transport = self.reached()
        self.assertEqual(address, ("93.184.215.14", 443))
        self.assertEqual(self.near.value(), b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.ask(b", late")
        far.dataReceived(b"answer")
        self.assertEqual(transport.value(), b"early, late")
        self.assertTrue(self.near.value().endswith(b"answer"))

    def test_request(self):
        """A request for a whole URL is sent to its host as one for a path."""
        self.ask(b"GET http://api.example.com/x HTTP/1.1\r\nA: b\r\n\r\nbody")
        address, _far, transport = self.reached()
        self.assertEqual(address, ("93.184.215.14", 80))
        self.assertEqual(
            transport.value(),
            b"GET /x HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\nA: b\r\n\r\nbody",
        )
        self.assertEqual(self.near.value(), b"")

    def test_not_approved(self):
        """Another host, or another port, is refused with its name, and recorded."""
        for target in ("evil.example.com:443", "api.example.com:22", "169.254.169.254:80"):
            self.setUp()
            self.ask(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
            status, text = self.answer()
            self.assertEqual((status, text), (403, f"{target} was not approved for this app\n"))
            self.assertTrue(self.near.disconnecting)
            self.assertEqual([deed.target for deed in self.events.deeds], [target])
            self.assertEqual(self.reactor.tcpClients, [])

    def test_rebound(self):
        """A name that leads to the metadata service now is refused now."""
        self.names["api.example.com"] = ("169.254.169.254",)
        self.ask(b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n")
        status, text = self.answer()
        self.assertEqual(status, 403)
        self.assertIn("link-local", text)

    def test_not_found(self):
        """A host without an address is a fault of the way, no refusal."""
        self.names.clear()
        self.ask(b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n")
        self.assertEqual(self.answer(), (502, "host api.example.com not found\n"))
        self.assertEqual(self.events.deeds, [])

    def test_bad_request(self):
        """A request that is none is answered; nothing more of it is read."""
        self.ask(b"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
        self.assertEqual(self.answer()[0], 400)
        self.ask(b"x" * 100_000)
        self.assertEqual(self.program._early, b"")

    def test_long_head(self):
        """A head without end is answered."""
        self.ask(b"CONNECT ", b"a" * 33_000)
        self.assertEqual(self.answer()[0], 431)

    def test_slow_head(self):
        """A head has to come soon."""
        self.ask(b"CONNECT ")
        self.reactor.advance(15)
        self.assertTrue(self.near.aborted)

    def test_unreachable(self):
        """A target that takes no connection is told of; its other addresses are tried before."""
        self.names["api.example.com"] = ("93.184.215.14", "93.184.215.15")
        self.ask(b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n")
        for number in range(2):
            *_, factory, _timeout, _bind = self.reactor.tcpClients[number]
            factory.clientConnectionFailed(None, connection_refused())
        self.assertEqual(self.answer()[0], 502)


def connection_refused():
    return Failure(NobodyThere())
