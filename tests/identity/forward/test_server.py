"""Tests for ``clace.identity.forward``: what a server is asked, and what becomes of its answer."""

from hypothesis import given
from hypothesis import strategies as st
from treq.testing import RequestTraversalAgent
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface.verify import verifyObject

from clace.config.sections import Forward
from clace.errors import ProviderUnavailable
from clace.identity.forward import ForwardServer
from clace.identity.forward.headers import HeaderCopies, asked_with, passed_back
from clace.interfaces import ForwardQuestion, IForwardAuth
from clace.model.identity import Assurance, Identity
from tests.identity.saml.test_source import SilentAgent

URL = "https://policy.example.com/check?app=x"
ANN = Identity(
    user_id="github:ann@example.com",
    subject="17",
    email="ann@example.com",
    assurance=Assurance.SSO,
)


class Policy(Resource):
    """Answers as a test wants, and keeps what it was asked."""

    isLeaf = True

    def __init__(self, status=200, headers=(), body=b"", *, answers=True):
        super().__init__()
        self.status, self.headers, self.body, self.answers = status, headers, body, answers
        self.asked = []

    def render(self, request):
        self.asked.append(
            (request.method, request.uri, dict(request.requestHeaders.getAllRawHeaders()))
        )
        request.setResponseCode(self.status)
        for name, value in self.headers:
            request.responseHeaders.addRawHeader(name, value)
        if not self.answers:
            request.write(b"a")
            return NOT_DONE_YET
        return self.body


def question(*headers, **changes):
    values = {
        "method": "POST",
        "scheme": "https",
        "authority": "apps.example.com:8443",
        "target": "/tool/x?y=1",
        "address": "192.0.2.7",
        "headers": headers,
        "identity": ANN,
    }
    return ForwardQuestion(**values | changes)


class ServerCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()

    def server(self, policy, **entry):
        self.agent = RequestTraversalAgent(policy)
        return ForwardServer("p", Forward(auth_url=URL, **entry), self.agent, self.clock, 30)

    def ask(self, policy, *headers, changes=None, **entry):
        server = self.server(policy, **entry)
        asked = Deferred.fromCoroutine(server.ask(question(*headers, **changes or {})))
        self.agent.flush()
        return asked

    def sent(self, *headers, changes=None, **entry):
        """The headers that the server saw, in lower case."""
        policy = Policy()
        self.successResultOf(self.ask(policy, *headers, changes=changes, **entry))
        ((method, uri, seen),) = policy.asked
        self.assertEqual((method, uri), (b"GET", b"/check?app=x"))
        return {
            name.lower().decode(): [one.decode() for one in values] for name, values in seen.items()
        }


class QuestionTests(ServerCase):
    """What the server is told."""

    def test_seam(self):
        """It is an IForwardAuth."""
        verifyObject(IForwardAuth, self.server(Policy()))

    def test_facts(self):
        """It is told what is asked for, by whom and from where, and the name without its kind."""
        seen = self.sent()
        expected = {
            "x-forwarded-method": "POST",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "apps.example.com:8443",
            "x-forwarded-uri": "/tool/x?y=1",
            "x-forwarded-for": "192.0.2.7",
            "x-real-ip": "192.0.2.7",
            "x-clace-user": "github:ann@example.com",
            "x-clace-user-stripped": "ann@example.com",
            "x-clace-user-id": "17",
            "x-clace-user-email": "ann@example.com",
        }
        for name, value in expected.items():
            self.assertEqual(seen[name], [value], name)

    def test_all_headers(self):
        """Without a choice it sees all headers but those of the connection and the body."""
        seen = self.sent(
            ("Accept", "text/html"),
            ("X-Team", "a"),
            ("X-Team", "b"),
            ("Content-Length", "5"),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "keep-alive, X-Hop"),
            ("X-Hop", "1"),
            ("Connection", "X-Hop-2"),
            ("X-Hop-2", "1"),
            ("Expect", "100-continue"),
            ("X-Last", "X-Team"),
        )
        self.assertEqual(seen["x-last"], ["X-Team"])
        self.assertEqual((seen["accept"], seen["x-team"]), (["text/html"], ["a", "b"]))
        for name in ("content-length", "transfer-encoding", "x-hop", "x-hop-2", "expect"):
            self.assertNotIn(name, seen)

    def test_headers_of_a_connection(self):
        """Headers of a connection are sent on neither way, be they asked for by name."""
        names = (
            *("Connection", "Content-Length", "Expect", "Host", "HTTP2-Settings", "Keep-Alive"),
            *("Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer"),
            *("Transfer-Encoding", "Upgrade"),
        )
        headers = tuple((name, "client") for name in names)
        for wanted in ((), [name.lower() for name in names]):
            said = [value for _, value in asked_with(question(*headers), wanted)]
            self.assertNotIn("client", said)
        self.assertEqual(passed_back(headers), ())

    def test_name_without_a_kind(self):
        """The administrator's name has no kind that could be left out."""
        seen = self.sent(changes={"identity": Identity(user_id="admin")})
        self.assertEqual(seen["x-clace-user-stripped"], ["admin"])

    def test_chosen_headers(self):
        """With a choice it sees those alone, and the facts."""
        seen = self.sent(("Accept", "x"), ("X-Team", "a"), forward_headers=("x-team",))
        self.assertEqual(seen["x-team"], ["a"])
        self.assertNotIn("accept", seen)
        self.assertIn("x-forwarded-uri", seen)

    def test_host(self):
        """It is asked in its own name, or in the one that the client used if that is chosen."""
        self.assertEqual(self.sent()["host"], ["policy.example.com"])
        chosen = self.sent(forward_headers=("Host",))
        self.assertEqual(chosen["host"], ["apps.example.com:8443"])

    def test_spoofed(self):
        """What a client says of itself in the place of the facts is not passed on."""
        seen = self.sent(
            ("X-Forwarded-For", "10.0.0.1"),
            ("X-Forwarded-User", "admin"),
            ("Forwarded", "for=10.0.0.1"),
            ("X-Real-Ip", "10.0.0.1"),
            ("X-Clace-User", "admin"),
            ("X-Clace-Perms", "all"),
            ("X_Forwarded_User", "admin"),
            ("X_Real_IP", "10.0.0.1"),
            ("Remote-User", "admin"),
            ("Remote_User", "admin"),
            ("X-Remote-Groups", "admin"),
            ("X.WebAuth.User", "admin"),
            ("X-Auth-Request-Email", "admin"),
            ("Ssl-Client-Verify", "SUCCESS"),
            ("Proxy", "http://10.0.0.1/"),
            ("True-Client-IP", "10.0.0.1"),
            changes={"identity": Identity()},
        )
        self.assertEqual(seen["x-forwarded-for"], ["192.0.2.7"])
        self.assertEqual(seen["x-real-ip"], ["192.0.2.7"])
        self.assertEqual(seen["x-clace-user"], ["anonymous"])
        for name in ("x_forwarded_user", "x_real_ip"):
            self.assertNotIn(name, seen)
        for name in ("x-forwarded-user", "forwarded", "x-clace-perms", "x-clace-user-id"):
            self.assertNotIn(name, seen)
        said = "".join(value for values in seen.values() for value in values)
        for claim in ("admin", "SUCCESS", "10.0.0.1"):
            self.assertNotIn(claim, said)

    @given(st.lists(st.tuples(st.text(st.characters(codec="ascii"), min_size=1), st.text())))
    def test_any_headers(self, headers):
        """No header of a client takes the place of one of ours."""
        told = list(asked_with(question(*headers), frozenset()))
        for name in ("x-clace-user", "x-forwarded-for", "x-forwarded-uri", "x-real-ip"):
            self.assertEqual(len([one for one, _ in told if one.lower() == name]), 1)


class AnswerTests(ServerCase):
    """What becomes of an answer."""

    def test_let_in(self):
        """Any 2xx lets the request in; nothing is copied that was not chosen."""
        for status in (200, 204, 299):
            policy = Policy(status, ((b"X-Team", b"a"),))
            verdict = self.successResultOf(self.ask(policy))
            self.assertIsNone(verdict.refusal)
            self.assertEqual((verdict.headers, verdict.replaced), ((), frozenset()))

    def test_copied(self):
        """Chosen headers are given to the app, under their own name or another."""
        policy = Policy(200, ((b"X-Policy", b"a"), (b"X-Policy", b"b"), (b"x-team", b"c")))
        verdict = self.successResultOf(
            self.ask(policy, copy_response_headers=("X-Policy>X-App-Policy", "X-Team"))
        )
        self.assertEqual(
            verdict.headers, (("X-App-Policy", "a"), ("X-App-Policy", "b"), ("X-Team", "c"))
        )

    def test_not_answered_with(self):
        """A header that the server does not answer with is taken from the client all the same."""
        verdict = self.successResultOf(self.ask(Policy(), copy_response_headers=("A>X-Team", "B")))
        self.assertEqual((verdict.headers, verdict.replaced), ((), {"x-team", "b"}))

    def test_refused(self):
        """Any other status is the client's answer, without headers of the connection."""
        headers = (
            (b"Location", b"https://login.example.com"),
            (b"Set-Cookie", b"a=b"),
            (b"Keep-Alive", b"timeout=5"),
            (b"Server", b"x"),
        )
        for status in (300, 302, 401, 403, 500):
            refusal = self.successResultOf(self.ask(Policy(status, headers, b"no"))).refusal
            self.assertEqual((refusal.status, refusal.body), (status, b"no"))
            names = {name.lower() for name, _ in refusal.headers}
            self.assertLessEqual({"location", "set-cookie"}, names)
            self.assertEqual(
                names & {"connection", "keep-alive", "server", "date", "content-length"}, set()
            )

    def test_named_by_connection(self):
        """A header that belongs to the connection by the server's own word stays there."""
        answered = (("Connection", "close, X-Hop"), ("X-Hop", "1"), ("X-End", "2"))
        self.assertEqual(passed_back(answered), (("X-End", "2"),))

    def test_redirect_is_not_followed(self):
        """A redirect is the client's to follow: the server is asked once."""
        policy = Policy(302, ((b"Location", b"https://policy.example.com/other"),))
        self.successResultOf(self.ask(policy))
        self.assertEqual(len(policy.asked), 1)

    def test_unprintable(self):
        """A value that could begin a header of its own is not given to the app."""
        copies = HeaderCopies(("A",))
        self.assertEqual(copies.of((("A", "x\r\nX-Clace-User: admin"), ("A", "y"))), (("A", "y"),))


class TroubleTests(ServerCase):
    """A server that cannot be asked."""

    def assert_unavailable(self, asked):
        failure = self.failureResultOf(asked, ProviderUnavailable)
        self.assertIn("cannot be asked at the moment", failure.value.message)
        self.assertNotIn("policy.example.com", failure.value.message)

    def test_silence(self):
        """A server that does not answer in time is given up on."""
        agent = SilentAgent()
        server = ForwardServer("p", Forward(auth_url=URL), agent, self.clock, 30)
        asked = Deferred.fromCoroutine(server.ask(question()))
        self.clock.advance(29)
        self.assertNoResult(asked)
        self.clock.advance(1)
        self.assert_unavailable(asked)
        self.assertEqual(agent.cancelled, 1)

    def test_endless(self):
        """So is one that does not come to an end."""
        asked = self.ask(Policy(answers=False))
        self.assertNoResult(asked)
        self.clock.advance(30)
        self.assert_unavailable(asked)

    def test_refused_connection(self):
        """So is one that is not there."""
        server = ForwardServer("p", Forward(auth_url=URL), SilentAgent(OSError()), self.clock, 30)
        self.assert_unavailable(Deferred.fromCoroutine(server.ask(question())))

    def test_is_logged_now_and_then(self):
        """A server that cannot be asked is a line a minute, without the query of its address."""
        server = ForwardServer("p", Forward(auth_url=URL), SilentAgent(OSError()), self.clock, 30)
        with capturedLogs() as events:
            for seconds in (0, 1, 58, 1):
                self.clock.advance(seconds)
                self.assert_unavailable(Deferred.fromCoroutine(server.ask(question())))
        text = "Forward auth p: https://policy.example.com/check cannot be asked: OSError"
        self.assertEqual([formatEvent(event) for event in events], [text] * 2)

    def test_too_large(self):
        """So is one that answers with more than a page."""
        self.assert_unavailable(self.ask(Policy(403, body=b"a" * 1_100_000)))
