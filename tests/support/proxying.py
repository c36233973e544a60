"""A proxy in memory: visitors on one side, the server they are passed on to on the other."""

from functools import partial

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from clace.driving import drive
from clace.errors import ClaceError
from clace.interfaces import ProxyLimits
from clace.model.app import App
from clace.model.hosts import host_name
from clace.model.identity import Assurance, Identity
from clace.model.proxying import ProxyConfig, ProxyRoute
from clace.proxy.relaying import Proxy
from clace.runtime.no_programs import NO_PROGRAMS
from clace.web.apps.proxied import ProxiedApps, ProxyEdge
from clace.web.apps.requests import clean_path, relative_path
from clace.web.apps.visitors import Visitors
from clace.web.http1.answering import own_fields
from clace.web.http1.direct import Entrance
from clace.web.statuses import status_of
from tests.support.apps import an_app
from tests.support.web import Connection, Served, SlowConnection

URL = "http://there:8000"
SECONDS = ProxyLimits(connect=10, idle=60, upgrade_idle=600, pool_idle=15, pool_size=2)


class There(StringTransport):
    """The connection to the other server, as that server sees it."""

    def __init__(self, protocol):
        super().__init__()
        self.protocol = protocol
        self.lost = False
        self.half_closed = False
        protocol.makeConnection(self)

    def setTcpNoDelay(self, enabled):
        pass

    @property
    def asked(self):
        """All that was sent and not looked at yet."""
        value = self.value()
        self.clear()
        return value

    def say(self, data):
        self.protocol.dataReceived(data)

    def loseWriteConnection(self):
        self.half_closed = True

    def end_half(self):
        """The server sends no more."""
        self.protocol.readConnectionLost()

    def hang_up(self, reason=None):
        if not self.lost:
            self.lost = True
            self.protocol.connectionLost(Failure(reason or ConnectionDone()))

    def reset(self):
        self.hang_up(ConnectionLost())

    def loseConnection(self):
        super().loseConnection()
        self.hang_up()

    def abortConnection(self):
        super().abortConnection()
        self.hang_up(ConnectionLost())

    def unregisterProducer(self):
        self.producer = None


class MemoryEndpoints:
    """Connects at once, or when ``release`` is called."""

    def __init__(self):
        self.opened = []
        self.asked_for = []
        self.failure = None
        self.held = None

    def connect(self, upstream, factory, seconds):
        self.asked_for.append(upstream)
        if self.held is not None:
            waiting = Deferred()
            self.held.append((waiting, factory))
            return waiting
        return self._connected(factory)

    def _connected(self, factory):
        if self.failure is not None:
            return Deferred.fromCoroutine(self._fail())
        protocol = factory.buildProtocol(None)
        self.opened.append(There(protocol))
        return succeed(protocol)

    async def _fail(self):
        raise self.failure

    def release(self):
        waiting, factory = self.held.pop(0)
        self._connected(factory).chainDeferred(waiting)


class ProxyEntrance(Resource, Entrance):
    """Passes every request on; an error is answered with its code, and why."""

    def __init__(self, proxied, case):
        super().__init__()
        self._proxied = proxied
        self._case = case

    def takes(self, target):
        return True

    def serve(self, request):
        drive(self._serve(request), partial(self._case.broken.append))

    async def _serve(self, request):
        case = self._case
        inside = relative_path(clean_path(request.path), case.app.path)
        audit = case.audit(request)
        edge = ProxyEdge(
            limits=case.limits,
            headers_level=case.headers_level,
            shared=case.shared,
            uses_token=case.uses_token,
        )
        try:
            answer = await self._proxied.relay(request, case.app, case.route, inside, audit, edge)
            if answer is not None:
                request.answer(answer.status, own_fields(answer.headers), b"")
        except ClaceError as error:
            case.failed += [error.lines] if getattr(error, "lines", ()) else []
            if not request.is_gone:
                body = f"{error.code}: {error.message}".encode()
                request.answer(status_of(type(error)), own_fields(()), body)


class SeenAudit:
    """The audit of one request."""

    def __init__(self, case):
        self.user = case.user
        self.identity = Identity(user_id=case.user, assurance=Assurance.PASSWORD)
        self.granted = ()
        self._case = case

    def end(self, status):
        self._case.statuses.append(status)

    def fail(self, fault):
        self._case.faults.append(fault.message)


class OpenAccess:
    """Everybody is let in."""

    def __init__(self, is_open=True):
        self._is_open = is_open
        self.issued = 0
        self.visitors = Visitors(issue=self._issue)

    async def _issue(self, identity, app_id):
        self.issued += 1
        return f"{identity.user_id}.{app_id}.{self.issued}"

    def is_open(self, app):
        return self._is_open


class OwnNames:
    """The names by which apps are served, and the apps of the case on each host."""

    def __init__(self, case):
        self._case = case

    def on(self, _host):
        return (self._case.app, *self._case.neighbours)

    def serves(self, host):
        return host_name(host) == "localhost"


class MemoryProxyCase(SynchronousTestCase):
    """One app, all of which is proxied."""

    limits = SECONDS
    headers_level = 0
    shared = ()
    user = "ann"
    path = "/app"
    config = {}
    most = 1000
    is_open = True
    uses_token = False
    neighbours = ()

    def setUp(self):
        self.app: App = an_app(self.path)
        self.route = ProxyRoute("/", ProxyConfig(URL, **self.config))
        self.statuses = []
        self.faults = []
        self.broken = []
        self.failed = []
        self.there = MemoryEndpoints()
        self.make_served()
        self.addCleanup(lambda: self.assertEqual(self.broken, []))

    def make_served(self, **limits):
        self.served = Served(Resource(), **limits)
        self.proxy = Proxy(self.served.clock, self.there, "clace-1", NO_PROGRAMS, self.most)
        access = OpenAccess(self.is_open)
        proxied = ProxiedApps(self.proxy, OwnNames(self), access, "localhost")
        self.served.recorder = ProxyEntrance(proxied, self)
        self.served.site = self.served.make_site()

    def audit(self, _request):
        return SeenAudit(self)

    def visit(self, request=b"", slow=False):
        """A visitor's connection, on which this was sent."""
        connection = (SlowConnection if slow else Connection)(self.served.site)
        if request:
            connection.send(request)
        return connection

    def get(self, path=b"/app/x", *lines, method=b"GET"):
        return self.visit(asking(path, *lines, method=method))

    @property
    def last(self):
        return self.there.opened[-1]


def asking(path=b"/app/x", *lines, method=b"GET", body=b""):
    """A request, as its visitor sends it."""
    more = b"".join(b"%b\r\n" % line for line in lines)
    return b"%b %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n%b" % (method, path, more, body)
