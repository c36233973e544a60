"""What is decided from the head of a request, while its body is still at the client."""

from base64 import b64encode

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from clace.model.traffic import AppResponse
from clace.web.admin.guard import AdminGuard
from clace.web.forwarded import TrustedProxies
from clace.web.root import RootResource
from tests.support.memory_administration import MemoryAdministration
from tests.support.memory_tokens import memory_tokens
from tests.support.sign_in import OneAccount
from tests.support.web import Served
from tests.web.test_admin import OnePassword, api
from tests.web.test_apps import AppsCase

LOGIN = b"Authorization: Basic " + b64encode(b"admin:right") + b"\r\n"
WAITS = b"Expect: 100-continue\r\n"


def upload(path, *headers, method=b"POST", size=1000):
    lines = b"".join((*headers, b"Content-Length: %d\r\n" % size))
    return b"%b %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % (method, path, lines)


class SlowPassword(OneAccount):
    """Answers when it is told to."""

    def __init__(self):
        super().__init__()
        self.asked = Deferred()

    async def prove(self, user, password, address):
        await self.asked
        return await super().prove(user, password, address)


class AppTests(AppsCase):
    def served(self, **limits):
        return Served(RootResource(None, self.resource()), **limits)

    def test_refusals_come_before_the_body(self):
        """Who will not be let in is told so before sending anything, waiting for it or not."""
        self.apps.refused = AppResponse(status=405, headers=(("Allow", "GET"),))
        for status, head in (
            (401, upload(b"/closed", WAITS)),
            (401, upload(b"/closed")),
            (404, upload(b"/nothing", WAITS)),
            (404, upload(b"/_clace/no")),
            (403, upload(b"/open", b"Origin: http://evil.example\r\n")),
            (405, upload(b"/open", WAITS)),
            (413, upload(b"/open", WAITS, size=10_000)),
            (400, upload(b"/open/../x")),
        ):
            served = self.served(body=9_000)
            connection = served.ask(head)
            self.assertEqual(connection.statuses, [status], head)
            self.assertIn(b"\r\nConnection: close\r\n", connection.value())
            self.assertIn(b"\r\nDate: ", connection.value())
            connection.send(b"a" * 1000 + upload(b"/open", size=0))
            self.assertEqual(connection.statuses, [status])
            served.clock.advance(2)
            served.clock.advance(2)
            connection.settle()
            self.assertTrue(connection.lost)
            self.assertEqual(served.clock.getDelayedCalls(), [])
        self.assertEqual(self.apps.seen, [])

    def test_who_is_let_in_is_asked_for_the_body(self):
        """A client that waits is told to go on when its password is found right, and not before."""
        password = SlowPassword()
        self.credentials = password
        served = self.served()
        connection = served.ask(upload(b"/closed", LOGIN, WAITS, size=3))
        self.assertEqual(connection.statuses, [])
        password.asked.callback(None)
        self.assertEqual(connection.statuses, [100])
        connection.send(b"abc")
        self.assertEqual(connection.statuses, [100, 200])
        self.assertEqual(len(self.apps.seen), 1)

    def test_bodies_wait_at_the_client(self):
        """Until it is decided, little of a body is taken off the network."""
        self.credentials = SlowPassword()
        connection = self.served().ask(upload(b"/closed", LOGIN, size=10**6), b"a" * 40_000)
        self.assertEqual(connection.producerState, "paused")
        self.credentials.asked.callback(None)
        self.assertEqual(connection.producerState, "producing")
        connection.send(b"a" * 960_000)
        self.assertEqual(connection.statuses, [200])

    def test_bodies_that_are_there(self):
        """A refusal costs nobody the connection whose body has come with its head."""
        connection = self.served().ask(
            upload(b"/closed", size=3) + b"abc" + upload(b"/open", size=0)
        )
        self.assertEqual(connection.statuses, [401, 200])

    def test_uploads_go_on_for_a_while(self):
        """A client that is still sending gets the time to read why it was refused, and no more."""
        served = self.served()
        connection = served.ask(upload(b"/closed", size=10**9))
        for _ in range(14):
            connection.send(b"a" * 1000)
            served.clock.advance(2)
        connection.settle()
        self.assertFalse(connection.lost)
        connection.send(b"a" * 1000)
        served.clock.advance(2)
        connection.settle()
        self.assertTrue(connection.lost)

    def test_clients_that_leave_while_it_is_decided(self):
        """Nothing is left of a request whose client did not wait."""
        self.credentials = SlowPassword()
        served = self.served()
        served.ask(upload(b"/closed", LOGIN)).hang_up()
        self.credentials.asked.callback(None)
        self.assertEqual(self.apps.seen, [])
        self.assertEqual(served.clock.getDelayedCalls(), [])


class AdminTests(SynchronousTestCase):
    def test_refusals_come_before_the_body(self):
        """The admin API decides by the head too."""
        guard = AdminGuard(OnePassword(), memory_tokens(Clock()), TrustedProxies(), ("localhost",))
        root = RootResource(api(MemoryAdministration(), guard).resource(), None)
        for status, head in (
            (401, upload(b"/_clace/app", WAITS)),
            (403, upload(b"/_clace/app", LOGIN, WAITS, b"Cookie: a=b\r\n")),
            (404, upload(b"/_clace/nothing", LOGIN, WAITS)),
            (405, upload(b"/_clace/app", LOGIN, WAITS, method=b"PATCH")),
            (400, upload(b"/_clace/app?nosuch=1", LOGIN, WAITS)),
            (400, upload(b"/_clace/app?dryrun", LOGIN, WAITS)),
        ):
            self.assertEqual(Served(root).ask(head).statuses, [status], head)
        asked = Served(root).ask(upload(b"/_clace/app?dryRun=true", LOGIN, WAITS))
        self.assertEqual(asked.statuses, [100])


class Answers(Resource):
    """The same answer to everything."""

    isLeaf = True

    def __init__(self, status):
        super().__init__()
        self._status = status

    def render(self, request):
        request.setResponseCode(self._status)
        request.setHeader(b"Content-Type", b"text/plain")
        request.setHeader(b"ETag", b'"e"')
        return b"content"


GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


class StatusTests(SynchronousTestCase):
    def test_statuses_without_content(self):
        """No content and no word of it comes with statuses that have none."""
        for status in (204, 205, 304):
            connection = Served(Answers(status)).ask(GET + GET)
            self.assertEqual(connection.statuses, [status, status])
            self.assertNotIn(b"content", connection.value())
            self.assertNotIn(b"Content-Type", connection.value())
            self.assertIn(b'ETag: "e"', connection.value())
            # Only of a 205 a client would otherwise wait for more.
            counted = connection.value().count(b"Content-Length: 0\r\n")
            self.assertEqual(counted, 2 if status == 205 else 0)
            self.assertNotIn(b"Transfer-Encoding", connection.value())

    def test_phrases(self):
        """Every status of the standard has its phrase, and others have one too."""
        for status, phrase in (
            (429, b"Too Many Requests"),
            (422, b"Unprocessable Entity"),
            (421, b"Misdirected Request"),
            (451, b"Unavailable For Legal Reasons"),
            (299, b"Unknown"),
        ):
            value = Served(Answers(status)).ask(GET).value()
            self.assertTrue(value.startswith(b"HTTP/1.1 %d %b\r\n" % (status, phrase)), value)

    def test_the_server_itself(self):
        """``OPTIONS *`` is answered by us, without a version."""
        value = Served().ask(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").value()
        self.assertTrue(value.startswith(b"HTTP/1.1 204 No Content\r\n"))
        self.assertIn(b"\r\nServer: Clace\r\n", value)
        self.assertIn(b"\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n", value)
        self.assertNotIn(b"Twisted", value)

    def test_refused_heads(self):
        """A refusal of HEAD has no content either."""
        value = Served(body=5).ask(upload(b"/", method=b"HEAD", size=6)).value()
        self.assertIn(b"413 ", value)
        self.assertTrue(value.endswith(b"\r\n\r\n"))

    def test_refused_methods(self):
        """A method never served is told what is; one that nobody knows is not implemented."""
        refused = Served().ask(b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n").value()
        self.assertIn(b"405 Method Not Allowed", refused)
        self.assertIn(b"\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n", refused)
        self.assertIn(b"\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n", refused)
        unknown = Served().ask(b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n").value()
        self.assertIn(b"501 Not Implemented", unknown)
