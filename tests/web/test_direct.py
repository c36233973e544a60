"""Answers in pieces, as they are written."""

from io import BytesIO
from itertools import pairwise

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from clace.errors import BadRequest, TooLarge
from clace.web.forwarded import Peer
from clace.web.http1.direct import DirectRequest
from clace.web.http1.fields import HeaderFields
from clace.web.http1.heads import Head
from tests.support.doors import PLAIN, Door, DoorCase, Follower, asking, later
from tests.support.web import Connection as ClientConnection
from tests.support.web import Served

PIECE = bytes(1 << 17)


class Connection:
    """A channel; bytes that go to its transport past ``write`` did not wait for a turn."""

    def __init__(self):
        self.transport = StringTransport()
        self.turns = []

    def answer(self, head, body):
        self.transport.write(head + b"\r\n" + body)

    def begun(self, head):
        return head + b"\r\n"

    def write(self, data):
        self.turns.append(len(self.transport.value()))
        self.transport.write(data)

    def writeSequence(self, pieces):
        self.transport.write(b"".join(pieces))

    def requestDone(self, request):
        self.done = request


class Books:
    """A site."""

    def seconds(self):
        return 0.0

    def date(self):
        return b"now"

    def peer_of(self, _request):
        return Peer(ip="127.0.0.1", scheme="http")

    def log(self, request):
        self.logged = request.code, request.sentLength


class PieceTests(SynchronousTestCase):
    def request(self, method=b"GET", version=b"HTTP/1.1"):
        self.connection, self.books = Connection(), Books()
        head = Head(
            method, b"/", version, HeaderFields(), 0, persistent=True, awaits_continue=False
        )
        return DirectRequest(self.connection, self.books, head)

    @property
    def written(self):
        return self.connection.transport.value()

    def test_head_with_the_first_piece(self):
        """Nothing is written before there is a piece, and what was begun can be taken back."""
        request = self.request()
        request.begin(200, PLAIN.sized(2))
        self.assertEqual((self.written, request.startedWriting), (b"", False))
        request.answer(500, PLAIN, b"failed")
        self.assertTrue(self.written.startswith(b"HTTP/1.1 500 "), self.written)

    def test_chunks(self):
        """A body of unknown length is written in chunks, which the end closes."""
        request = self.request()
        request.begin(200, PLAIN)
        request.write(b"one")
        self.assertTrue(self.written.endswith(b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n"))
        request.finish()
        self.assertTrue(self.written.endswith(b"one\r\n0\r\n\r\n"))
        self.assertEqual(self.books.logged, (200, 3))

    def test_empty(self):
        """A body without a piece has its head at the end, and so has the answer to HEAD."""
        for method, version in ((b"GET", b"HTTP/1.0"), (b"HEAD", b"HTTP/1.1")):
            request = self.request(method, version)
            request.begin(200, PLAIN.sized(0))
            if method == b"HEAD":
                request.write(b"not sent")
            request.finish()
            self.assertTrue(self.written.endswith(b"Content-Length: 0\r\n\r\n"), self.written)
            self.assertEqual(self.books.logged, (200, 0))

    def test_turns(self):
        """Of a large body a megabyte is written at once, then others have their turn."""
        request = self.request()
        request.begin(200, PLAIN.sized(40 * len(PIECE)))
        for _ in range(40):
            request.write(PIECE)
        runs = [later - before for before, later in pairwise(self.connection.turns)]
        self.assertTrue(self.connection.turns)
        self.assertLessEqual(max(runs), (1 << 20) + len(PIECE))
        self.assertGreaterEqual(min(runs), 1 << 20)


class AnswerTests(DoorCase):
    def answers(self, method, status, body):
        """The two ways of answering, each twice on one connection."""

        def whole(request):
            request.answer(status, PLAIN, body)

        def pieces(request):
            request.begin(status, PLAIN)
            request.write(body)
            request.finish()

        for serve in (whole, pieces):
            connection, _ = self.visit(asking(method) * 2, serve)
            self.assertEqual(connection.statuses, [status, status])
            yield connection.value()

    def test_statuses_without_content(self):
        """A status that has no content is followed by none, and a client knows that."""
        for status, sizes in ((204, 0), (205, 2), (304, 0)):
            for written in self.answers(b"GET", status, b"content"):
                self.assertNotIn(b"content", written)
                self.assertEqual(written.count(b"Content-Length: 0\r\n"), sizes, written)
                self.assertEqual(written.count(b"Content-Length"), sizes, written)
                self.assertNotIn(b"chunked", written)
                self.assertEqual(self.logged(), [(status, 0)] * 2)

    def test_head(self):
        """What answers HEAD is a head and nothing else, so that the next answer can follow."""
        for written in self.answers(b"HEAD", 200, b"content"):
            first, second, nothing = written.split(b"\r\n\r\n")
            self.assertEqual((first, nothing), (second, b""))
            self.assertNotIn(b"chunked", written)
            self.assertEqual(self.logged(), [(200, 0)] * 2)

    def test_sizes(self):
        """The size in the access log is that of the content."""
        for written in self.answers(b"GET", 299, b"content"):
            self.assertTrue(written.startswith(b"HTTP/1.1 299 Unknown\r\n"))
            self.assertIn(b"content", written)
            self.assertEqual(self.logged(), [(299, 7)] * 2)

    def test_empty_pieces(self):
        """A piece of nothing is not written: among chunks it would be the end."""
        connection, request = self.visit(asking())
        request.begin(200, PLAIN)
        request.write(b"")
        self.assertEqual(connection.value(), b"")
        request.write(b"a")
        request.write(b"")
        self.assertTrue(connection.value().endswith(b"\r\n\r\n1\r\na\r\n"))

    def test_done(self):
        """An answered request is over: its body is closed, and who waits is told."""
        connection, request = self.visit(asking(b"POST", b"Content-Length: 1", body=b"a"))
        self.successResultOf(Deferred.fromCoroutine(request.receive()))
        self.assertEqual(request.content.read(), b"a")
        ending = request.notifyFinish()
        self.assertNoResult(ending)
        self.assertEqual((request.startedWriting, request.is_gone), (False, False))
        request.answer(200, PLAIN, b"")
        self.assertIsNone(self.successResultOf(ending))
        self.assertEqual((request.startedWriting, request.is_gone), (True, True))
        self.assertTrue(request.content.closed)
        connection.hang_up()
        self.assertEqual(self.logged(), [(200, 0)])

    def test_answers_before(self):
        """An answer before the answer comes before it, or not at all."""
        connection, request = self.visit(asking())
        request.inform(103, b"Link: </a>\r\n")
        request.inform(199, b"")
        early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 199 Unknown\r\n\r\n"
        self.assertEqual(connection.value(), early)
        request.begin(200, PLAIN)
        request.inform(103, b"")
        self.assertEqual(connection.value(), early)


class EndTests(DoorCase):
    def test_left(self):
        """A client that leaves is logged, with the status of the answer if that had begun."""
        connection, request = self.visit(asking())
        ending = request.notifyFinish()
        connection.hang_up()
        self.failureResultOf(ending, ConnectionDone)
        self.assertEqual(self.logged(), [(499, 0)])
        connection, request = self.visit(asking())
        request.begin(206, PLAIN)
        request.write(b"abc")
        connection.hang_up()
        self.assertEqual(self.logged(), [(206, 3)])

    def test_malformed_body(self):
        """A body that is refused ends its request with the status that the client was told."""
        said = asking(b"POST", b"Transfer-Encoding: chunked", b"Expect: 100-continue")
        connection, request = self.visit(said)
        arrival = Deferred.fromCoroutine(request.receive())
        connection.send(b"no\r\n")
        self.failureResultOf(arrival, BadRequest)
        self.assertEqual(connection.statuses, [100, 400])
        self.assertEqual(self.logged(), [(400, 0)])
        self.assertTrue(request.content.closed)

    def test_too_large_body(self):
        """A body that turns out to be over the limit is refused as that."""
        connection, request = self.visit(asking(b"POST", b"Transfer-Encoding: chunked"), body=5)
        arrival = Deferred.fromCoroutine(request.receive())
        connection.send(b"6\r\n")
        self.failureResultOf(arrival, TooLarge)
        self.assertEqual((connection.statuses, self.logged()), ([413], [(413, 0)]))

    def test_left_behind_its_body(self):
        """A client that has sent its body and leaves is logged like any other."""
        connection, request = self.visit(asking(b"POST", b"Content-Length: 1", body=b"a"))
        self.successResultOf(Deferred.fromCoroutine(request.receive()))
        connection.hang_up()
        self.assertEqual(self.logged(), [(499, 0)])

    def test_body_that_never_comes(self):
        """Who waits for a body is told that its client has left."""
        connection, request = self.visit(asking(b"POST", b"Content-Length: 9"))
        arrival = Deferred.fromCoroutine(request.receive())
        connection.hang_up()
        self.failureResultOf(arrival, BadRequest)
        self.assertTrue(request.content.closed)

    def test_nobody_there(self):
        """Nothing that is done for a client that has left is an error, or is done."""
        connection, request = self.visit(asking())
        follower = Follower()
        request.follow(follower)
        connection.hang_up()
        request.inform(103, b"")
        request.begin(200, PLAIN)
        self.assertEqual(follower.told, ["gone"])
        request.write(b"a")
        request.flush()
        request.inform(103, b"")
        request.pass_body(1)
        request.hold()
        request.release()
        request.cut()
        request.end_tunnel()
        request.close_tunnel()
        request.registerProducer(follower, streaming=True)
        request.unregisterProducer()
        request.tunnelled(b"a")
        request.tunnel_ended()
        self.assertEqual((request.is_gone, request.isSecure()), (True, False))
        self.assertEqual((connection.value(), follower.told), (b"", ["gone"]))

    def test_cut(self):
        """An answer that is cut looks so: by what is missing, or else by a reset."""
        for version, fields, ends in (
            (b"1.1", PLAIN, ConnectionDone),
            (b"1.0", PLAIN.sized(9), ConnectionDone),
            (b"1.0", PLAIN, ConnectionAborted),
        ):
            connection, request = self.visit(asking(version=version))
            request.begin(200, fields)
            source = Follower()
            request.registerProducer(source, streaming=True)
            request.write(b"a")
            request.cut()
            connection.channel.pauseProducing()
            connection.settle()
            self.assertIsInstance(connection.reason, ends, (version, fields))
            self.assertEqual(source.told, [], "it is nobody's source any more")

    def test_sources(self):
        """A source of pieces is told of the client's pace until it is taken back."""
        connection, request = self.visit(asking())
        source = Follower()
        request.registerProducer(source, streaming=True)
        connection.channel.pauseProducing()
        connection.channel.resumeProducing()
        self.assertEqual(source.told, ["pause", "resume"])
        request.unregisterProducer()
        connection.channel.pauseProducing()
        self.assertEqual(source.told, ["pause", "resume"])

    def test_tunnel(self):
        """A changed protocol is logged as that, and each side can end its own half."""
        connection, request = self.visit(asking())
        follower = Follower()
        request.follow(follower)
        request.tunnel(101, b"Upgrade: x\r\n")
        connection.loseWriteConnection = lambda: follower.told.append("half closed")
        connection.send(b"a")
        request.end_tunnel()
        connection.channel.readConnectionLost()
        self.assertEqual(follower.told, [b"a", "half closed", "ended"])
        request.close_tunnel()
        connection.channel.pauseProducing()
        self.assertEqual(follower.told[3:], [])
        connection.settle()
        self.assertIsInstance(connection.reason, ConnectionDone)
        self.assertEqual(self.logged(), [(101, 0)])


class HeadTests(DoorCase):
    def test_secure(self):
        """A request over TLS is one of https, for all that is decided by that."""
        door = Door(later)
        connection = ClientConnection(Served(door).site)
        directlyProvides(connection, ISSLTransport)
        connection.send(asking())
        (request,) = door.requests
        self.assertEqual((request.isSecure(), request.peer.scheme), (True, "https"))
        plain, request = self.visit(asking())
        self.assertEqual((request.isSecure(), request.peer.scheme), (False, "http"))
        self.assertEqual(request.getHost(), plain.getHost())

    def test_length(self):
        """A body announced to be over the limit is refused by that; without length, as it comes."""
        for announced in (b"Content-Length: 5", b"Transfer-Encoding: chunked"):
            _, request = self.visit(asking(b"POST", announced), body=5)
            request.check_length()
        _, request = self.visit(asking(b"POST", b"Content-Length: 6"), body=5)
        with self.assertRaises(TooLarge) as caught:
            request.check_length()
        told = "the request body is over the limit of 5 bytes"
        self.assertEqual(caught.exception.message, told)

    def test_large_bodies(self):
        """Only a body that is known to be small is kept in memory."""
        for announced, in_memory in (
            (b"Content-Length: 99999", True),
            (b"Content-Length: 100000", False),
            (b"Transfer-Encoding: chunked", False),
        ):
            connection, request = self.visit(asking(b"POST", announced))
            arrival = Deferred.fromCoroutine(request.receive())
            self.assertEqual(isinstance(request.content, BytesIO), in_memory, announced)
            connection.hang_up()
            self.failureResultOf(arrival, BadRequest)
