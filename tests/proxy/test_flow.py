"""Requests and answers on their way through the proxy, piece by piece."""

from twisted.internet.error import ConnectionAborted

from tests.support.proxying import MemoryProxyCase, asking
from tests.support.upstreams import whole

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


def is_closed(connection):
    """Whether the server has closed the connection, now that all was sent."""
    connection.settle()
    return connection.lost


def body(connection):
    return connection.value().partition(b"\r\n\r\n")[2]


class AnswerTests(MemoryProxyCase):
    def test_whole(self):
        """A whole answer is given with its length, and both connections can be used again."""
        visitor = self.get()
        self.assertTrue(self.last.asked.startswith(b"GET /x HTTP/1.1\r\nHost: there:8000\r\n"))
        self.last.say(whole(b"hello", b"X-A: 1"))
        self.assertIn(b"HTTP/1.1 200 OK\r\n", visitor.value())
        self.assertIn(b"X-A: 1\r\nContent-Length: 5\r\n\r\nhello", visitor.value())
        visitor.send(asking())
        self.last.say(whole(b"again"))
        self.assertEqual(len(self.there.opened), 1)
        self.assertEqual(visitor.statuses, [200, 200])
        self.assertEqual(self.statuses, [200, 200])

    def test_pieces_at_once(self):
        """A piece is given as it comes, in chunks if no length was said."""
        visitor = self.get()
        self.last.say(CHUNKED)
        self.assertTrue(visitor.value().endswith(b"Transfer-Encoding: chunked\r\n\r\n"))
        self.last.say(b"3\r\nabc\r\n")
        self.assertTrue(visitor.value().endswith(b"\r\n\r\n3\r\nabc\r\n"))
        self.last.say(b"0\r\n\r\n")
        self.assertTrue(visitor.value().endswith(b"3\r\nabc\r\n0\r\n\r\n"))
        self.assertFalse(is_closed(visitor))

    def test_length_in_pieces(self):
        """An answer of a length keeps it."""
        visitor = self.get()
        self.last.say(SIZED + b"12345")
        self.last.say(b"67890")
        self.assertTrue(visitor.value().endswith(b"Content-Length: 10\r\n\r\n1234567890"))

    def test_until_close(self):
        """An answer that the close of its connection ends is whole for the visitor."""
        visitor = self.get()
        self.last.say(b"HTTP/1.0 200 OK\r\n\r\nabc")
        self.last.end_half()
        self.assertEqual(body(visitor), b"3\r\nabc\r\n0\r\n\r\n")
        self.assertFalse(is_closed(visitor))
        self.assertTrue(self.last.lost)

    def test_cut(self):
        """An answer that ends before its end is never made to look whole."""
        for start, ended in (
            (SIZED + b"12345", "hang_up"),
            (SIZED + b"12345", "reset"),
            (SIZED + b"12345", "end_half"),
            (CHUNKED + b"3\r\nabc\r\n", "hang_up"),
            (CHUNKED + b"5\r\nab", "end_half"),
            (CHUNKED + b"3\r\nabc\r\n0\r\n", "hang_up"),
            (b"HTTP/1.1 200 OK\r\n\r\nabc", "reset"),
        ):
            visitor = self.get()
            self.last.say(start)
            getattr(self.last, ended)()
            self.assertTrue(is_closed(visitor), start)
            self.assertFalse(visitor.value().endswith(b"0\r\n\r\n"), start)

    def test_cut_is_logged(self):
        """The reason for a cut answer is kept for the operator: all else says it went well."""
        self.get()
        self.last.say(SIZED + b"12345")
        self.last.hang_up()
        self.get()
        self.last.say(SIZED + b"12345")
        self.served.clock.advance(60)
        self.get()
        self.last.say(SIZED + b"1234567890")
        self.assertEqual(
            self.faults,
            [
                "no more of the answer from http://there:8000: the answer was cut off",
                "no more of the answer from http://there:8000 within 60 seconds",
            ],
        )
        self.assertEqual(self.statuses, [200, 200, 200])

    def test_malformed_later(self):
        """Chunks that cannot be read cut the answer, and are not passed on."""
        visitor = self.get()
        self.last.say(CHUNKED + b"3\r\nabc\r\n")
        self.last.say(b"xyz\r\n")
        self.assertTrue(is_closed(visitor))
        self.assertTrue(visitor.value().endswith(b"3\r\nabc\r\n"))
        self.assertTrue(self.last.lost)

    def test_old_visitor(self):
        """To a visitor of HTTP/1.0 a cut answer is told by a reset, a whole one by a close."""
        old = b"GET /app/x HTTP/1.0\r\nHost: localhost\r\n\r\n"
        visitor = self.visit(old)
        self.last.say(CHUNKED + b"3\r\nabc\r\n")
        self.last.say(b"0\r\n\r\n")
        self.assertEqual(body(visitor), b"abc")
        self.assertTrue(visitor.disconnecting)
        visitor = self.visit(old)
        self.last.say(CHUNKED + b"3\r\nabc\r\n")
        self.last.hang_up()
        self.assertIsInstance(visitor.reason, ConnectionAborted)

    def test_without_content(self):
        """Answers to HEAD, and of the statuses without content, have none, whatever they say."""
        visitor = self.get(method=b"HEAD")
        self.last.say(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")
        self.assertTrue(visitor.value().endswith(b"Content-Length: 50\r\n\r\n"))
        for status in (b"204 No Content", b"304 Not Modified"):
            visitor = self.get()
            self.last.say(b"HTTP/1.1 %b\r\nContent-Length: 5\r\nETag: a\r\n\r\n" % status)
            self.assertEqual(body(visitor), b"")
            self.assertIn(b"ETag: a\r\n", visitor.value())
            self.assertFalse(is_closed(visitor))
        self.assertEqual(len(self.there.opened), 1)

    def test_surplus(self):
        """Bytes behind an answer are nobody's, and end the connection they came by."""
        visitor = self.get()
        self.last.say(whole(b"abc") + whole(b"smuggled"))
        self.assertTrue(visitor.value().endswith(b"abc"))
        self.assertTrue(self.last.lost)
        self.get()
        self.last.say(whole())
        self.last.say(whole(b"unasked"))
        self.assertTrue(self.last.lost)

    def test_trailers(self):
        """Trailers come behind the chunks, but for those that would change the head."""
        visitor = self.get()
        self.last.say(CHUNKED + b"1\r\na\r\n0\r\nGrpc-Status: 0\r\nSet-Cookie: a=b\r\n\r\n")
        self.assertTrue(visitor.value().endswith(b"1\r\na\r\n0\r\nGrpc-Status: 0\r\n\r\n"))

    def test_before_the_answer(self):
        """Early hints are passed on; a late 100 is not; the answer follows."""
        visitor = self.get()
        self.last.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.last.say(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX: 1\r\n\r\n")
        self.assertEqual(visitor.value(), b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        self.last.say(whole())
        self.assertTrue(visitor.value().endswith(b"hello"))
        old = self.visit(b"GET /app/x HTTP/1.0\r\nHost: localhost\r\n\r\n")
        self.last.say(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + whole())
        self.assertNotIn(b"103", old.value())


class BodyTests(MemoryProxyCase):
    def test_of_a_length(self):
        """A body goes to the other server as it comes."""
        visitor = self.visit(asking(b"/app/x", b"Content-Length: 6", method=b"POST", body=b"abc"))
        self.assertIn(b"Content-Length: 6\r\n", self.last.value())
        self.assertTrue(self.last.asked.endswith(b"\r\n\r\nabc"))
        visitor.send(b"def")
        self.assertEqual(self.last.asked, b"def")
        self.last.say(whole())
        self.assertFalse(is_closed(visitor))
        visitor.send(asking())
        self.assertEqual(len(self.there.opened), 1)

    def test_sent_ahead(self):
        """What was sent while there was no connection yet waits, and then goes on."""
        self.there.held = []
        visitor = self.visit(asking(b"/app/x", b"Content-Length: 40000", method=b"POST"))
        visitor.send(b"a" * 20_000)
        self.assertEqual(visitor.producerState, "paused")
        self.there.release()
        self.assertTrue(self.last.asked.endswith(b"a" * 20_000))
        self.assertEqual(visitor.producerState, "producing")
        visitor.send(b"b" * 20_000)
        self.assertEqual(self.last.asked, b"b" * 20_000)

    def test_in_chunks(self):
        """A body in chunks goes on in chunks of our own; its trailers and extensions do not."""
        visitor = self.visit(
            asking(b"/app/x", b"Transfer-Encoding: chunked", method=b"POST", body=b"3;a=b\r\nabc")
        )
        self.assertTrue(self.last.asked.endswith(b"\r\n\r\n3\r\nabc\r\n"))
        visitor.send(b"\r\n0\r\nX-Clace-User: eve\r\n\r\n")
        self.assertEqual(self.last.asked, b"0\r\n\r\n")

    def test_malformed(self):
        """A body that cannot be read is refused, and the other server sees a broken request."""
        visitor = self.visit(
            asking(b"/app/x", b"Transfer-Encoding: chunked", method=b"POST", body=b"3\r\nabcd")
        )
        self.assertEqual(visitor.statuses, [400])
        self.assertTrue(self.last.lost)
        self.assertFalse(self.last.value().endswith(b"0\r\n\r\n"))

    def test_answered_before_it_came(self):
        """An answer before the end of the body is passed on, and ends both connections."""
        visitor = self.visit(asking(b"/app/x", b"Content-Length: 600", method=b"POST", body=b"abc"))
        self.last.say(whole(b"too much", status=b"413 Too Large"))
        self.assertEqual(visitor.statuses, [413])
        self.assertTrue(self.last.lost)
        self.served.clock.pump([2] * 20)
        self.assertTrue(is_closed(visitor))

    def test_visitor_leaves(self):
        """A visitor who leaves in its body, or before its answer, ends the request there too."""
        for request in (asking(b"/app/x", b"Content-Length: 6", method=b"POST"), asking()):
            visitor = self.visit(request)
            visitor.hang_up()
            self.assertTrue(self.last.lost)

    def test_both_at_once(self):
        """An answer may begin, and end, while the body is still sent."""
        visitor = self.visit(asking(b"/app/x", b"Content-Length: 6", method=b"POST", body=b"abc"))
        self.last.say(CHUNKED + b"3\r\nabc\r\n")
        self.assertTrue(visitor.value().endswith(b"3\r\nabc\r\n"))
        visitor.send(b"def")
        self.assertTrue(self.last.asked.endswith(b"def"))
        self.last.say(b"3\r\ndef\r\n0\r\n\r\n")
        self.assertTrue(visitor.value().endswith(b"3\r\ndef\r\n0\r\n\r\n"))
        self.assertFalse(is_closed(visitor))
        self.assertFalse(self.last.lost)

    def test_too_large(self):
        """A body over the limit is refused: by its length at once, in chunks as they come."""
        visitor = self.visit(asking(b"/app/x", b"Content-Length: %d" % (1 << 31), method=b"PUT"))
        self.assertEqual(visitor.statuses, [413])
        self.assertEqual(self.there.opened, [])

    def test_over_the_limit_of_others(self):
        """A body may be larger than those that are read as a whole."""
        self.make_served(body=10)
        self.visit(asking(b"/app/x", b"Content-Length: 20", method=b"PUT", body=b"a" * 20))
        self.assertTrue(self.last.asked.endswith(b"a" * 20))

    def test_continue(self):
        """A visitor is told to go on when the other server says so, or says nothing."""
        lines = (b"Expect: 100-continue", b"Content-Length: 3")
        visitor = self.visit(asking(b"/app/x", *lines, method=b"PUT"))
        self.assertIn(b"Expect: 100-continue\r\n", self.last.asked)
        self.assertEqual(visitor.value(), b"")
        self.last.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.assertEqual(visitor.value(), b"HTTP/1.1 100 Continue\r\n\r\n")
        visitor.send(b"abc")
        self.assertEqual(self.last.asked, b"abc")
        self.last.say(whole())
        self.assertEqual(visitor.statuses, [100, 200])
        visitor = self.visit(asking(b"/app/x", *lines, method=b"PUT"))
        self.served.clock.advance(1)
        self.assertEqual(visitor.statuses, [100])

    def test_continue_refused(self):
        """A visitor who waits to be told is refused without its body."""
        lines = (b"Expect: 100-continue", b"Content-Length: 3")
        visitor = self.visit(asking(b"/app/x", *lines, method=b"PUT"))
        self.last.say(whole(b"no", status=b"403 Forbidden"))
        self.assertEqual(visitor.statuses, [403])
        self.assertTrue(self.last.lost)

    def test_rate(self):
        """A body that comes too slowly is refused, however long all of it may take."""
        self.make_served(body_seconds=20, rate=1)
        visitor = self.visit(asking(b"/app/x", b"Content-Length: 600", method=b"PUT"))
        for _ in range(30):
            visitor.send(b"0123456789")
            self.served.clock.advance(9)
        self.assertFalse(is_closed(visitor))
        self.served.clock.pump([1] * 50)
        self.assertEqual(visitor.statuses, [408])
        self.assertTrue(self.last.lost)


class PaceTests(MemoryProxyCase):
    def test_slow_visitor(self):
        """The other server is not read while the visitor is behind, and is afterwards."""
        visitor = self.visit(asking(), slow=True)
        self.last.say(CHUNKED)
        self.last.say(b"%x\r\n%b\r\n" % (100_000, b"a" * 100_000))
        self.assertEqual(self.last.producerState, "paused")
        self.served.clock.advance(25)
        self.assertFalse(self.last.lost)
        visitor.read()
        self.assertEqual(self.last.producerState, "producing")
        self.last.say(b"0\r\n\r\n")
        self.assertTrue(visitor.value().endswith(b"0\r\n\r\n"))
        self.assertEqual(len(self.there.opened), 1)

    def test_slow_server(self):
        """A visitor is not read while the other server is behind with its body."""
        visitor = self.visit(asking(b"/app/x", b"Content-Length: 600", method=b"PUT", body=b"abc"))
        self.last.producer.pauseProducing()
        self.assertEqual(visitor.producerState, "paused")
        self.served.clock.advance(50)
        self.assertFalse(is_closed(visitor))
        self.last.producer.resumeProducing()
        self.assertEqual(visitor.producerState, "producing")
        self.served.clock.pump([1] * 21)
        self.assertEqual(visitor.statuses, [408])

    def test_silent_server(self):
        """A server that says nothing for too long is a 504, or cuts what it had begun."""
        visitor = self.get()
        self.served.clock.advance(59)
        self.assertEqual(visitor.statuses, [])
        self.served.clock.advance(1)
        self.assertEqual(visitor.statuses, [504])
        self.assertIn(b"no answer from http://there:8000 within 60 seconds", visitor.value())
        visitor = self.get()
        self.last.say(CHUNKED)
        self.served.clock.advance(59)
        self.last.say(b"1\r\na\r\n")
        self.served.clock.advance(59)
        self.assertFalse(is_closed(visitor))
        self.served.clock.advance(1)
        self.assertTrue(is_closed(visitor))
        self.assertTrue(self.last.lost)
