"""Open requests of users whose session, token or password ends."""

from twisted.internet.defer import Deferred

from clace.interfaces import SessionChoice
from clace.model.identity import Assurance, Identity
from clace.model.traffic import AppResponse
from clace.web.apps.open_requests import SECONDS
from tests.support.web import Connection
from tests.web.login.flow_case import FlowCase


class Endless:
    """A stream that gives one piece and then waits."""

    def __init__(self):
        self.first = [b"data: 1\n\n"]
        self.closed = False
        self.waits = Deferred(lambda _: setattr(self, "closed", True))

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.first:
            return self.first.pop()
        await self.waits
        raise StopAsyncIteration


class OpenRequestTests(FlowCase):
    def setUp(self):
        super().setUp()
        self.signed_in()
        self.cookie = self.browser.jars["apps.example"]["__Host-system_clace_session"]

    def connect(self, head, body=b""):
        connection = Connection(self.site)
        secure = b"X-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.9\r\n"
        connection.send(head + b"\r\nHost: apps.example\r\n" + secure + b"\r\n" + body)
        return connection

    def stream(self, cookie=None):
        self.apps.answer = AppResponse(body=Endless())
        said = f"Cookie: __Host-system_clace_session={cookie or self.cookie}"
        connection = self.connect(b"GET /a/events HTTP/1.1\r\n" + said.encode())
        self.assertIn(b"data: 1", connection.value())
        return connection

    def end(self, **choice):
        self.successResultOf(self.sessions.end(SessionChoice(**choice), "test"))

    def test_revoked(self):
        """A stream is cut as soon as its session ends, and its source is told."""
        connection, body = self.stream(), self.apps.answer.body
        self.end(user_id="somebody else")
        self.assertFalse(connection.lost)
        self.end(user_id="admin")
        self.assertTrue(connection.lost)
        self.assertTrue(body.closed)

    def test_signed_out(self):
        """Signing out in one tab ends the streams of all tabs."""
        connection = self.stream()
        self.browser.post("https://apps.example/_clace/logout", {})
        self.assertTrue(connection.lost)

    def test_upload(self):
        """An upload that is on its way is cut too."""
        said = f"Cookie: __Host-system_clace_session={self.cookie}\r\nContent-Length: 100000"
        connection = self.connect(b"POST /a/up HTTP/1.1\r\n" + said.encode(), b"x" * 1000)
        self.assertFalse(connection.lost)
        self.end(user_id="admin")
        self.assertTrue(connection.lost)
        self.assertEqual(self.apps.seen, [])

    def test_limits(self):
        """A stream does not outlive the limits of its session by more than a moment."""
        connection = self.stream()
        for _ in range(5):
            self.clock.advance(SECONDS)
        self.assertFalse(connection.lost)
        self.clock.advance(86_400)
        self.clock.advance(SECONDS)
        self.assertTrue(connection.lost)

    def test_changed_password(self):
        """A changed password ends the streams of sessions that it began."""
        connection = self.stream()
        self.sessions.judge(self.auth.current)
        self.successResultOf(self.sessions.review())
        self.assertFalse(connection.lost)
        self.account.password = "new"
        self.successResultOf(self.sessions.review())
        self.assertTrue(connection.lost)
        self.assertEqual(self.rows.all(), ())

    def test_tokens(self):
        """Requests that a token let in are cut when it ends, and no others."""
        connection = self.stream()
        self.open_requests.tokens_ended({"tok_1"})
        self.assertFalse(connection.lost)
        (request,) = self.open_requests._open
        _, app = self.open_requests._open[request]
        by_token = Identity(user_id="ann", assurance=Assurance.TOKEN, token_id="tok_1")
        self.open_requests.enter(request, by_token, app)
        self.open_requests.tokens_ended({"tok_1"})
        self.assertTrue(connection.lost)

    def test_nobody(self):
        """What visitors have open who are nobody in particular is cut too, once they may not be
        there.
        """
        self.setting = "none"
        connection = self.stream("of nobody")
        self.clock.advance(SECONDS)
        self.end()
        self.assertFalse(connection.lost)
        self.open_requests.close(lambda identity, _: identity.is_anonymous, "test")
        self.assertTrue(connection.lost)

    def test_nothing_is_kept(self):
        """A request that has ended is forgotten, and no timer runs for nobody."""
        for self.setting in ("system", "none"):
            self.browser.get("https://apps.example/a")
            self.assertEqual(self.open_requests._open, {})
        self.clock.advance(SECONDS)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_upgrades(self):
        """A WebSocket of another site's page is refused before the app sees it."""
        for origin, is_seen in (("https://evil.example", False), ("https://apps.example", True)):
            said = (
                f"Cookie: __Host-system_clace_session={self.cookie}\r\nOrigin: {origin}\r\n"
                "Connection: upgrade\r\nUpgrade: websocket"
            )
            self.connect(b"GET /a/ws HTTP/1.1\r\n" + said.encode())
            self.assertEqual(bool(self.apps.seen), is_seen)
