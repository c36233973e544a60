"""Tests for ``clace.web.http1.connections``."""

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from clace.web.forwarded import TrustedProxies
from clace.web.http1.connections import ConnectionBounds, ConnectionCounts
from tests.support.web import Connection, Served
from tests.web.test_heads import GET, POST


def at(host):
    kind = IPv6Address if ":" in host else IPv4Address
    return kind("TCP", host, 4711)


class ConnectionsCase(SynchronousTestCase):
    def served(self, *, proxies=(), **bounds):
        served = Served()
        trusted = TrustedProxies(proxies)
        connections = ConnectionCounts(ConnectionBounds(**bounds), trusted, served.clock)
        served.site = served.make_site(connections, trusted)
        served.recorder.hold = True
        return served

    def connect(self, served, host="192.0.2.1", *, busy=True):
        """A connection from there, in the middle of a request if it is busy."""
        peer = UNIXAddress(b"/x") if host == "unix" else at(host)
        connection = Connection(served.site, peerAddress=peer)
        if busy and not connection.disconnecting:
            connection.send(GET + b"\r\n")
        connection.settle()
        return connection


class LimitTests(ConnectionsCase):
    def test_of_one_address(self):
        """An address has so many connections; more are told so, and others are not concerned."""
        served = self.served(each=3)
        for _ in range(3):
            self.assertFalse(self.connect(served).lost)
        refused = self.connect(served)
        self.assertEqual(refused.statuses, [503])
        self.assertIn(b"\r\nRetry-After: ", refused.value())
        self.assertTrue(refused.lost)
        self.assertFalse(self.connect(served, "192.0.2.2").lost)

    def test_in_all(self):
        """All addresses together have so many."""
        served = self.served(most=3)
        for number in range(3):
            self.assertFalse(self.connect(served, f"192.0.2.{number}").lost)
        self.assertEqual(self.connect(served, "192.0.2.9").statuses, [503])

    def test_room_again(self):
        """What is closed makes room."""
        served = self.served(most=1, each=1)
        for _ in range(3):
            connection = self.connect(served)
            self.assertFalse(connection.lost)
            self.assertTrue(self.connect(served).lost)
            connection.hang_up()

    def test_room_for_one(self):
        """What is closed makes room for one, as often as that happens, and not for more."""
        for bounds in ({"most": 3}, {"each": 3}):
            served = self.served(**bounds)
            connections = [self.connect(served) for _ in range(3)]
            for _ in range(3):
                connections.pop(0).hang_up()
                connections.append(self.connect(served))
                self.assertFalse(connections[-1].lost)
                self.assertTrue(self.connect(served).lost)

    def test_nothing_is_kept_of_addresses(self):
        """An address without connections is forgotten: there are more than could be kept."""
        served = Served()
        counts = ConnectionCounts(ConnectionBounds(), TrustedProxies(), served.clock)
        served.site = served.make_site(counts)
        for number in range(3):
            self.connect(served, f"192.0.2.{number}").hang_up()
        self.assertEqual((counts._groups, counts._open, counts._idle), ({}, {}, {}))

    def test_networks(self):
        """Of IPv6 a network of 64 bits is one address; a mapped address is the one it maps."""
        served = self.served(each=1)
        for one, same, other in (
            ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"),
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
        ):
            self.assertFalse(self.connect(served, one).lost)
            self.assertTrue(self.connect(served, same).lost)
            self.assertFalse(self.connect(served, other).lost)

    def test_proxies(self):
        """Connections of trusted proxies and of sockets count only where files run out."""
        served = self.served(most=1, each=1, ceiling=5, proxies=["192.0.2.0/24"])
        for _ in range(2):
            self.assertFalse(self.connect(served).lost)
            self.assertFalse(self.connect(served, "unix").lost)
        self.assertFalse(self.connect(served, "198.51.100.1").lost)
        self.assertTrue(self.connect(served).lost)

    def test_no_limits(self):
        """Zero is no limit."""
        served = self.served(most=0, each=0)
        self.assertFalse(any(self.connect(served).lost for _ in range(5000)))


class RoomTests(ConnectionsCase):
    def test_idle_ones_make_room(self):
        """Who waits longest without a request is closed for a new connection."""
        for bounds in ({"each": 3}, {"most": 3}, {"ceiling": 3}):
            served = self.served(**bounds)
            first = self.connect(served, busy=False)
            busy = self.connect(served)
            third = self.connect(served, busy=False)
            first.send(b"GE")
            self.assertFalse(self.connect(served).lost)
            self.assertEqual([one.lost for one in (first, busy, third)], [True, False, False])

    def test_closed_once(self):
        """A connection that made room, and is slow to be gone, cannot make it again."""

        class Slow:
            def abort(self):
                """Be gone some time later."""

        counts = ConnectionCounts(ConnectionBounds(each=1), TrustedProxies(), Served().clock)
        first, second, third = Slow(), Slow(), Slow()
        self.assertTrue(counts.admit(first, at("192.0.2.1")))
        self.assertTrue(counts.admit(second, at("192.0.2.1")))
        counts.busy(second)
        self.assertFalse(counts.admit(third, at("192.0.2.1")))

    def test_idle_again(self):
        """A connection that was answered is idle again, and the last to go."""
        served = self.served(each=2)
        served.recorder.hold = False
        first = self.connect(served)
        second = self.connect(served)
        first.send(GET + b"\r\n")
        self.connect(served)
        self.assertEqual([one.lost for one in (first, second)], [False, True])

    def test_uploads_are_busy(self):
        """A request whose body is on its way is not closed for others."""
        served = self.served(each=1)
        connection = self.connect(served, busy=False)
        connection.send(POST + b"Content-Length: 10\r\n\r\n")
        self.assertTrue(self.connect(served).lost)
        self.assertFalse(connection.lost)

    def test_nobody_is_closed_for_other_addresses(self):
        """An address that is over its own limit takes room from itself only."""
        served = self.served(each=1)
        other = self.connect(served, "192.0.2.2", busy=False)
        self.connect(served)
        self.assertTrue(self.connect(served).lost)
        self.assertFalse(other.lost)

    def test_is_logged_now_and_then(self):
        """A flood of connections leaves a line a minute, which counts them."""
        lines = []
        globalLogPublisher.addObserver(lines.append)
        self.addCleanup(globalLogPublisher.removeObserver, lines.append)
        served = self.served(each=1)
        self.connect(served)
        for seconds in (0, 1, 1, 60):
            served.clock.advance(seconds)
            self.connect(served)
        told = [line["refused"] for line in lines if line["log_level"] is LogLevel.warn]
        self.assertEqual(told, [1, 3])
