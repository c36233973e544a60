import json
from datetime import UTC, datetime

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.protocols.haproxy._wrapper import HAProxyWrappingFactory
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from clace.errors import BadRequest, InternalError
from clace.web.http1.site import receive
from tests.support.doors import PLAIN, Door
from tests.support.web import Connection, Served
from tests.web.test_heads import GET, POST


class Faulty(Resource):
    """Fails, after having written if told so."""

    isLeaf = True
    written = b""

    def render(self, request):
        if self.written:
            request.write(self.written)
        raise RuntimeError("secret")


class AccessLogTests(SynchronousTestCase):
    def test_entries(self):
        """A request is logged with what it asked, from where, and what it got and how fast."""
        served = Served()
        served.recorder.hold = True
        served.clock.advance(5)
        connection = Connection(served.site, peerAddress=IPv4Address("TCP", "192.0.2.1", 4711))
        connection.send(b"GET /a%20b HTTP/1.1\r\nHost: h:80\r\n\r\n")
        served.clock.advance(0.25)
        served.recorder.release()
        (entry,) = served.log
        self.assertEqual((entry.method, entry.host, entry.path), ("GET", "h:80", "/a%20b"))
        self.assertEqual((entry.proto, entry.remote), ("HTTP/1.1", "192.0.2.1"))
        self.assertEqual((entry.status, entry.bytes, entry.duration_ms), (200, 4, 250.0))
        self.assertEqual(entry.time, datetime(1970, 1, 1, 0, 0, 5, 250_000, UTC))

    def test_behind_haproxy(self):
        """Behind a proxy that says for whom it connects, that client is logged."""
        served = Served()
        proxy = IPv4Address("TCP", "192.0.2.1", 4711)
        connection = Connection(HAProxyWrappingFactory(served.site), peerAddress=proxy)
        connection.send(b"PROXY TCP4 192.0.2.7 127.0.0.1 5 80\r\n" + GET + b"\r\n")
        self.assertEqual([entry.remote for entry in served.log], ["192.0.2.7"])

    def test_queries_are_not_logged(self):
        """A query may hold a token, and a log is read by many."""
        served = Served()
        served.ask(b"GET /a?token=secret HTTP/1.1\r\nHost: h\r\n\r\n")
        served.ask(
            POST.replace(b"/", b"/b?token=secret", 1) + b"Content-Length: 99999999999\r\n\r\n"
        )
        self.assertEqual([entry.path for entry in served.log], ["/a", "/b"])

    def test_clients_that_left(self):
        """A request whose client did not wait is logged as such."""
        served = Served()
        served.recorder.hold = True
        served.ask(GET + b"\r\n").hang_up()
        self.assertEqual([entry.status for entry in served.log], [499])

    def test_clients_that_left_in_a_head(self):
        """A client that leaves in the middle of a head leaves a line; who says nothing, none."""
        served = Served()
        for sent in (b"", b"GET / HT", GET):
            served.ask(sent).hang_up()
        served.ask(GET + b"\r\n").hang_up()
        seen = [(entry.status, entry.method) for entry in served.log]
        self.assertEqual(seen, [(499, ""), (499, ""), (200, "GET")])

    def test_heads_that_take_too_long(self):
        """A head that does not come in time is one line, of its refusal."""
        served = Served()
        connection = served.ask(b"GET / HT")
        served.clock.advance(10_000)
        connection.hang_up()
        self.assertEqual([entry.status for entry in served.log], [408])

    def test_answers_cut_off(self):
        """An answer that began is logged with its status, though the client left."""
        served = Served()
        served.recorder.hold = True
        connection = served.ask(GET + b"\r\n")
        served.recorder.waiting[0].write(b"abc")
        connection.hang_up()
        self.assertEqual([(entry.status, entry.bytes) for entry in served.log], [(200, 3)])

    def test_refusals_are_logged(self):
        """What is refused before it is a request leaves a line as well."""
        served = Served(body=1)
        served.ask(b"nonsense\r\n\r\n")
        served.ask(POST + b"Content-Length: 2\r\n\r\n")
        seen = [(entry.method, entry.host, entry.path, entry.status) for entry in served.log]
        self.assertEqual(seen, [("", "", "", 400), ("POST", "h", "/", 413)])
        self.assertEqual(served.log[0].remote, "192.168.1.1")
        self.assertEqual([entry.proto for entry in served.log], ["", "HTTP/1.1"])
        for entry in served.log:
            self.assertEqual((entry.bytes, entry.duration_ms), (0, 0))
            self.assertEqual(entry.time, datetime.fromtimestamp(0, UTC))

    def test_uploads_that_never_came(self):
        """A body that does not arrive leaves one line, and nothing that waits for it."""
        served = Served()
        served.ask(POST + b"Content-Length: 2\r\n\r\n").hang_up()
        served.ask(POST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n")
        served.ask(POST + b"Content-Length: 2\r\n\r\n")
        served.clock.advance(served.limits.idle_seconds)
        self.assertEqual([entry.status for entry in served.log], [499, 400, 408])
        self.assertEqual(served.recorder.seen, [])

    def test_who_waits_for_an_upload(self):
        """A resource that waits for a body is told that its client has left."""

        class Reader(Resource):
            isLeaf = True

            def render(self, request):
                self.read = Deferred.fromCoroutine(receive(request))
                return NOT_DONE_YET

        reader = Reader()
        connection = Served(reader).ask(POST + b"Content-Length: 2\r\n\r\n")
        self.assertNoResult(reader.read)
        connection.hang_up()
        self.failureResultOf(reader.read, BadRequest)


class FaultTests(SynchronousTestCase):
    def test_tells_nothing(self):
        """A fault is logged whole, and answered with its number only."""
        connection = Served(Faulty()).ask(GET + b"\r\n")
        head, _, body = connection.value().partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 500 "))
        self.assertEqual(json.loads(body)["message"], "internal error, incident i1")
        self.assertEqual(json.loads(body)["error"], InternalError.code)
        self.assertIn(b"\r\nContent-Length: %d\r\n" % len(body), head + b"\r\n")
        self.assertNotIn(b"secret", connection.value())
        self.assertNotIn(b"Traceback", connection.value())
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_page(self):
        """A browser is shown a page of it, with the number and nothing else."""
        connection = Served(Faulty()).ask(GET + b"Accept: text/html\r\n\r\n")
        page = connection.value()
        self.assertIn(b"\r\nContent-Security-Policy: ", page)
        self.assertIn(b"<p>Internal error, incident i1.</p>", page)
        self.assertNotIn(b"Traceback", page)
        self.flushLoggedErrors()

    def test_cuts_begun_answers(self):
        """An answer that fails in its middle is cut, not ended."""
        faulty = Faulty()
        faulty.written = b"half"
        connection = Served(faulty).ask(GET + b"\r\n")
        self.assertTrue(connection.lost)
        self.assertFalse(connection.value().endswith(b"0\r\n\r\n"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_after_the_end(self):
        """A fault after the answer is only logged."""

        class Late(Resource):
            isLeaf = True

            def render(self, request):
                request.write(b"whole")
                request.finish()
                raise RuntimeError("secret")

        connection = Served(Late()).ask(GET + b"\r\n")
        self.assertEqual(connection.statuses, [200])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class Blank(Resource):
    """Says nothing of what it sends."""

    isLeaf = True

    def render(self, request):
        return b"answer"


class HeaderTests(SynchronousTestCase):
    def test_says_little_about_itself(self):
        """An answer does not name the software, nor guess that bytes are HTML."""
        connection = Served(Blank()).ask(GET + b"\r\n")
        head = connection.value().partition(b"\r\n\r\n")[0]
        self.assertNotIn(b"Server:", head)
        self.assertNotIn(b"Content-Type:", head)

    def test_speaks_http_1_only(self):
        """TLS agrees on HTTP/1.1, whatever else is installed."""
        self.assertEqual(Served().site.acceptableProtocols(), [b"http/1.1"])


class RequestTests(SynchronousTestCase):
    def test_parameters(self):
        """Every parameter of a query counts, with a value or without, as often as it is there."""

        class Parameters(Resource):
            isLeaf = True

            def render(self, request):
                self.args = request.args
                return b""

        parameters = Parameters()
        Served(parameters).ask(b"GET /?a=&b&&c=d;e=%26f%3D+&c HTTP/1.1\r\nHost: h\r\n\r\n")
        read = {b"a": [b""], b"b": [b""], b"c": [b"d;e=&f= ", b""]}
        self.assertEqual(parameters.args, read)

    def test_the_server_itself(self):
        """``OPTIONS *`` asks no resource."""
        connection = Served(Faulty()).ask(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertEqual(connection.statuses, [204])

    def test_certificates_of_clients(self):
        """Certificates are asked for under the names that say so, in any case, and no others."""
        site = Served().site
        self.assertFalse(site.asks_under(b"apps.example"))
        site.ask_for_certificates({"apps.example"}.__contains__)
        asked = {name: site.asks_under(name) for name in (None, b"Apps.example", b"b\xe9.example")}
        self.assertEqual(list(asked.values()), [False, True, False])


class DateTests(SynchronousTestCase):
    def test_dates(self):
        """Every answer has the time at which it was made, whoever made it."""
        served, doors = Served(), Served(Door(lambda request: request.answer(200, PLAIN, b"")))
        for site in (served, doors):
            for second, seconds in ((b"00", 0), (b"00", 0.9), (b"01", 0.1)):
                site.clock.advance(seconds)
                value = site.ask(GET + b"\r\n").value()
                date = b"\r\nDate: Thu, 01 Jan 1970 00:00:%b GMT\r\n" % second
                self.assertEqual(value.count(date), 1, value)


class DrainTests(SynchronousTestCase):
    def setUp(self):
        self.served = Served()
        self.served.recorder.hold = True

    def drain(self, seconds=10):
        return Deferred.fromCoroutine(self.served.site.drain(seconds))

    def test_nothing_to_do(self):
        """A site without connections is drained at once."""
        self.successResultOf(self.drain())
        self.assertEqual(self.served.clock.getDelayedCalls(), [])

    def test_counts_requests(self):
        """Requests count from the end of their head to the end of their answer."""
        site = self.served.site
        self.assertEqual(site.in_flight, 0)
        connection = self.served.ask(b"")
        self.assertEqual(site.in_flight, 0)
        connection.send(POST + b"Content-Length: 1\r\n\r\n")
        self.assertEqual(site.in_flight, 1)
        connection.send(b"a")
        self.assertEqual(site.in_flight, 1)
        self.served.recorder.release()
        self.assertEqual(site.in_flight, 0)

    def test_closes_idle_connections(self):
        """Connections between requests, or with half a head, are closed at once."""
        connections = [self.served.ask(b""), self.served.ask(b"GET / HT")]
        drained = self.drain()
        for connection in connections:
            connection.settle()
            self.assertTrue(connection.lost)
        self.successResultOf(drained)

    def test_waits_for_requests(self):
        """A request in flight is answered, told that it was the last, and closed."""
        connection = self.served.ask(GET + b"\r\n" + GET + b"\r\n")
        drained = self.drain()
        self.assertNoResult(drained)
        self.served.clock.advance(9)
        self.served.recorder.release()
        connection.settle()
        self.successResultOf(drained)
        self.assertEqual(connection.statuses, [200])
        self.assertIn(b"\r\nConnection: close\r\n", connection.value())
        self.assertEqual(self.served.clock.getDelayedCalls(), [])

    def test_lets_bodies_come(self):
        """A request whose body is on its way is in flight too."""
        connection = self.served.ask(POST + b"Content-Length: 2\r\n\r\na")
        drained = self.drain()
        connection.send(b"b")
        self.served.recorder.release()
        connection.settle()
        self.successResultOf(drained)
        self.assertEqual(connection.statuses, [200])

    def test_aborts_what_takes_too_long(self):
        """When the time is over the rest is aborted."""
        connection = self.served.ask(GET + b"\r\n")
        gone = self.served.recorder.waiting[0].notifyFinish()
        drained = self.drain()
        self.served.clock.advance(10)
        self.successResultOf(drained)
        self.failureResultOf(gone)
        self.assertTrue(connection.lost)

    def test_new_connections_are_closed(self):
        """Who comes while the site drains is not served."""
        self.served.ask(GET + b"\r\n")
        self.drain()
        connection = self.served.ask(GET + b"\r\n")
        connection.settle()
        self.assertTrue(connection.lost)
        self.assertEqual(len(self.served.recorder.seen), 1)

    def test_waits_for_all_of_them(self):
        """Neither a connection that ended before nor the first to end is taken for the last."""
        self.served.ask(b"").hang_up()
        connections = [self.served.ask(GET + b"\r\n") for _ in range(2)]
        drained = self.drain()
        for connection in connections:
            self.assertNoResult(drained)
            self.served.recorder.release()
            connection.settle()
        self.successResultOf(drained)

    def test_does_not_wait_for_the_network(self):
        """When the time is over, connections that are slow to be gone are not waited for."""

        class Stuck(Connection):
            def abortConnection(self):
                """Be lost some time later."""

        connection = Stuck(self.served.site)
        connection.send(GET + b"\r\n")
        drained = self.drain()
        self.served.clock.advance(10)
        self.successResultOf(drained)
        connection.hang_up()

    def test_streams_in_flight_may_end(self):
        """An answer that began before is not cut short."""

        class Stream(Resource):
            isLeaf = True

            def render(self, request):
                request.write(b"begun ")
                self.request = request
                return NOT_DONE_YET

        stream = Stream()
        self.served = Served(stream)
        connection = self.served.ask(GET + b"\r\n")
        drained = self.drain()
        stream.request.write(b"ended")
        stream.request.finish()
        connection.settle()
        self.successResultOf(drained)
        self.assertTrue(connection.value().endswith(b"ended\r\n0\r\n\r\n"))
