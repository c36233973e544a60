"""A site in memory: what it was asked, and what it answered."""

import re
import struct

from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from clace.errors import ClaceError
from clace.web.forwarded import TrustedProxies
from clace.web.http1.limits import RequestLimits
from clace.web.http1.site import Site, receive

NO_PROXIES = TrustedProxies()
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) [A-Z]")


class SiteTreq(StubTreq):
    """A client whose requests go to a site of ours."""

    def __init__(self, site):
        super().__init__(site.resource)
        self._agent._serverFactory = site


class Recorder(Resource):
    """Answers every request with its number, at once or when ``release`` is called."""

    isLeaf = True

    def __init__(self):
        super().__init__()
        self.seen = []
        self.waiting = []
        self.hold = False

    def render(self, request):
        Deferred.fromCoroutine(self.answer(request)).addErrback(lambda f: f.trap(ClaceError))
        return NOT_DONE_YET

    async def answer(self, request):
        await receive(request)
        self.seen.append(
            (
                request.method,
                request.uri,
                sorted(request.requestHeaders.getAllRawHeaders()),
                request.content.read(),
            )
        )
        if self.hold:
            self.waiting.append(request)
            return
        answer = b"answer %d" % len(self.seen)
        request.setHeader(b"content-length", b"%d" % len(answer))
        request.write(answer)
        request.finish()

    def release(self):
        request = self.waiting.pop(0)
        request.write(b"late")
        request.finish()


class Kernel:
    """What ``TCP_INFO`` says, as far as anybody looks."""

    def __init__(self, acknowledged):
        self._acknowledged = acknowledged

    def getsockopt(self, level, option, size):
        if self._acknowledged is None:
            raise OSError("not a TCP socket")
        return bytes(120) + struct.pack("=Q", self._acknowledged)


class Connection(StringTransport):
    """A client's connection to a site; it is lost when the server closes it."""

    def __init__(self, site, **address):
        super().__init__(**address)
        self.lost = False
        self.acknowledged = None
        self.channel = site.buildProtocol(None)
        self.channel.makeConnection(self)

    def setTcpNoDelay(self, enabled):
        pass

    def getHandle(self):
        """The socket, of which the kernel says how much the client has acknowledged."""
        return Kernel(self.acknowledged)

    def send(self, data):
        self.channel.dataReceived(data)
        self.settle()

    def settle(self):
        if self.disconnecting and not self.lost:
            self.hang_up(ConnectionDone())

    def abortConnection(self):
        super().abortConnection()
        self.hang_up(ConnectionAborted())

    def hang_up(self, reason=None):
        self.lost = True
        self.reason = reason
        self.channel.connectionLost(Failure(reason or ConnectionDone()))

    @property
    def statuses(self):
        """The statuses of all answers so far."""
        return [int(status) for status in _STATUS.findall(self.value())]


class SlowConnection(Connection):
    """A client that reads when it is told to; until then the transport holds what is written, and
    pauses who writes as Twisted's do.
    """

    held = 0

    def write(self, data):
        super().write(data)
        self.held += len(data)
        if self.held > 64 * 1024:
            self.channel.pauseProducing()

    def writeSequence(self, data):
        self.write(b"".join(data))

    def read(self):
        """Take what is held; whether there was any."""
        held, self.held = self.held, 0
        if held > 64 * 1024:
            self.channel.resumeProducing()
        return bool(held)


class Served:
    """A site with a recorder, a clock and its access log."""

    def __init__(self, resource=None, **limits):
        self.clock = Clock()
        self.recorder = Recorder() if resource is None else resource
        self.log = []
        self.limits = RequestLimits(**limits)
        self.site = self.make_site()

    def make_site(self, connections=None, proxies=NO_PROXIES):
        return Site(
            self.recorder,
            self.clock,
            access_log=self.log.append,
            new_id=lambda: "i1",
            limits=self.limits,
            proxies=proxies,
            connections=connections,
        )

    def connect(self):
        return Connection(self.site)

    def ask(self, *pieces):
        """A connection on which the pieces were sent, until it was closed."""
        connection = self.connect()
        for piece in pieces:
            if connection.lost:
                break
            connection.send(piece)
        return connection
