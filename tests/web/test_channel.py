import gc
import json
import weakref
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface.verify import verifyObject

from clace.web.http1.limits import RequestLimits
from clace.web.http1.site import receive
from tests.support.web import Served
from tests.web.test_bodies import MALFORMED, chunked
from tests.web.test_heads import GET, POST, REFUSED

LIMITS = RequestLimits()
TLS = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def sized(body, method=b"POST"):
    return b"%b /sized HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (
        method,
        len(body),
        body,
    )


def in_chunks(parts):
    return b"PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(parts)


REQUESTS = st.one_of(
    st.sampled_from(
        [
            GET + b"\r\n",
            b"GET /a?b=c HTTP/1.1\r\nHost: h\r\nX: y\r\nX: z\r\n\r\n",
            b"\r\nDELETE http://h/x HTTP/1.1\r\nhost: h\r\n\r\n",
            b"OPTIONS /o HTTP/1.1\r\nHost: h\r\nE:\r\n\r\n",
        ]
    ),
    st.binary().map(sized),
    st.lists(st.binary()).map(in_chunks),
)
SCRAPS = st.sampled_from(
    [
        b"GET",
        b" / ",
        b"HTTP/1.1",
        b"\r\n",
        b"\n",
        b"Host: h",
        b"Content-Length: 3",
        b"Transfer-Encoding: chunked",
        b"Expect: 100-continue",
        b"3\r\nabc\r\n",
        b"0\r\n\r\n",
        GET + b"\r\n",
        CHUNKED,
        sized(b"abc"),
    ]
)


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


class ReadingTests(SynchronousTestCase):
    def test_a_request_and_its_answer(self):
        """A request reaches the resource as it was sent, and is answered."""
        served = Served()
        connection = served.ask(GET + b"X-a: b\r\nX-A: c\r\n\r\n")
        headers = [(b"Host", [b"h"]), (b"X-A", [b"b", b"c"])]
        self.assertEqual(served.recorder.seen, [(b"GET", b"/", headers, b"")])
        self.assertTrue(connection.value().startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertTrue(connection.value().endswith(b"\r\n\r\nanswer 1"))
        self.assertFalse(connection.lost)

    def test_bodies(self):
        """A body is whole when the resource sees it, sized or in chunks."""
        served = Served()
        served.ask(sized(b"abc"), in_chunks([b"d", b"ef"]))
        self.assertEqual([seen[3] for seen in served.recorder.seen], [b"abc", b"def"])

    @given(st.lists(REQUESTS), st.lists(st.integers(0)))
    def test_cuts_make_no_difference(self, requests, places):
        """However the network cuts a stream of requests, they are the same requests."""
        whole, parts = Served(), Served()
        data = b"".join(requests)
        expected = whole.ask(data)
        connection = parts.ask(*cut(data, places))
        self.assertEqual(len(parts.recorder.seen), len(requests))
        self.assertEqual(parts.recorder.seen, whole.recorder.seen)
        self.assertEqual(connection.statuses, expected.statuses)
        self.assertFalse(connection.lost)

    @given(st.lists(REQUESTS, min_size=2), st.lists(st.integers(0)))
    def test_pipelined_requests_wait_their_turn(self, requests, places):
        """No request is served before the one ahead of it is answered; none is lost."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(*cut(b"".join(requests), places))
        for count in range(1, len(requests) + 1):
            self.assertEqual(len(served.recorder.seen), count)
            served.recorder.release()
            self.assertEqual(connection.statuses, [200] * count)

    @given(st.lists(SCRAPS | st.binary(), max_size=12), st.lists(st.integers(0)))
    def test_any_bytes(self, scraps, places):
        """Any bytes end in answers or a close, and cuts make no difference to what is served."""
        data = b"".join(scraps)
        seen = []
        for pieces in ([data], cut(data, places)):
            served = Served()
            connection = served.ask(*pieces)
            seen.append((served.recorder.seen, connection.statuses))
            for _ in range(3):
                served.clock.advance(LIMITS.idle_seconds)
                connection.settle()
            self.assertTrue(connection.lost)
            self.assertEqual(served.site.in_flight, 0)
            self.assertEqual(served.clock.getDelayedCalls(), [])
        self.assertEqual(*seen)

    def test_refuses_heads(self):
        """A head that is refused ends the connection with its status, and nothing is served."""
        for status, heads in REFUSED.items():
            for head in heads:
                served = Served()
                connection = served.ask(head + sized(b"smuggled"))
                self.assertEqual(connection.statuses, [status], head)
                self.assertTrue(connection.lost)
                self.assertEqual(served.recorder.seen, [])

    def test_refuses_bodies(self):
        """A body that is malformed ends the connection before the request is served."""
        for body in MALFORMED:
            served = Served()
            connection = served.ask(CHUNKED + body + b"\r\n\r\n" + sized(b"smuggled"))
            self.assertEqual(connection.statuses, [400], body)
            self.assertFalse(connection.lost, "it has time to read why")
            connection.send(sized(b"smuggled"))
            served.clock.advance(2)
            served.clock.advance(2)
            connection.settle()
            self.assertTrue(connection.lost)
            self.assertEqual(served.recorder.seen, [])

    def test_a_refusal_says_why(self):
        """The answer to what is no request is JSON as all refusals are, and the last."""
        connection = Served().ask(GET + b"Host: h\r\n\r\n")
        head, _, body = connection.value().partition(b"\r\n\r\n")
        self.assertIn(b"HTTP/1.1 400 Bad Request\r\n", head)
        self.assertEqual(
            head.split(b"\r\n")[1:],
            [
                b"Date: Thu, 01 Jan 1970 00:00:00 GMT",
                b"Connection: close",
                b"X-Content-Type-Options: nosniff",
                b"Content-Type: application/json",
                b"Content-Length: %d" % len(body),
            ],
        )
        self.assertEqual(
            json.loads(body),
            {"message": "invalid Host header", "code": 400, "error": "bad_request"}
            | {"retry_after": 0},
        )

    def test_refusals_come_after_the_answers_before(self):
        """A bad request does not cost the good one ahead of it its answer."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(GET + b"\r\n" + b"nonsense\r\n\r\n")
        self.assertEqual(connection.statuses, [])
        served.recorder.release()
        self.assertEqual(connection.statuses, [200, 400])

    def test_refusals_are_of_one_request(self):
        """A refusal says nothing of the request before it, to the client or in the log."""
        served = Served()
        connection = served.ask(b"HEAD /before HTTP/1.1\r\nHost: h\r\n\r\n", b"no\r\n\r\n")
        self.assertEqual(connection.statuses, [200, 400])
        self.assertFalse(connection.value().endswith(b"\r\n\r\n"), "it says why")
        self.assertEqual([entry.path for entry in served.log], ["/before", ""])

    def test_says_that_it_closes(self):
        """The last answer of a connection says so, and no other."""
        for more, version, says in (
            (b"", b"1.1", 0),
            (b"Connection: close\r\n", b"1.1", 1),
            (b"", b"1.0", 1),
        ):
            asked = b"GET / HTTP/%b\r\nHost: h\r\n%b\r\n" % (version, more)
            connection = Served().ask(asked)
            self.assertEqual(connection.value().count(b"Connection: close\r\n"), says, asked)
            self.assertEqual(connection.lost, bool(says))

    def test_requests_after_the_last_are_dropped(self):
        """Who asks to close has asked for nothing else."""
        for last in (
            GET + b"Connection: close\r\n\r\n",
            b"GET / HTTP/1.0\r\nHost: h\r\n\r\n",
        ):
            served = Served()
            connection = served.ask(last + GET + b"\r\n")
            self.assertEqual(connection.statuses, [200])
            self.assertIn(b"\r\nConnection: close\r\n", connection.value())
            self.assertTrue(connection.lost)
            self.assertEqual(len(served.recorder.seen), 1)

    def test_cookies(self):
        """Cookies are there for resources that look for them."""
        found = []

        class Eater(Resource):
            isLeaf = True

            def render(self, request):
                found.append(request.getCookie(b"a"))
                return b""

        Served(Eater()).ask(GET + b"Cookie: a=b; c=d\r\n\r\n")
        self.assertEqual(found, [b"b"])

    def test_forms_are_not_parsed(self):
        """A body stays a body, whatever it says it is."""
        args = []

        class Form(Resource):
            isLeaf = True

            def render(self, request):
                Deferred.fromCoroutine(self.answer(request))
                return NOT_DONE_YET

            async def answer(self, request):
                await receive(request)
                args.append((request.args, request.content.read()))
                request.finish()

        kind = b"Content-Type: application/x-www-form-urlencoded\r\n"
        Served(Form()).ask(POST + kind + b"Content-Length: 3\r\n\r\na=b")
        self.assertEqual(args, [({}, b"a=b")])


class LimitTests(SynchronousTestCase):
    def test_bodies_over_the_limit(self):
        """A body over the limit is refused by its length before any of it is read."""
        served = Served(body=5)
        self.assertEqual(served.ask(sized(b"12345")).statuses, [200])
        connection = served.ask(POST + b"Expect: 100-continue\r\nContent-Length: 6\r\n\r\n")
        self.assertEqual(connection.statuses, [413])
        self.assertIn(b"the request body is over the limit of 5 bytes", connection.value())
        self.assertEqual(len(served.recorder.seen), 1)

    def test_chunks_over_the_limit(self):
        """A body in chunks is refused as soon as it is known to be too large."""
        served = Served(body=5)
        self.assertEqual(served.ask(in_chunks([b"123", b"45"])).statuses, [200])
        connection = served.ask(CHUNKED + b"3\r\n123\r\n3\r\n")
        self.assertEqual(connection.statuses, [413])
        self.assertEqual(len(served.recorder.seen), 1)

    def test_too_large_for_a_browser(self):
        """A browser is shown a page of what the connection refuses, all others JSON."""
        length = b"Content-Length: 6\r\n"
        browser = b"Accept: text/html,*/*;q=0.8\r\n"
        for headers, kind in (
            (browser, b"text/html; charset=utf-8"),
            (browser + b"HX-Request: true\r\n", b"application/json"),
            (b"Accept: */*\r\n", b"application/json"),
            (b"", b"application/json"),
        ):
            for body in (length, b"Transfer-Encoding: chunked\r\n"):
                served = Served(body=5)
                connection = served.ask(POST + headers + body + b"\r\n6\r\n123456\r\n")
                self.assertEqual(connection.statuses, [413])
                head, _, text = connection.value().partition(b"\r\n\r\n")
                self.assertIn(b"Content-Type: " + kind + b"\r\n", head)
                self.assertIn(b"Content-Length: %d" % len(text), head)
                self.assertEqual(b"<h1>That is too large</h1>" in text, b"html" in kind)

    def test_too_large_lingers(self):
        """A client in the middle of its body gets the time to read why it is refused."""
        served = Served(body=5)
        connection = served.ask(POST + b"Content-Length: 6\r\n\r\n123")
        self.assertFalse(connection.lost)
        connection.send(b"456" + GET + b"\r\n")
        self.assertEqual(served.recorder.seen, [])
        self.assertEqual(len(connection.channel._received), 0, "nothing is kept")
        served.clock.advance(2)
        connection.settle()
        self.assertFalse(connection.lost)
        served.clock.advance(2)
        connection.settle()
        self.assertTrue(connection.lost)
        self.assertEqual(connection.statuses, [413])
        self.assertEqual(served.clock.getDelayedCalls(), [])

    def test_heads_over_the_limit(self):
        """Heads have limits of size, of headers and of the target."""
        served = Served(head=200, headers=2, target=60)
        for data, status in (
            (GET + b"X: y\r\n\r\n", 200),
            (GET + b"X: y\r\nX: y\r\n\r\n", 431),
            (GET + b"X: " + b"y" * 200, 431),
            (b"GET /" + b"a" * 60 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
            (b"GET /" + b"a" * 100, 414),
        ):
            self.assertEqual(served.ask(data).statuses, [status], data)

    def test_continue(self):
        """A client that asks whether to send its body is told to, once, and only if it waits."""
        waits = POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        served = Served()
        self.assertEqual(served.ask(waits).statuses, [100])
        self.assertEqual(served.ask(waits, b"a", b"bc").statuses, [100, 200])
        self.assertEqual(served.ask(waits + b"abc").statuses, [200])
        self.assertEqual(served.ask(POST + b"Expect: 100-continue\r\n\r\n").statuses, [200])

    def test_slow_heads(self):
        """From its first byte a head has its time, however busily it trickles in."""
        served = Served()
        connection = served.connect()
        for _ in range(19):
            connection.send(b"G")
            served.clock.advance(1)
        self.assertEqual(connection.statuses, [])
        served.clock.advance(1)
        connection.settle()
        self.assertEqual(connection.statuses, [408])
        self.assertTrue(connection.lost)

    def test_no_requests(self):
        """What cannot become a request is refused at once, and not when its time is over."""
        for data, status, told in (
            (TLS, 400, "this port speaks HTTP, and the request came over TLS"),
            (TLS + b"\r\n\r\n", 400, "this port speaks HTTP, and the request came over TLS"),
            (b"\r\n" + TLS, 400, "came over TLS"),
            (b"\x16\x02", 400, "malformed request"),
            (b"\x80", 400, "malformed request"),
            (b" GET", 400, "malformed request"),
            (b"\n", 400, "malformed request"),
            (b"\r\n\r", 400, "malformed request"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", 400, "malformed request"),
            (b"GET /\r\n", 505, "only HTTP/1.0 and HTTP/1.1 are served"),
        ):
            connection = Served().ask(data)
            self.assertEqual(connection.statuses, [status])
            self.assertIn(told.encode(), connection.value())
            self.assertTrue(connection.lost)

    def test_beginnings(self):
        """What may become a request is waited for."""
        for data in (b"\r", b"\r\n", b"G", b"GET / HT", b"GET / HTTP/1.1\r\n", b"~", b"x y\r"):
            connection = Served().ask(data)
            self.assertEqual((connection.value(), connection.lost), (b"", False))

    def test_slow_heads_of_later_requests(self):
        """The second request of a connection has the same time as the first."""
        served = Served()
        connection = served.ask(GET + b"\r\n")
        served.clock.advance(35)
        connection.send(b"GET")
        served.clock.advance(19)
        self.assertEqual(connection.statuses, [200])
        served.clock.advance(1)
        connection.settle()
        self.assertEqual(connection.statuses, [200, 408])
        self.assertTrue(connection.lost)

    def test_bodies_that_trickle(self):
        """A body that comes slower than the least rate is given up, however steadily it comes."""
        for head in (POST + b"Content-Length: 100000\r\n\r\n", CHUNKED + b"186A0\r\n"):
            served = Served()
            connection = served.ask(head)
            for _ in range(21):
                self.assertFalse(connection.lost)
                served.clock.advance(1)
                connection.send(b"a")
            connection.settle()
            self.assertEqual(connection.statuses, [408])
            self.assertTrue(connection.lost)
            self.assertEqual(served.recorder.seen, [])
            self.assertEqual(served.clock.getDelayedCalls(), [])

    def test_bodies_at_the_least_rate(self):
        """A body that keeps to the least rate has all the time that it needs."""
        served = Served()
        connection = served.ask(POST + b"Content-Length: 1024000\r\n\r\n")
        for _ in range(1000):
            connection.send(b"a" * LIMITS.rate)
            served.clock.advance(1)
        self.assertEqual(connection.statuses, [200])

    def test_bodies_that_come_fast_and_stop(self):
        """What came fast is worth some silence, and no more."""
        served = Served()
        connection = served.ask(POST + b"Content-Length: 5000000\r\n\r\n", b"a" * 4_000_000)
        served.clock.advance(39)
        self.assertEqual(connection.statuses, [])
        served.clock.advance(1)
        connection.settle()
        self.assertEqual(connection.statuses, [408])

    def test_bodies_that_never_begin(self):
        """A client that was told to go on, and does not, is given up."""
        served = Served()
        connection = served.ask(POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        served.clock.advance(LIMITS.body_seconds)
        connection.settle()
        self.assertEqual(connection.statuses, [100, 408])
        self.assertTrue(connection.lost)

    def test_idle_connections(self):
        """A connection without a request is closed without a word after its time."""
        served = Served()
        for data, seconds in ((b"", 20), (GET + b"\r\n", 40)):
            connection = served.ask(data)
            before = connection.value()
            served.clock.advance(seconds - 1)
            self.assertFalse(connection.disconnecting)
            served.clock.advance(1)
            connection.settle()
            self.assertTrue(connection.lost)
            self.assertEqual(connection.value(), before)

    def test_idle_after_a_pause(self):
        """A client that was behind with its answer may be idle for as long as others."""
        served = Served()
        connection = served.ask(GET + b"\r\n")
        connection.channel.pauseProducing()
        connection.channel.resumeProducing()
        served.clock.advance(LIMITS.idle_seconds - 1)
        connection.settle()
        self.assertFalse(connection.lost)
        served.clock.advance(1)
        connection.settle()
        self.assertTrue(connection.lost)

    def test_answers_have_time(self):
        """How long an answer takes is not the connection's to say."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(GET + b"\r\n")
        served.clock.advance(3600)
        served.recorder.release()
        self.assertEqual(connection.statuses, [200])
        self.assertFalse(connection.lost)

    def test_clients_that_do_not_take_their_answer(self):
        """A closed connection whose client does not read is aborted in the end."""
        served = Served()
        connection = served.connect()
        connection.settle = lambda: None
        connection.send(GET + b"Connection: close\r\n\r\n")
        self.assertTrue(connection.disconnecting)
        served.clock.advance(LIMITS.stall_seconds - 1)
        self.assertFalse(connection.lost)
        served.clock.advance(1)
        self.assertTrue(connection.lost)
        self.assertEqual(served.clock.getDelayedCalls(), [])


class Ahead:
    """An answer that fills the connection again whenever it may go on."""

    def __init__(self, channel):
        self.channel = channel

    def resumeProducing(self):
        self.channel.pauseProducing()

    def pauseProducing(self):
        pass

    stopProducing = pauseProducing


class PressureTests(SynchronousTestCase):
    def test_sending_ahead(self):
        """A client that sends ahead of its answers is made to wait, and then heard."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(GET + b"\r\n", sized(b"a" * 10_000))
        self.assertEqual(connection.producerState, "producing")
        connection.send(sized(b"b" * 10_000))
        self.assertEqual(connection.producerState, "paused")
        served.recorder.release()
        self.assertEqual(connection.producerState, "producing")
        served.recorder.release()
        self.assertEqual(len(served.recorder.seen), 3)

    def test_nothing_but_requests_ahead(self):
        """A client that waited for its answer is heard when it has that, whatever it sent."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(GET + b"\r\n", b"\r\n" + GET + b"X: " + b"x" * 16_000)
        connection.send(b"x" * 500)
        self.assertEqual(connection.producerState, "paused")
        served.recorder.release()
        self.assertEqual(connection.producerState, "producing")

    def test_many_at_once(self):
        """However many requests come at once, each is answered."""
        connection = Served().ask((GET + b"\r\n") * 500)
        self.assertEqual(connection.statuses, [200] * 500)

    def test_clients_that_do_not_read(self):
        """While a client does not read its answers, no more of its requests are served."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(GET + b"\r\n" + sized(b"a"))
        connection.channel.pauseProducing()
        served.recorder.release()
        self.assertEqual(len(served.recorder.seen), 1)
        connection.send(sized(b"b" * 20_000))
        self.assertEqual(connection.producerState, "paused")
        connection.channel.resumeProducing()
        self.assertEqual(connection.producerState, "producing")
        served.recorder.release()
        self.assertEqual(len(served.recorder.seen), 3)

    def test_clients_that_stop_reading(self):
        """Who does not read on in an answer that is being made is cut off, and not before."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(GET + b"\r\n")
        for _ in range(3):
            connection.channel.pauseProducing()
            served.clock.advance(LIMITS.stall_seconds - 1)
            connection.channel.resumeProducing()
            served.clock.advance(LIMITS.stall_seconds)
        self.assertFalse(connection.lost)
        gone = served.recorder.waiting[0].notifyFinish()
        connection.channel.pauseProducing()
        served.clock.advance(LIMITS.stall_seconds)
        self.assertTrue(connection.lost)
        self.failureResultOf(gone)
        self.assertEqual(served.clock.getDelayedCalls(), [])

    def test_answers_that_are_cut(self):
        """A client that reads nothing of an answer that was cut is not waited for either."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(GET + b"\r\n")
        connection.channel.pauseProducing()
        connection.channel.loseConnection()
        aborted = []
        connection.abortConnection = lambda: aborted.append(True)
        served.clock.advance(LIMITS.stall_seconds)
        self.assertEqual(aborted, [True])

    def test_answers_that_are_at_once_ahead_again(self):
        """A client that takes no more is watched although its answer went on at once."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(GET + b"\r\n")
        connection.channel.pauseProducing()
        served.recorder.waiting[0].registerProducer(Ahead(connection.channel), streaming=True)
        connection.channel.resumeProducing()
        served.clock.advance(LIMITS.stall_seconds)
        self.assertTrue(connection.lost)
        self.assertEqual(served.clock.getDelayedCalls(), [])

    def test_clients_that_read_slowly(self):
        """A client that takes its answer at the least rate is left alone; one below it is not."""
        served = Served()
        served.recorder.hold = True
        connection = served.connect()
        window = int(LIMITS.stall_seconds)
        connection.acknowledged = 0
        connection.send(GET + b"\r\n")
        connection.channel.pauseProducing()
        for _ in range(100):
            connection.acknowledged += LIMITS.rate * window
            served.clock.advance(window)
            self.assertFalse(connection.lost)
        connection.acknowledged += LIMITS.rate * window - 1
        served.clock.advance(window)
        self.assertTrue(connection.lost)
        self.assertEqual(served.clock.getDelayedCalls(), [])

    def test_clients_that_stop_reading_behind_the_answer(self):
        """An answer that is made and not taken counts as one that is being made."""
        served = Served()
        connection = served.connect()
        connection.send(GET + b"\r\n")
        connection.channel.pauseProducing()
        served.clock.advance(LIMITS.stall_seconds)
        self.assertTrue(connection.lost)
        self.assertEqual(served.clock.getDelayedCalls(), [])

    def test_clients_that_read_on_behind_the_answer(self):
        """When all is taken, a connection is as idle as others."""
        served = Served()
        connection = served.connect()
        connection.send(GET + b"\r\n")
        connection.channel.pauseProducing()
        served.clock.advance(LIMITS.stall_seconds - 1)
        connection.channel.resumeProducing()
        served.clock.advance(LIMITS.idle_seconds - 1)
        self.assertFalse(connection.disconnecting)
        connection.send(GET + b"\r\n")
        self.assertEqual(connection.statuses, [200, 200])


class EndingTests(SynchronousTestCase):
    def test_hang_up(self):
        """A resource hears that its client has left, and nothing is left behind."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(GET + b"\r\n")
        gone = served.recorder.waiting[0].notifyFinish()
        connection.hang_up()
        self.failureResultOf(gone)
        self.assertEqual(served.clock.getDelayedCalls(), [])

    def test_leaves_no_cycle(self):
        """A connection that is lost is freed at once, and not when garbage is next collected."""
        gc.disable()
        self.addCleanup(gc.enable)
        for sent, half in ((b"", False), (GET, True), (GET + b"\r\n", False)):
            served = Served()
            connection = served.ask(sent)
            channel = weakref.ref(connection.channel)
            if half:
                connection.channel.readConnectionLost()
            connection.hang_up()
            # Sockets of Twisted let go of both; this one in memory does not.
            connection.channel = connection.producer = None
            self.assertIsNone(channel(), sent)

    def test_resources_may_close(self):
        """A resource that closes ends the connection, and later requests are not served."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(GET + b"\r\n" + GET + b"\r\n")
        served.recorder.waiting[0].loseConnection()
        connection.send(GET + b"\r\n")
        self.assertTrue(connection.lost)
        self.assertEqual(len(served.recorder.seen), 1)

    def test_our_own_faults(self):
        """A fault of the server's own is logged, and the connection does not hang."""
        served = Served()

        def fail(_channel, _head):
            raise RuntimeError("fault")

        served.site.begin = fail
        connection = served.ask(GET + b"\r\n")
        self.assertTrue(connection.lost)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_the_kernel_is_asked_once(self):
        """The address of our end of a connection does not change, and asking costs a call."""
        asked = []

        class Curious(Resource):
            isLeaf = True

            def render(self, request):
                asked.append(request.getHost().port)
                return b""

        served = Served(Curious())
        connection = served.connect()
        connection.getHost = lambda: IPv4Address("TCP", "127.0.0.1", 4000 + len(asked))
        connection.send((GET + b"\r\n") * 3)
        self.assertEqual(asked, [4000, 4000, 4000])

    def test_header_values_cannot_end_a_header(self):
        """Line ends in a value that a resource sets do not become headers."""

        class Splitter(Resource):
            isLeaf = True

            def render(self, request):
                request.setHeader(b"X", b"a\r\nSet-Cookie: b=c\r\n\r\n<p>")
                request.write(b"")
                request.finish()
                return NOT_DONE_YET

        connection = Served(Splitter()).ask(GET + b"\r\n")
        self.assertNotIn(b"\r\nSet-Cookie", connection.value())


class HalfClosedTests(SynchronousTestCase):
    def half_closed(self, requests, *, hold=True):
        """A connection whose client has sent these and will send no more."""
        served = Served()
        served.recorder.hold = hold
        connection = served.connect()
        connection.acknowledged = 0
        connection.send(requests)
        connection.channel.readConnectionLost()
        connection.settle()
        return served, connection

    def test_interface(self):
        """Twisted tells it of the end of a half."""
        verifyObject(IHalfCloseableProtocol, Served().connect().channel)

    def test_answers_all_requests(self):
        """All that was asked is answered, then the connection ends."""
        served, connection = self.half_closed((GET + b"\r\n") * 3)
        for _ in range(3):
            self.assertFalse(connection.lost)
            served.recorder.release()
            connection.settle()
        self.assertEqual(connection.statuses, [200, 200, 200])
        self.assertTrue(connection.lost)
        self.assertEqual(served.clock.getDelayedCalls(), [])

    def test_nothing_asked(self):
        """Without a request to answer, and with a part of one, it ends at once."""
        for sent in (b"", GET + b"\r\n", GET, sized(b"abc")[:-1]):
            served, connection = self.half_closed(sent, hold=False)
            self.assertTrue(connection.lost, sent)
            statuses = {b"": [], GET + b"\r\n": [200]}.get(sent, [499])
            self.assertEqual([entry.status for entry in served.log], statuses)
            self.assertEqual(served.clock.getDelayedCalls(), [])

    def test_nothing_taken(self):
        """A client that closes and does not take what is left of its answer is ended in time."""
        served = Served()
        connection = served.connect()
        connection.acknowledged = 0
        connection.send(GET + b"\r\n")
        connection.channel.readConnectionLost()
        self.assertTrue(connection.disconnecting)
        served.clock.pump([1] * 2 * LIMITS.stall_seconds)
        self.assertTrue(connection.lost)

    def test_body_that_will_not_come(self):
        """A request that waits for the rest of its body ends."""
        served, connection = self.half_closed(sized(b"abc")[:-1])
        self.assertTrue(connection.lost)
        self.assertEqual([entry.status for entry in served.log], [499])

    def test_has_left(self):
        """A client to which nothing can be sent for a second is taken to have left."""
        served, connection = self.half_closed(GET + b"\r\n")
        gone = served.recorder.waiting[0].notifyFinish()
        served.clock.advance(0.9)
        self.assertNoResult(gone)
        served.clock.advance(0.1)
        connection.settle()
        self.failureResultOf(gone)
        self.assertEqual([entry.status for entry in served.log], [499])
        self.assertEqual(served.clock.getDelayedCalls(), [])

    def test_takes_its_answer(self):
        """A client that takes bytes is there, however long its answer goes on."""
        served, connection = self.half_closed(GET + b"\r\n")
        served.recorder.waiting[0].write(b"piece")
        for second in range(30):
            connection.acknowledged = second + 1
            served.clock.advance(1)
            connection.settle()
        self.assertFalse(connection.lost)
        served.clock.pump([1, 1])
        connection.settle()
        self.assertTrue(connection.lost)

    def test_behind(self):
        """One that is slow is left to the limits of slow clients, and gets all its answers."""
        served, connection = self.half_closed((GET + b"\r\n") * 2)
        connection.channel.pauseProducing()
        served.recorder.release()
        served.clock.pump([1] * 20)
        self.assertFalse(connection.disconnecting)
        connection.channel.resumeProducing()
        served.recorder.release()
        connection.settle()
        self.assertEqual(connection.statuses, [200, 200])
        self.assertTrue(connection.lost)

    def test_slow_client_is_ended(self):
        """A client that closes its half is not spared the limits of slow clients."""
        served, connection = self.half_closed(GET + b"\r\n")
        connection.channel.pauseProducing()
        served.clock.pump([1] * (LIMITS.stall_seconds + 1))
        self.assertTrue(connection.lost)

    def test_told_twice(self):
        """Twisted finds the end again whenever it reads; that changes nothing."""
        served, connection = self.half_closed(GET + b"\r\n")
        waiting = list(served.clock.getDelayedCalls())
        connection.channel.readConnectionLost()
        self.assertEqual(served.clock.getDelayedCalls(), waiting)
        served.recorder.release()
        connection.settle()
        self.assertEqual(connection.statuses, [200])

    def test_lingering(self):
        """Nobody waits for the silence of a client that has ended what it sends."""
        served, connection = self.half_closed(sized(b"a" * (LIMITS.body + 1))[:1000])
        self.assertEqual(connection.statuses, [413])
        self.assertTrue(connection.lost)
        self.assertEqual(served.clock.getDelayedCalls(), [])
