"""Answers that tell what goes on meanwhile, through client, HTTP and the admin API."""

from treq.testing import RequestTraversalAgent
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site

from clace.admin_api.operation import LINES, Nothing
from clace.admin_api.server import SERVER_STATUS, ServerStatus
from clace.admin_api.versions import RELOAD_APPS, AppsReloaded, ReloadApps
from clace.client.administration import AdminClient
from clace.client.agents import AgentExchange
from clace.client.socket_exchange import SocketExchange
from clace.client.transport import CUT
from clace.errors import AppBroken, ClaceError, NeedsApproval, ServerUnreachable
from clace.model.deeds import FAILED
from clace.telling import WorkStep, listener, listening, step
from clace.web.admin.api import AdminAPI
from clace.web.admin.guard import trusted
from clace.web.root import RootResource
from tests.support.audit_contract import maker_into
from tests.support.local_servers import answering, listen, serving, socket_folder
from tests.support.web import Connection

RELOAD = ReloadApps("/x")


class Building:
    """An administration whose work tells lines, and ends when and as the test says."""

    def __init__(self, *lines, end=None):
        self.lines = lines
        self.end = end
        self.heard = []

    async def perform_as(self, _identity, operation, _query):
        if operation is SERVER_STATUS:
            self.heard.append(listener())
            return ServerStatus()
        hear = listener() or self.heard.append
        for line in self.lines:
            hear(line)
        if isinstance(self.end, Deferred):
            await self.end
        if isinstance(self.end, Exception):
            raise self.end
        return AppsReloaded()


class Stepping:
    """An administration whose work has two steps; in the second it ends as the test says."""

    def __init__(self, end):
        self.end = end

    async def perform_as(self, _identity, _operation, _query):
        with step("read"):
            pass
        with step("load"):
            if isinstance(self.end, Deferred):
                await self.end
            if isinstance(self.end, Exception):
                raise self.end
        return AppsReloaded()


class Events(list):
    """An audit log that can be read."""

    record = list.append


class ToldCase(SynchronousTestCase):
    def served(self, administration):
        self.audit, self.clock = Events(), Clock()
        events = maker_into(self.audit)
        api = AdminAPI(
            administration, trusted, events, clock=self.clock, new_id=lambda: "1", version="0"
        )
        return RootResource(api.resource(), None)


class OverAgent:
    """Clients over an ``Agent``."""

    def client_of(self, administration):
        self.agent = RequestTraversalAgent(self.served(administration))
        return AdminClient(AgentExchange(self.agent, Clock(), "http://localhost"), "server")

    def outcome(self, work):
        done = Deferred.fromCoroutine(work)
        self.agent.flush()
        return done


class OverSocket:
    """Clients over a UNIX socket."""

    def client_of(self, administration):
        path = socket_folder(self) / "s"
        listen(self, path, serving(self.served(administration)))
        return AdminClient(SocketExchange(str(path)), "server")

    def outcome(self, work):
        return Deferred.fromCoroutine(work)


class ToldContract:
    """The lines of work, whatever the way to the server."""

    def reload(self, *lines, end=None):
        """Return what a client that listens hears, and the outcome."""
        heard = []
        client = self.client_of(Building(*lines, end=end))
        with listening(heard.append):
            return heard, self.outcome(client.perform(RELOAD_APPS, RELOAD))

    def test_result(self):
        """Lines come before the result, which is recorded."""
        heard, done = self.reload("/x: one", "/x: two")
        self.assertEqual(self.successResultOf(done), AppsReloaded())
        self.assertEqual(heard, ["/x: one", "/x: two"])
        self.assertEqual([each.operation for each in self.audit], ["reload_apps"])

    def test_quick_steps(self):
        """Steps of work that ends at once are not told, and its end has a status of its own."""
        heard = []
        for end, kind in ((None, None), (NeedsApproval("approve first"), NeedsApproval)):
            client = self.client_of(Stepping(end))
            with listening(heard.append, heard.append):
                done = self.outcome(client.perform(RELOAD_APPS, RELOAD))
            if kind is None:
                self.assertEqual(self.successResultOf(done), AppsReloaded())
            else:
                self.failureResultOf(done, kind)
        self.assertEqual(heard, [])

    def test_nothing_to_tell(self):
        """Work without lines has its result, or its refusal."""
        heard, done = self.reload()
        self.assertEqual(self.successResultOf(done), AppsReloaded())
        _, done = self.reload(end=NeedsApproval("approve first"))
        self.assertEqual(self.failureResultOf(done, NeedsApproval).value.message, "approve first")
        self.assertEqual(heard, [])

    def test_refusal(self):
        """An error after lines is the one that the server raised, and is recorded as failed."""
        heard, done = self.reload("/x: one", end=AppBroken("no such package"))
        self.assertEqual(self.failureResultOf(done, AppBroken).value.message, "no such package")
        self.assertEqual((heard, self.audit[0].status), (["/x: one"], FAILED))

    def test_fault(self):
        """A fault of the server after lines is told by the number of its incident alone."""
        _, done = self.reload("/x: one", end=ValueError("secret"))
        message = self.failureResultOf(done, ClaceError).value.message
        self.assertNotIn("secret", message)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_nobody_listens(self):
        """Without a listener the answer is one value, and nobody is told."""
        building = Building("/x: one")
        client = self.client_of(building)
        done = self.outcome(client.perform(RELOAD_APPS, RELOAD))
        self.assertEqual(self.successResultOf(done), AppsReloaded())
        self.assertEqual(building.heard, ["/x: one"])

    def test_quick_operations(self):
        """Operations that never take long tell nothing, whoever listens."""
        building = Building()
        with listening(self.fail):
            client = self.client_of(building)
            done = self.outcome(client.perform(SERVER_STATUS, Nothing()))
        self.successResultOf(done)


class AgentToldTests(OverAgent, ToldContract, ToldCase):
    def test_steps(self):
        """Steps of longer work are told in their order, also if they are over by then."""
        heard, end = [], Deferred()
        client = self.client_of(Stepping(end))
        with listening(heard.append, heard.append):
            done = self.outcome(client.perform(RELOAD_APPS, RELOAD))
        self.assertEqual(heard, [])
        self.clock.advance(1)
        self.agent.flush()
        begun = [WorkStep("read"), WorkStep("read", has_ended=True), WorkStep("load")]
        self.assertEqual(heard, begun)
        end.callback(None)
        self.agent.flush()
        self.assertEqual(self.successResultOf(done), AppsReloaded())
        self.assertEqual(heard, [*begun, WorkStep("load", has_ended=True)])


class SocketToldTests(OverSocket, ToldContract, ToldCase):
    def test_older_server(self):
        """The answer of a server that tells nothing is its result."""
        path = socket_folder(self) / "s"
        body = b'{"reload_results":null}\n'
        listen(self, path, answering(b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n" + body))
        with listening(self.fail):
            client = AdminClient(SocketExchange(str(path)), "server")
            done = self.outcome(client.perform(RELOAD_APPS, RELOAD))
        self.assertEqual(self.successResultOf(done), AppsReloaded())

    def test_cut(self):
        """An answer that ends before the work has is no result."""
        path, heard = socket_folder(self) / "s", []
        body = b'{"line":"one"}\n'
        listen(self, path, answering(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + body))
        with listening(heard.append):
            client = AdminClient(SocketExchange(str(path)), "server")
            done = self.outcome(client.perform(RELOAD_APPS, RELOAD))
        self.assertIn(CUT, self.failureResultOf(done, ServerUnreachable).value.message)
        self.assertEqual(heard, ["one"])


class LiveTests(ToldCase):
    """A client that is told, as the server sees it."""

    def ask(self, building, accept=LINES):
        connection = Connection(Site(self.served(building), reactor=Clock()))
        connection.send(
            b"POST /_clace/reload?appPathGlob=/x HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 0\r\nAccept: %s\r\n\r\n" % accept.encode()
        )
        return connection

    def test_status(self):
        """What is refused before a line has the status of its error; later, only the text has."""
        for lines, status in (((), 409), (("one",), 200)):
            connection = self.ask(Building(*lines, end=NeedsApproval("approve first")))
            self.assertEqual(connection.statuses, [status])
            self.assertIn(b"approve first", connection.value())

    def test_at_once(self):
        """A line is sent when it is told, not when the work ends."""
        end = Deferred()
        connection = self.ask(Building("one", end=end))
        self.assertIn(b'{"line":"one"', connection.value())
        self.assertNotIn(b'"result"', connection.value())
        end.callback(None)
        self.assertIn(b'"result"', connection.value())

    def test_client_leaves(self):
        """Work goes on without its client, and is recorded."""
        for lines in (("one",), ()):
            end = Deferred()
            connection = self.ask(Building(*lines, end=end))
            connection.hang_up()
            self.assertEqual(self.audit, [])
            end.callback(None)
            self.assertEqual([each.operation for each in self.audit], ["reload_apps"])

    def test_others(self):
        """Clients that accept anything else get one value."""
        for accept in ("application/json", "*/*"):
            answer = self.ask(Building("one"), accept).value()
            self.assertIn(b"Content-Type: application/json\r\n", answer)
            self.assertNotIn(b'"line"', answer)
