"""The client does what the daemon does, and raises what it raised."""

from __future__ import annotations

import json
from base64 import b64decode

from treq.testing import RequestTraversalAgent
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseFailed, ResponseNeverReceived
from twisted.web.iweb import IAgent
from twisted.web.resource import Resource
from zope.interface import implementer

from clace.admin_api.apps import (
    CREATE_APP,
    DELETE_APPS,
    GET_APP,
    LIST_APPS,
    SHOW_APP,
    CreateApp,
    DeleteApps,
    ListApps,
    NewApp,
    OneApp,
)
from clace.admin_api.audit import EXPORT_AUDIT, ExportAudit
from clace.admin_api.lockouts import CLEAR_LOCKOUTS, LIST_LOCKOUTS, ClearLockouts
from clace.admin_api.operation import Nothing
from clace.admin_api.server import SERVER_STATUS, STOP_SERVER, StopServer
from clace.admin_api.versions import (
    APPROVE_APPS,
    PROMOTE_APPS,
    RELOAD_APPS,
    ApproveApps,
    PromoteApps,
    ReloadApps,
)
from clace.client.administration import AdminClient
from clace.client.agents import AgentExchange
from clace.client.socket_exchange import SocketExchange
from clace.client.tls import CertificateRefused
from clace.client.transport import TIMEOUT
from clace.errors import (
    BadRequest,
    ClaceError,
    NoSuchRoute,
    ServerUnreachable,
    StoreError,
    TooLarge,
)
from clace.interfaces import IServedAdministration
from clace.web.admin.api import AdminAPI
from clace.web.admin.guard import trusted
from clace.web.root import RootResource
from tests.support.administration_contract import AdministrationContract, RefusalsContract
from tests.support.audit_contract import event, maker_into
from tests.support.local_servers import answering, listen, serving, socket_folder
from tests.support.memory_administration import MemoryAdministration


class NoAudit:
    def record(self, event):
        """Nothing is kept."""


@implementer(IAgent)
class ServedAgent:
    """An agent that reaches a resource in memory, and waits for its answer."""

    def __init__(self, resource):
        self._agent = RequestTraversalAgent(resource)

    def request(self, *args):
        response = self._agent.request(*args)
        self._agent.flush()
        return response


@implementer(IAgent)
class SpyAgent:
    """Keeps what was asked; the test answers."""

    def __init__(self):
        self.asked = []
        self.cancelled = []

    def request(self, method, uri, headers=None, body=None):
        answer = Deferred(self.cancelled.append)
        self.asked.append((method, uri, headers, body, answer))
        return answer


class PlainAnswer(Resource):
    """One answer for everything."""

    isLeaf = True

    def __init__(self, status, body):
        super().__init__()
        self.answer = (status, body)

    def render(self, request):
        status, body = self.answer
        request.setResponseCode(status)
        return body


def admin_api(administration):
    """The resource of the admin API."""
    events = maker_into(NoAudit())
    api = AdminAPI(administration, trusted, events, clock=Clock(), new_id=lambda: "1", version="0")
    return RootResource(api.resource(), None)


def agent_client(agent, clock, server_uri, **options):
    """A client that uses an ``Agent``."""
    return AdminClient(AgentExchange(agent, clock, server_uri, **options), server_uri)


class OverAgent:
    """Clients over the real admin API, without a network."""

    def client_of(self, administration):
        agent = ServedAgent(admin_api(administration))
        return agent_client(agent, Clock(), "http://localhost:25222")


class OverSocket:
    """Clients over the real admin API at a UNIX socket."""

    def client_of(self, administration):
        path = socket_folder(self) / "s"
        listen(self, path, serving(admin_api(administration)))
        return AdminClient(SocketExchange(str(path)), str(path))


class ThroughClient(AdministrationContract):
    """The operations, through the client, HTTP and the admin API."""

    def make_administration(self):
        self.memory = MemoryAdministration()
        return self.client_of(self.memory)

    def put_source(self, name, demands):
        self.memory.sources[f"/src/{name}"] = demands
        return f"/src/{name}"


class AgentClientTests(OverAgent, ThroughClient, SynchronousTestCase):
    """The client for URLs keeps the promises of an administration."""


class SocketClientTests(OverSocket, ThroughClient, SynchronousTestCase):
    """The client for sockets keeps them too."""


class MemoryAdministrationTests(AdministrationContract, SynchronousTestCase):
    """What the tests of the command line talk to keeps the same promises."""

    def make_administration(self):
        return MemoryAdministration()

    def put_source(self, name, demands):
        self.administration.sources[f"/src/{name}"] = demands
        return f"/src/{name}"


class AgentRefusalTests(OverAgent, RefusalsContract, SynchronousTestCase):
    """Errors of the daemon, through an ``Agent``."""

    def make_administration_over(self, administration):
        return self.client_of(administration)


@implementer(IServedAdministration)
class BreakingOff:
    """A server whose streams fail after their first results."""

    def __init__(self):
        self.kept = MemoryAdministration()

    async def stream_as(self, _identity, _operation, _query):
        self.kept.audit.record(event(1))
        async for results in self.kept.stream(EXPORT_AUDIT, ExportAudit()):
            yield results
        raise StoreError("disk full")


class BrokenStreamTests(OverSocket, SynchronousTestCase):
    """An answer that fails after it has begun."""

    def test_is_cut(self):
        """What came before the failure is given, and then an error."""
        client, got = self.client_of(BreakingOff()), []

        async def take():
            async for results in client.stream(EXPORT_AUDIT, ExportAudit()):
                got.extend(results)

        failure = self.failureResultOf(take(), ServerUnreachable)
        self.assertIn("in the middle of its answer", failure.value.message)
        self.assertEqual([each.rid for each in got], ["rid_1"])
        self.assertEqual(len(self.flushLoggedErrors(StoreError)), 1)


class SocketRefusalTests(OverSocket, RefusalsContract, SynchronousTestCase):
    """Errors of the daemon, through a socket."""

    def make_administration_over(self, administration):
        return self.client_of(administration)


class RequestTests(SynchronousTestCase):
    """What goes over the wire: the routes, names and values of era 25."""

    def setUp(self):
        self.agent = SpyAgent()
        self.client = agent_client(self.agent, Clock(), "https://h:25223/")

    def ask(self, operation):
        Deferred.fromCoroutine(operation)
        (method, uri, headers, body, _) = self.agent.asked.pop()
        self.assertEqual(headers.getRawHeaders("accept"), ["application/json"])
        return f"{method.decode()} {uri.decode()}", headers, body

    def test_routes_and_queries(self):
        """Booleans that are on are ``true``; what is empty or off is not sent."""
        client = self.client
        everything = {
            "approve": True,
            "promote": True,
            "force_reload": True,
            "dry_run": True,
            "branch": "b/1",
            "commit": "c",
            "git_auth": "g",
        }
        glob = "appPathGlob=%2Fa%2F%2A%2A"
        every = "&dryRun=true&promote=true&approve=true&forceReload=true"
        every += "&branch=b%2F1&commit=c&gitAuth=g"
        for operation, line in (
            (client.perform(LIST_APPS, ListApps("", internal=False)), "GET /apps"),
            (
                client.perform(LIST_APPS, ListApps("/a/**", internal=True)),
                f"GET /apps?{glob}&internal=true",
            ),
            (client.perform(GET_APP, OneApp("/x é")), "GET /app?appPath=%2Fx+%C3%A9"),
            (client.perform(SHOW_APP, OneApp("/x")), "GET /app/show?appPath=%2Fx"),
            (
                client.perform(DELETE_APPS, DeleteApps("/a/**", dry_run=False)),
                f"DELETE /app?{glob}",
            ),
            (
                client.perform(DELETE_APPS, DeleteApps("/a/**", dry_run=True)),
                f"DELETE /app?{glob}&dryRun=true",
            ),
            (client.perform(APPROVE_APPS, ApproveApps("/a/**")), f"POST /approve?{glob}"),
            (
                client.perform(APPROVE_APPS, ApproveApps("/a/**", promote=True, dry_run=True)),
                f"POST /approve?{glob}&dryRun=true&promote=true",
            ),
            (client.perform(RELOAD_APPS, ReloadApps("/a/**")), f"POST /reload?{glob}"),
            (
                client.perform(RELOAD_APPS, ReloadApps("/a/**", **everything)),
                f"POST /reload?{glob}{every}",
            ),
            (
                client.perform(PROMOTE_APPS, PromoteApps("/a/**", dry_run=False)),
                f"POST /promote?{glob}",
            ),
            (client.perform(LIST_LOCKOUTS, Nothing()), "GET /lockouts"),
            (client.perform(CLEAR_LOCKOUTS, ClearLockouts("", "")), "DELETE /lockouts"),
            (
                client.perform(CLEAR_LOCKOUTS, ClearLockouts("192.0.2.1", "jo")),
                "DELETE /lockouts?address=192.0.2.1&user=jo",
            ),
            (client.perform(SERVER_STATUS, Nothing()), "GET /server_status"),
            (client.perform(STOP_SERVER, StopServer(answer=True)), "POST /stop?answer=true"),
        ):
            asked, _, body = self.ask(operation)
            self.assertEqual(asked, line.replace(" /", " https://h:25223/_clace/", 1))
            self.assertIsNone(body)

    def test_sends_an_app_as_json(self):
        """Creation has its flags in the query and the app in the body."""
        app = NewApp(path="/x", source_url="/y", git_branch="main", is_dev=True)
        asked, headers, body = self.ask(
            self.client.perform(CREATE_APP, CreateApp(app, approve=True))
        )
        self.assertEqual(asked, "POST https://h:25223/_clace/app?approve=true")
        self.assertEqual(headers.getRawHeaders("content-type"), ["application/json"])
        written = []

        class Consumer:
            write = staticmethod(written.append)

        self.successResultOf(body.startProducing(Consumer()))
        self.assertEqual(len(written[0]), body.length)
        sent = json.loads(written[0])
        self.assertEqual((sent["path"], sent["source_url"], sent["is_dev"]), ("/x", "/y", True))
        for call in (body.pauseProducing, body.resumeProducing, body.stopProducing):
            call()

    def test_sends_credentials_if_it_has_any(self):
        """Basic credentials go with every request, in UTF-8; without any there is no header."""
        _, headers, _ = self.ask(self.client.perform(SERVER_STATUS, Nothing()))
        self.assertFalse(headers.hasHeader("authorization"))
        self.client = agent_client(self.agent, Clock(), "https://h", credentials=("admin", "a:é"))
        for _ in range(2):
            _, headers, _ = self.ask(self.client.perform(SERVER_STATUS, Nothing()))
            (sent,) = headers.getRawHeaders("authorization")
            self.assertEqual(b64decode(sent.removeprefix("Basic ")).decode(), "admin:a:é")

    def test_refuses_what_cannot_be_sent(self):
        """A path with bytes that are no text is a bad request, not an unreachable server."""
        app = NewApp(path="/x", source_url="/\udcff")
        self.failureResultOf(self.client.perform(CREATE_APP, CreateApp(app)), BadRequest)
        refused = self.failureResultOf(self.client.perform(GET_APP, OneApp("/\udcff")), BadRequest)
        self.assertEqual(refused.value.message, "'/\\udcff' is not UTF-8, and cannot be sent")
        self.client = agent_client(self.agent, Clock(), "https://\xfc.example")
        self.failureResultOf(self.client.perform(SERVER_STATUS, Nothing()), BadRequest)
        self.assertEqual(self.agent.asked, [])


class PlainAnswers:
    """Answers that no Clace server of today gives."""

    def refused(self, status, body, kind=ClaceError, **options):
        client = self.client_for(PlainAnswer(status, body), **options)
        return self.failureResultOf(client.perform(SERVER_STATUS, Nothing()), kind).value

    def test_takes_text_for_the_message(self):
        """An error that is no JSON is told as it is."""
        self.assertEqual(self.refused(502, b" Bad gateway\n").message, "Bad gateway")

    def test_tells_the_status_if_there_is_nothing_else(self):
        """An error without a text, or with a page for browsers, is told by its number."""
        for body in (b"", b'{"message":"","code":502}', b"<!doctype html><h1>Bad gateway</h1>"):
            self.assertEqual(self.refused(502, body).message, "status code 502")

    def test_hints_at_the_switch(self):
        """A server without an admin API there is told apart from one without that app."""
        told = b'{"message":"404 page not found","code":404,"error":"no_such_route"}'
        for body in (b"404 page not found", told):
            error = self.refused(404, body, NoSuchRoute)
            self.assertIn("404 page not found (is the admin API", error.message)
        told = b'{"message":"no app there","code":404,"error":"no_such_route"}'
        self.assertEqual(self.refused(404, told, NoSuchRoute).message, "no app there")

    def test_knows_errors_by_number(self):
        """An error of an older server has no name; its number is enough."""
        error = self.refused(400, b'{"message":"no","code":400}')
        self.assertEqual((error.code, error.message), ("bad_request", "no"))
        error = self.refused(418, b'{"message":"no","code":418,"error":"teapot"}')
        self.assertEqual((error.code, error.message), ("refused", "no"))

    def test_refuses_answers_of_another_shape(self):
        """An answer that is not what was asked for is said to be none of a Clace server."""
        for body in (b"OK", b'{"status": 7}', b"[]", b"\xff", b"", b"[" * 100_000):
            error = self.refused(200, body, ServerUnreachable)
            self.assertIn(" answers what no Clace server does", error.message)

    def test_stops_reading_at_the_limit(self):
        """A huge answer is cut off."""
        self.refused(200, b"x" * 11, TooLarge, limit=10)


class SocketAnswerTests(PlainAnswers, SynchronousTestCase):
    def client_for(self, resource, **options):
        path = socket_folder(self) / "s"
        listen(self, path, serving(resource))
        return AdminClient(SocketExchange(str(path), **options), str(path))

    def test_takes_a_dropped_connection_for_a_stop(self):
        """A server of 2025 closes the connection when it stops, and that is no failure."""
        path = str(socket_folder(self) / "s")
        listen(self, path, answering(b""))
        client = AdminClient(SocketExchange(path), path)
        self.assertEqual(
            self.successResultOf(client.perform(STOP_SERVER, StopServer(answer=True))).pid, 0
        )
        self.failureResultOf(client.perform(SERVER_STATUS, Nothing()), ServerUnreachable)
        path += "2"
        self.failureResultOf(
            AdminClient(SocketExchange(path), path).perform(STOP_SERVER, StopServer(answer=True)),
            ServerUnreachable,
        )


class AgentAnswerTests(PlainAnswers, SynchronousTestCase):
    def client_for(self, resource, **options):
        return agent_client(ServedAgent(resource), Clock(), "http://h", **options)

    def test_takes_a_dropped_connection_for_a_stop(self):
        """A server of 2025 closes the connection when it stops, and that is no failure."""

        def asked(operation, query, reason):
            agent = SpyAgent()
            client = agent_client(agent, Clock(), "http://h")
            done = Deferred.fromCoroutine(client.perform(operation, query))
            agent.asked[0][-1].errback(ResponseNeverReceived([Failure(reason)]))
            return done

        stopping = self.successResultOf(
            asked(STOP_SERVER, StopServer(answer=True), ConnectionDone())
        )
        self.assertEqual(stopping.pid, 0)
        self.failureResultOf(asked(SERVER_STATUS, Nothing(), ConnectionDone()), ServerUnreachable)
        refused = CertificateRefused("it has expired")
        self.failureResultOf(
            asked(STOP_SERVER, StopServer(answer=True), refused), ServerUnreachable
        )

    def test_gives_up(self):
        """A server that accepts and never answers is given up on, and the request is ended."""
        agent, clock = SpyAgent(), Clock()
        asked = Deferred.fromCoroutine(
            agent_client(agent, clock, "http://h").perform(SERVER_STATUS, Nothing())
        )
        clock.advance(TIMEOUT - 1)
        self.assertNoResult(asked)
        clock.advance(1)
        error = self.failureResultOf(asked, ServerUnreachable).value
        self.assertEqual(error.message, "cannot reach http://h: the server did not answer in time")
        self.assertEqual(agent.cancelled, [agent.asked[0][-1]])

    def test_tells_of_an_answer_that_ends_early(self):
        """A body that is cut is no answer."""

        class Cut:
            code = 200

            def deliverBody(self, protocol):
                protocol.dataReceived(b'{"status"')
                protocol.connectionLost(Failure(ResponseFailed([Failure(ConnectionDone())])))

        agent = SpyAgent()
        asked = Deferred.fromCoroutine(
            agent_client(agent, Clock(), "http://h").perform(SERVER_STATUS, Nothing())
        )
        agent.asked[0][-1].callback(Cut())
        error = self.failureResultOf(asked, ServerUnreachable).value
        self.assertIn("closed the connection in the middle of its answer", error.message)
