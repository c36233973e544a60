"""Tests for ``clace.listeners.tls_socket``."""

import socket
import ssl
from itertools import cycle

from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    INegotiated,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import Factory
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides
from zope.interface.verify import verifyObject

from clace.listeners.plain_http import PLAIN_HTTP
from clace.listeners.tls import TLSByName, context_of
from clace.listeners.tls_socket import TLSServer
from clace.sending import write_now
from tests.listeners.handshakes import trusting
from tests.listeners.test_tls import loaded
from tests.listeners.tls_sockets import Keeper, Line, Turns, echo
from tests.support.web import Served

CREATOR = TLSByName(lambda _: CONTEXT)
CONTEXT = context_of(loaded())
LARGE = bytes(range(256)) * 2048


class LineTestCase(SynchronousTestCase):
    def line(self, answer=lambda *_: None, **options):
        line = Line(CREATOR, Keeper(answer), **options)
        self.addCleanup(line.close)
        return line

    def connected(self, answer=lambda *_: None, **options):
        """A connection after its handshake."""
        line = self.line(answer, **options)
        line.run()
        self.assertFalse(line.client.is_shaking_hands)
        return line


class ConversationTests(LineTestCase):
    def test_interfaces(self):
        """It is a transport of TCP and of TLS."""
        line = self.connected()
        for interface in (ITCPTransport, ISSLTransport, INegotiated):
            verifyObject(interface, line.server)
        self.assertIsNone(line.server.getPeerCertificate())
        self.assertIsNone(line.server.negotiatedProtocol)

    def test_negotiates(self):
        """The protocol that ALPN has chosen is told."""
        context = trusting()
        context.set_alpn_protocols(["h2", "http/1.1"])
        self.assertEqual(self.connected(context=context).server.negotiatedProtocol, b"http/1.1")

    def test_resumes(self):
        """A client that comes back saves the handshake, on both versions."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trusting(version=version)
            first = self.connected(context=context)
            first.server.loseConnection()
            first.run()
            again = self.connected(context=context, session=first.client.tls.session)
            self.assertTrue(again.client.tls.session_reused)

    def test_renegotiation(self):
        """A client of TLS 1.2 that wants a second handshake is told that there will be none."""
        line = self.line()
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        client = SSL.Connection(context, line.sockets[1])
        client.set_connect_state()
        self.converse(line, client.do_handshake)
        self.assertTrue(client.renegotiate())
        refused = self.assertRaises(SSL.Error, self.converse, line, client.do_handshake)
        self.assertIn("no renegotiation", str(refused))

    def converse(self, line, do):
        """Do this with OpenSSL as the client, and what that asks the server for."""
        for _ in range(10):
            try:
                return do()
            except SSL.WantReadError:
                line.turns.turn()
        return self.fail("it does not end")

    def test_deadline(self):
        """A client that does not begin, or goes on, with the handshake is closed on in time."""
        for sent in (b"", b"\x16\x03\x01"):
            served = Served()
            line = Line(CREATOR, served.site.buildProtocol(None))
            self.addCleanup(line.close)
            line.sockets[1].send(sent)
            line.turns.turn()
            served.clock.advance(served.limits.head_seconds - 1)
            self.assertTrue(line.server.connected)
            served.clock.advance(1)
            line.turns.turn()
            self.assertEqual((line.server.connected, line.sockets[1].recv(1)), (False, b""))
        # The sockets of these tests know nothing of TCP_NODELAY.
        self.flushLoggedErrors(OSError)

    def test_both_ways(self):
        """Both versions carry what is larger than any buffer, in both directions."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            line = self.connected(echo, context=trusting(version=version))
            line.client.write(LARGE)
            line.run()
            self.assertEqual(line.protocol.received, LARGE)
            self.assertEqual(line.client.received, LARGE)
            self.assertEqual((line.turns.readers, line.turns.writers), ({line.server}, set()))

    def test_written_before_the_handshake(self):
        """Bytes that are written too early go out after the handshake."""
        line = self.line()
        line.server.write(b"early ")
        write_now(line.server, b"bird")
        self.assertEqual(line.turns.writers, set())
        line.run()
        self.assertEqual(line.client.received, b"early bird")

    def test_at_once(self):
        """``write_now`` sends before the reactor has a turn, and needs none."""
        line = self.connected()
        write_now(line.server, b"one")
        self.assertEqual(line.turns.writers, set())
        line.client.step()
        self.assertEqual(line.client.received, b"one")

    def test_wrapped(self):
        """Whatever wraps it is written to in the usual way: it may change bytes on their way."""

        class Shouting(ProtocolWrapper):
            def write(self, data):
                super().write(data.upper())

        inner = Keeper()
        line = Line(CREATOR, Shouting(WrappingFactory(Factory()), inner))
        self.addCleanup(line.close)
        line.run()
        write_now(inner.transport, b"one")
        line.run()
        self.assertEqual(line.client.received, b"ONE")

    def test_at_once_behind_what_is_queued(self):
        """It overtakes nothing, and the rest of what the socket does not take follows."""
        line = self.connected()
        line.server.write(b"first ")
        write_now(line.server, LARGE)
        write_now(line.server, b"last")
        line.run()
        self.assertEqual(line.client.received, b"first " + LARGE + b"last")

    def test_pauses_producer(self):
        """Who writes is told to wait while the client is behind, and to go on when it is not."""
        line, told = self.connected(), []

        class Producer:
            pauseProducing = staticmethod(lambda: told.append("pause"))
            resumeProducing = staticmethod(lambda: told.append("resume"))

        line.server.registerProducer(Producer, True)
        write_now(line.server, LARGE)
        self.assertEqual(told, ["pause"])
        line.run()
        self.assertEqual(told, ["pause", "resume"])

    def test_pauses_reading(self):
        """A protocol that wants no more gets no more, and all of it when it goes on."""
        line = self.connected(lambda keeper, _: keeper.transport.pauseProducing())
        line.client.write(LARGE)
        line.run()
        had = len(line.protocol.received)
        self.assertLess(had, len(LARGE))
        line.protocol.answer = lambda *_: None
        line.server.resumeProducing()
        line.run()
        self.assertEqual(line.protocol.received, LARGE)

    def test_fair(self):
        """One turn reads a buffer's worth, however much a client sends."""
        pieces = []
        line = self.connected(lambda _, data: pieces.append(len(data)), buffer=1 << 20)
        line.client.write(LARGE)
        line.client.send()
        line.turns.turn()
        self.assertLessEqual(pieces[0], line.server.bufferSize)
        line.run()
        self.assertEqual(sum(pieces), len(LARGE))


class EndTests(LineTestCase):
    def test_closes_in_order(self):
        """Closing sends all that was written, then says that it is the end."""
        line = self.connected()
        line.server.write(LARGE)
        line.server.loseConnection()
        line.run(lambda: line.client.ended)
        self.assertEqual((line.client.received, line.client.ended), (LARGE, "in order"))
        self.assertIsInstance(line.protocol.reason.value, ConnectionDone)

    def test_answer_after_which_it_closes(self):
        """A client that sends its request and its end together gets its answer."""

        def answer(keeper, _):
            keeper.transport.write(LARGE)
            keeper.transport.loseConnection()

        # Both are found in one turn: after a full record the next is looked for at once.
        line = self.connected(answer, buffer=1 << 16)
        line.client.write(bytes(16384))
        line.client.say_goodbye()
        line.run(lambda: line.client.ended)
        self.assertEqual(len(line.client.received), len(LARGE))

    def test_client_closes(self):
        """A client that says goodbye gets one back."""
        line = self.connected()
        line.client.say_goodbye()
        line.run()
        self.assertEqual(line.client.ended, "in order")
        self.assertIsInstance(line.protocol.reason.value, ConnectionDone)

    def test_client_cuts(self):
        """An end that nobody announced may be an attacker's: the connection is lost."""
        line = self.connected()
        line.sockets[1].shutdown(socket.SHUT_WR)
        line.run()
        self.assertIsInstance(line.protocol.reason.value, ConnectionLost)

    def test_client_has_gone(self):
        """Writing to nobody ends the connection."""
        line = self.connected()
        line.sockets[1].close()
        write_now(line.server, b"one")
        self.assertEqual(line.turns.writers, {line.server})
        line.turns.turn()
        self.assertIsInstance(line.protocol.reason.value, ConnectionLost)
        self.assertEqual((line.turns.readers, line.turns.writers), (set(), set()))

    def test_client_closes_one_half(self):
        """A protocol that knows of halves may answer a client that will send no more."""
        line = self.connected()
        line.protocol.readConnectionLost = lambda: line.server.write(LARGE)
        line.protocol.writeConnectionLost = lambda: None
        directlyProvides(line.protocol, IHalfCloseableProtocol)
        line.client.say_goodbye()
        line.run()
        self.assertIsNone(line.protocol.reason)
        self.assertEqual(line.client.received, LARGE)
        line.server.loseConnection()
        line.run()
        self.assertEqual(line.client.ended, "in order")

    def test_we_close_one_half(self):
        """After our end of the conversation the client's still comes."""
        line = self.connected()
        line.server.loseWriteConnection()
        line.run()
        line.client.ended = None
        line.client.write(b"more")
        line.run()
        self.assertEqual(line.protocol.received, b"more")

    def test_abort(self):
        """To abort sends nothing more, and drops what was queued."""
        line = self.connected()
        write_now(line.server, LARGE)
        line.server.abortConnection()
        line.turns.turn()
        self.assertIsInstance(line.protocol.reason.value, ConnectionAborted)
        self.assertFalse(hasattr(line.server, "_tls"))

    def test_closed_during_handshake(self):
        """Before there is anything to say to a client, closing takes one turn."""
        line = self.line()
        line.server.loseConnection()
        line.turns.turn()
        self.assertIsInstance(line.protocol.reason.value, ConnectionDone)

    def test_closed_before_it_was_sent(self):
        """What was written before the handshake and the end of it comes after the handshake."""
        line = self.line()
        line.server.write(b"sorry")
        line.server.loseConnection()
        line.run(lambda: line.client.ended)
        self.assertEqual((line.client.received, line.client.ended), (b"sorry", "in order"))

    def test_not_tls(self):
        """Something else than TLS ends with OpenSSL's word of why, and is not delivered."""
        line = self.line()
        line.sockets[1].send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        line.turns.turn()
        self.assertIsInstance(line.protocol.reason.value, SSL.Error)
        self.assertIn("http request", str(line.protocol.reason.value))
        self.assertEqual(line.protocol.received, b"")
        self.assertEqual(line.sockets[1].recv(4096), PLAIN_HTTP)

    def test_plain_http(self):
        """A client without TLS gets a whole answer in plain text, however much it has sent."""
        line = self.line()
        request = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20000
        line.sockets[1].send(request)
        line.turns.turn()
        head, _, body = line.sockets[1].recv(4096).partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 400 Bad Request\r\n"))
        self.assertIn(b"Content-Length: %d" % len(body), head)
        self.assertIn(b"speaks HTTPS", body)
        self.assertEqual(line.sockets[1].recv(4096), b"")

    def test_neither(self):
        """Bytes that are neither TLS nor HTTP are answered by no HTTP."""
        line = self.line()
        line.sockets[1].send(b"SSH-2.0-OpenSSH_9.2\r\n")
        line.turns.turn()
        self.assertRaises(ConnectionResetError, line.sockets[1].recv, 4096)

    def test_gone_during_handshake(self):
        """A client that leaves in the middle of the handshake is lost without a fault of ours."""
        line = self.line()
        line.sockets[1].close()
        line.turns.turn()
        self.assertIsInstance(line.protocol.reason.value, ConnectionLost)

    def test_forged_record(self):
        """A record that was changed on its way ends the connection; nothing of it is delivered."""
        line = self.connected()
        line.client.write(b"harmless")
        record = bytearray(line.client.outgoing.read())
        record[-1] ^= 1
        line.sockets[1].send(record)
        line.turns.turn()
        self.assertEqual(line.protocol.received, b"")
        self.assertIsInstance(line.protocol.reason.value, ConnectionLost)


CUTS = st.lists(st.integers(1, 3000), min_size=1, max_size=8)


class CutTests(SynchronousTestCase):
    @settings(deadline=None, max_examples=60)
    @given(
        st.lists(st.binary(min_size=1, max_size=40_000), max_size=4),
        CUTS,
        CUTS,
        st.sampled_from([1, 4096, 65536]),
        st.sampled_from([ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]),
    )
    def test_however_it_is_cut(self, messages, sent_in, taken_in, buffer, version):
        """Bytes arrive as they were sent, wherever the network cuts them and how slow it is."""
        line = Line(CREATOR, Keeper(echo), buffer, trusting(version=version))
        wanted = b"".join(messages)
        sizes, takes = cycle(sent_in), cycle(taken_in)
        try:
            while len(line.client.received) < len(wanted):
                line.client.step(next(takes))
                if not line.client.is_shaking_hands and messages:
                    line.client.write(messages.pop(0))
                line.client.send(next(sizes))
                line.turns.turn()
                self.assertIsNone(line.protocol.reason)
        finally:
            line.close()
        self.assertEqual(line.protocol.received, wanted)
        self.assertEqual(line.client.received, wanted)


class Scripted:
    """OpenSSL as it may behave: any operation may want the socket in any way first.

    It insists on what OpenSSL insists on: a record that had to wait is sent again with the same
    bytes in front. In ``wanted`` is how the socket must become ready for things to go on.
    """

    def __init__(self, moods, incoming, record=16384):
        self.record = record
        self.moods = iter(moods)
        self.incoming = list(incoming)
        self.sent = b""
        self.promised = b""
        self.wanted = None
        self.is_open = self.is_closed = False

    def set_accept_state(self):
        pass

    def _hesitate(self, *ways):
        self.wanted = next(self.moods, None)
        if self.wanted is not None and self.wanted in ways:
            raise self.wanted
        self.wanted = None

    def do_handshake(self):
        self._hesitate(SSL.WantReadError, SSL.WantWriteError)
        self.is_open = True

    def recv(self, size):
        try:
            self._hesitate(SSL.WantReadError, SSL.WantWriteError)
        except SSL.WantReadError:
            self.wanted = None
            raise
        if not self.incoming:
            raise SSL.WantReadError
        return self.incoming.pop(0)[:size]

    def send(self, data):
        record = bytes(data[: self.record])
        if not record.startswith(self.promised):
            raise AssertionError("a record that was begun goes on with other bytes")
        self.promised = record
        self._hesitate(SSL.WantReadError, SSL.WantWriteError)
        self.promised = b""
        self.sent += record
        return len(record)

    def shutdown(self):
        self._hesitate(SSL.WantWriteError)
        self.is_closed = True


MOODS = st.lists(st.sampled_from([None, SSL.WantReadError, SSL.WantWriteError]), max_size=30)
RECORDS = st.lists(st.binary(min_size=1, max_size=100), max_size=5)


class WaitingTests(SynchronousTestCase):
    @settings(deadline=None, max_examples=300)
    @given(MOODS, RECORDS, st.lists(st.integers(1, 40_000), max_size=5), st.booleans())
    def test_waits_for_what_openssl_wants(self, moods, records, sizes, at_once):
        """Whatever each operation waits for, all bytes go both ways, and it closes in order."""
        self.converse(Scripted(moods, records), records, sizes, at_once)

    def test_partial_sends(self):
        """So it is when the socket takes a byte at a time, and after each of them none for once."""
        for at_once in (False, True):
            moods = [None] * 3 + [None, SSL.WantWriteError] * 60
            self.converse(Scripted(moods, [], record=1), [], [1, 20, 40], at_once)

    def converse(self, openssl, records, sizes, at_once):
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        turns, keeper = Turns(), Keeper()
        server = TLSServer(lambda _: openssl, ours, keeper, ("127.0.0.1", 1), None, 0, turns)
        keeper.makeConnection(server)
        written = [bytes([place]) * size for place, size in enumerate(sizes)]
        for data in written:
            (write_now if at_once else type(server).write)(server, data)
            self.step(server, openssl, turns)
        while not openssl.is_open or openssl.incoming:
            self.step(server, openssl, turns)
        self.assertEqual(keeper.received, b"".join(records))
        server.loseConnection()
        while not keeper.reason:
            self.step(server, openssl, turns)
        self.assertEqual(openssl.sent, b"".join(written))
        self.assertTrue(openssl.is_closed)
        self.assertIsInstance(keeper.reason.value, ConnectionDone)

    def step(self, server, openssl, turns):
        """Be ready in the way that was wanted last, or in one of those that are waited for."""
        wanted, openssl.wanted = openssl.wanted, None
        if server in turns.readers and wanted is not SSL.WantWriteError:
            turns.act(server, server.doRead, reading=True)
        elif server in turns.writers and wanted is not SSL.WantReadError:
            turns.act(server, server.doWrite, reading=False)
        else:
            self.fail(f"OpenSSL wants {wanted}; nobody waits for that")

    def test_nothing_to_do(self):
        """With nothing to send it never asks for a writable socket, which would keep it busy."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        turns, keeper = Turns(), Keeper()
        server = TLSServer(
            lambda _: Scripted([], [b"one"]), ours, keeper, ("127.0.0.1", 1), None, 0, turns
        )
        keeper.makeConnection(server)
        theirs.send(b"x")
        turns.turn()
        self.assertEqual(keeper.received, b"one")
        self.assertEqual((turns.readers, turns.writers), ({server}, set()))
