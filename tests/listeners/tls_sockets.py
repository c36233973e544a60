"""Connections of our TLS transport without a reactor, and the clients at their other end."""

import select
import socket
import ssl
from contextlib import suppress

from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from clace.listeners.tls_socket import TLSServer
from tests.listeners.handshakes import trusting


class Turns(Clock):
    """As much of a reactor as waits for sockets, one turn when it is told to."""

    def __init__(self):
        super().__init__()
        self.readers, self.writers = set(), set()
        self.addReader, self.removeReader = self.readers.add, self.readers.discard
        self.addWriter, self.removeWriter = self.writers.add, self.writers.discard

    def turn(self):
        """Do what the sockets are ready for; false if they are ready for nothing."""
        readable, writable, _ = select.select(self.readers, self.writers, [], 0)
        for each in readable:
            self.act(each, each.doRead, reading=True)
        for each in writable:
            if each in self.writers:
                self.act(each, each.doWrite, reading=False)
        self.advance(0)
        return bool(readable or writable)

    def act(self, descriptor, do, *, reading):
        """End the connection, or half of it, as the reactor does with what comes back."""
        why = do()
        if why is None:
            return
        self.readers.discard(descriptor)
        if reading and isinstance(why, ConnectionDone):
            descriptor.readConnectionLost(Failure(why))
        else:
            self.writers.discard(descriptor)
            descriptor.connectionLost(Failure(why))


class Keeper(Protocol):
    """Keeps what it receives and how it ended; writes what it is told to, when it has received."""

    def __init__(self, answer=lambda keeper, data: None):
        self.answer = answer
        self.received = b""
        self.reason = None

    def dataReceived(self, data):
        self.received += data
        self.answer(self, data)

    def connectionLost(self, reason):
        self.reason = reason


def echo(keeper, data):
    keeper.transport.write(data)


class Client:
    """Python's TLS in memory, so that a test decides which bytes the socket gets and when."""

    def __init__(self, sock, context=None, session=None):
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = context or trusting()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, session=session)
        self.received = b""
        self.unsent = b""
        self.ended = None
        self.is_shaking_hands = True

    def step(self, most=65536):
        """Take what has come, ``most`` of it; the handshake goes on by itself."""
        with suppress(BlockingIOError, ConnectionResetError):
            data = self.sock.recv(most)
            self.incoming.write(data) if data else self.incoming.write_eof()
        try:
            if self.is_shaking_hands:
                self.tls.do_handshake()
                self.is_shaking_hands = False
            while data := self.tls.read(65536):
                self.received += data
            self.ended = "in order"
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = "in order"
        except ssl.SSLError:
            self.ended = self.ended or "cut"

    def write(self, data):
        self.tls.write(data)

    def say_goodbye(self):
        """Announce that nothing more will be sent."""
        with suppress(ssl.SSLWantReadError):
            self.tls.unwrap()

    def send(self, most=1 << 20):
        """Put on the socket what was written and what the handshake wants, ``most`` bytes of it."""
        self.unsent += self.outgoing.read()
        with suppress(BlockingIOError, BrokenPipeError):
            if self.unsent:
                self.unsent = self.unsent[self.sock.send(self.unsent[:most]) :]


class Line:
    """A connection of our transport to a client."""

    def __init__(self, creator, protocol, buffer=4096, context=None, session=None):
        ours, theirs = socket.socketpair()
        for each in (ours, theirs):
            each.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        self.sockets = (ours, theirs)
        self.turns = Turns()
        self.protocol = protocol
        self.client = Client(theirs, context, session)
        self.server = TLSServer(
            creator.encrypt, ours, protocol, ("127.0.0.1", 1), None, 0, self.turns
        )
        protocol.makeConnection(self.server)

    def close(self):
        for each in self.sockets:
            each.close()

    def run(self, until=lambda: False, turns=10_000):
        """Let both sides go on until nothing happens any more, or what was waited for has."""
        for _ in range(turns):
            before = self.state()
            self.client.step()
            self.client.send()
            if until():
                return
            if not self.turns.turn() and before == self.state():
                return
        raise AssertionError("it does not come to rest")

    def state(self):
        client = self.client
        return len(client.received), len(client.unsent), client.ended, client.is_shaking_hands
