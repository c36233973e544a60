import json

from msgspec import Struct
from treq.testing import StubTreq
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from clace.errors import AppExists, ClaceError, LockedOut, NotAuthenticated
from clace.web.admin.router import AdminRouter, RouterResource, Unanswered
from clace.web.error_table import ErrorTable
from clace.web.statuses import STATUSES


class Point(Struct, frozen=True):
    x: int
    name: str = "é"


class Curious(AppExists):
    """A refusal that the table knows only by its parent."""

    code = "curious"


class RouterCase(SynchronousTestCase):
    def setUp(self):
        self.router = AdminRouter()
        self.statuses = STATUSES

    def handle(self, handler, url="/x", **options):
        self.router.route(url, **options)(handler)

    def resource(self):
        return RouterResource(self.router, ErrorTable(self.statuses, lambda: "i1"))

    def ask(self, method="GET", path="/x", resource=None):
        treq = StubTreq(resource or self.resource())
        response = self.successResultOf(treq.request(method, "http://h" + path))
        return response, self.successResultOf(treq.content(response))

    def refused(self, **asked):
        response, body = self.ask(**asked)
        self.assertEqual(response.headers.getRawHeaders("content-type"), ["application/json"])
        self.assertEqual(response.length, len(body))
        return response, json.loads(body)

    def open(self, method=b"GET"):
        """A request to ``/x`` with its handler called; not answered if the handler waits."""
        channel = Site(self.resource(), reactor=Clock()).buildProtocol(None)
        transport = StringTransport()
        channel.makeConnection(transport)
        channel.dataReceived(method + b" /x HTTP/1.1\r\nHost: h\r\n\r\n")
        return channel, transport


class AnswerTests(RouterCase):
    def test_struct_becomes_json(self):
        """A struct is answered as JSON, with its length, and ends in a newline."""

        async def handler(_request):
            return Point(1)

        self.handle(handler)
        response, body = self.ask()
        self.assertEqual(response.code, 200)
        self.assertEqual(body, '{"x":1,"name":"é"}\n'.encode())
        self.assertEqual(response.headers.getRawHeaders("content-type"), ["application/json"])
        self.assertEqual(response.length, len(body))
        self.assertEqual(response.headers.getRawHeaders("x-content-type-options"), ["nosniff"])

    def test_unanswered(self):
        """A handler can end the connection without a byte, which tells that it was heard."""

        async def handler(_request):
            return Unanswered()

        self.handle(handler, methods=["POST"])
        _, transport = self.open(b"POST")
        self.assertEqual(transport.value(), b"")
        self.assertTrue(transport.disconnecting)

    def test_text_bytes_and_nothing(self):
        """Bodies that are no structs go out as they are and are never taken for HTML."""
        for result, body, kind in (
            ("é", "é".encode(), "text/plain; charset=utf-8"),
            (b"\0", b"\0", "application/octet-stream"),
            (None, b"", None),
        ):
            self.setUp()
            self.handle(lambda _request, result=result: result, endpoint="x")
            response, received = self.ask()
            self.assertEqual(received, body)
            if kind:
                self.assertEqual(response.headers.getRawHeaders("content-type"), [kind])

    def test_keeps_what_the_handler_set(self):
        """Status and content type are the handler's if it says so."""

        async def handler(request):
            request.setResponseCode(201)
            request.setHeader(b"Content-Type", b"text/csv")
            return "a,b"

        self.handle(handler)
        response, _body = self.ask()
        self.assertEqual(response.code, 201)
        self.assertEqual(response.headers.getRawHeaders("content-type"), ["text/csv"])

    def test_parts_of_the_path(self):
        """Converters of the route are arguments of the handler, decoded."""

        async def handler(_request, number, rest):
            return f"{number + 1} {rest}"

        self.handle(handler, "/n/<int:number>/<path:rest>")
        self.assertEqual(self.ask(path="/n/4/a/%C3%A9")[1].decode(), "5 a/é")

    def test_below_another_resource(self):
        """What a parent resource has consumed of the path does not count."""

        async def handler(_request):
            return "here"

        self.handle(handler)
        parent = Resource()
        parent.putChild(b"above", self.resource())
        self.assertEqual(self.ask(path="/above/x", resource=parent)[1], b"here")

    def test_head_is_get_without_the_body(self):
        """HEAD runs the handler of GET and says how long its body would be."""

        async def handler(_request):
            return "four"

        self.handle(handler, methods=["GET"])
        _channel, transport = self.open(b"HEAD")
        head, _, body = transport.value().partition(b"\r\n\r\n")
        self.assertIn(b"\r\nContent-Length: 4", head)
        self.assertEqual(body, b"")

    def test_no_content_has_no_length(self):
        """A status without a body has no length either."""

        async def handler(request):
            request.setResponseCode(204)

        self.handle(handler)
        _channel, transport = self.open()
        self.assertIn(b" 204 ", transport.value())
        self.assertNotIn(b"Content-Length", transport.value())

    def test_a_handler_may_answer_by_itself(self):
        """A handler that has written and finished has answered."""

        async def handler(request):
            request.write(b"one ")
            request.write(b"two")
            request.finish()

        self.handle(handler)
        self.assertEqual(self.ask()[1], b"one two")

    def test_begun_answers_are_finished(self):
        """A handler that has written may leave the end to its result."""

        async def handler(request):
            request.write(b"one ")
            return "two"

        self.handle(handler)
        self.assertEqual(self.ask()[1], b"one two")


class RefusalTests(RouterCase):
    def raising(self, error, **options):
        async def handler(_request):
            raise error

        self.handle(handler, **options)

    def test_refusals_have_their_status(self):
        """A refusal is answered with the status of the table, its text and its stable name."""
        self.raising(AppExists("App already exists at /a"))
        response, body = self.refused()
        self.assertEqual(response.code, 409)
        self.assertEqual(body["message"], "App already exists at /a")
        self.assertEqual((body["code"], body["error"]), (409, "app_exists"))

    def test_the_nearest_parent_decides(self):
        """A refusal that is not in the table has the status of its parent."""
        self.raising(Curious("odd"))
        response, body = self.refused()
        self.assertEqual((response.code, body["error"]), (409, "curious"))

    def test_an_empty_table_means_500(self):
        """A table without any parent still gives an answer."""
        self.statuses = {}
        self.raising(ClaceError("odd"))
        self.assertEqual(self.refused()[0].code, 500)

    def test_lock_out_says_how_long(self):
        """Whoever is locked out hears when to come back."""
        self.raising(LockedOut("too many failures", 12.2))
        response, body = self.refused()
        self.assertEqual(response.code, 429)
        self.assertEqual(response.headers.getRawHeaders("retry-after"), ["13"])
        self.assertEqual(body["retry_after"], 13)

    def test_unauthenticated_is_a_challenge(self):
        """A 401 names no scheme that a browser would ask a password for, and remember it."""
        self.raising(NotAuthenticated("Unauthorized"))
        response, _body = self.refused()
        self.assertEqual(response.code, 401)
        challenge = response.headers.getRawHeaders("www-authenticate")
        self.assertEqual(challenge, ['Clace realm="admin"'])

    def test_replaces_the_content_type(self):
        """A refusal is JSON even where the handler had begun something else."""

        async def handler(request):
            request.setHeader(b"Content-Type", b"text/csv")
            raise AppExists("no")

        self.handle(handler)
        self.refused()

    def test_unknown_path(self):
        """No route is a 404 in JSON."""
        response, body = self.refused(path="/nowhere")
        self.assertEqual(response.code, 404)
        self.assertEqual((body["message"], body["error"]), ("404 page not found", "no_such_route"))

    def test_wrong_method(self):
        """A wrong method is a 405 in JSON that says which are right."""
        self.handle(lambda _request: "", methods=["POST", "PUT"], endpoint="x")
        response, body = self.refused()
        self.assertEqual((response.code, body["error"]), (405, "method_not_allowed"))
        self.assertEqual(response.headers.getRawHeaders("allow"), ["POST, PUT"])

    def test_never_redirects(self):
        """A slash more or less is another path or the same, never a redirect made from Host."""
        self.handle(lambda _request: "", url="/a/", endpoint="x")
        for path in ("/a/", "/a", "/a//", "//a", "/b//c"):
            self.assertIn(self.ask(path=path)[0].code, (200, 404), path)

    def test_path_that_is_not_utf8(self):
        """A path that is no text is the client's mistake."""
        response, body = self.refused(path="/%FF")
        self.assertEqual((response.code, body["error"]), (400, "bad_request"))

    def test_faults_tell_nothing(self):
        """What was not foreseen is logged whole and answered with a number only."""
        for fault in (RuntimeError("secret"), CancelledError("secret")):
            self.setUp()
            self.raising(fault)
            response, body = self.refused()
            self.assertEqual(response.code, 500)
            self.assertEqual(body["message"], "internal error, incident i1")
            self.assertEqual(len(self.flushLoggedErrors(type(fault))), 1)

    def test_faults_of_plain_functions(self):
        """A handler that is no coroutine fails the same way."""

        def handler(_request):
            raise RuntimeError("secret")

        self.handle(handler)
        self.assertEqual(self.refused()[0].code, 500)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_results_that_are_none(self):
        """A handler that returns what is no body is a fault."""
        self.handle(lambda _request: 7, endpoint="x")
        self.assertEqual(self.refused()[0].code, 500)
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)

    def test_a_fault_in_mid_answer_cuts_it(self):
        """An answer that cannot be ended well is cut, so that the client does not believe it."""

        async def handler(request):
            request.write(b"half")
            raise RuntimeError("secret")

        self.handle(handler)
        _channel, transport = self.open()
        self.assertTrue(transport.disconnecting)
        self.assertFalse(transport.value().endswith(b"0\r\n\r\n"))
        self.assertNotIn(b"secret", transport.value())
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class HangUpTests(RouterCase):
    def setUp(self):
        super().setUp()
        self.work = Deferred()
        self.seen = []

        async def handler(_request):
            try:
                await self.work
            except CancelledError:
                self.seen.append("cancelled")
                raise
            self.seen.append("done")

        self.handle(handler, methods=["GET", "POST"])

    def test_safe_requests_are_cancelled(self):
        """Nobody computes a page for a client who has left, and nothing is written."""
        channel, transport = self.open()
        channel.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.seen, ["cancelled"])
        self.assertEqual(transport.value(), b"")
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_changes_go_on(self):
        """What changes state is finished without its client."""
        channel, transport = self.open(b"POST")
        channel.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.seen, [])
        self.work.callback(None)
        self.assertEqual(self.seen, ["done"])
        self.assertEqual(transport.value(), b"")

    def test_changes_that_fail_late_are_logged(self):
        """A failure without its client is not lost."""
        channel, _transport = self.open(b"POST")
        channel.connectionLost(Failure(ConnectionDone()))
        self.work.errback(RuntimeError("late"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_request_type_is_twisteds(self):
        """Handlers get a request of twisted.web and nothing else."""
        self.handle(lambda request: type(request).__name__, url="/t", endpoint="t")
        self.assertEqual(self.ask(path="/t")[1].decode(), Request.__name__)
