"""HTTP over a UNIX socket: strict, bounded, and over when it is time."""

from __future__ import annotations

import errno
import os
import socket
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.client.socket_exchange import SocketExchange, connect_step
from clace.client.transport import EndedUnanswered, collected
from clace.errors import BadRequest, ServerUnreachable, TooLarge
from tests.support.local_servers import answering, listen, socket_folder

OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"Content-Length: 4\r\n\r\nbody"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nbod\r\n1\r\ny\r\n0\r\n\r\n"
UNTIL_END = OK + b"Connection: close\r\n\r\nbody"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class SocketExchangeCase(SynchronousTestCase):
    """Tests with a server that says what the test wants."""

    def setUp(self):
        self.path = socket_folder(self) / "s"
        self.received = []
        self.answer = b""

    def serve(self):
        """Let a server send ``answer``, as it is then, to each request."""

        def talk(connection):
            answering(self.answer, self.received)(connection)

        listen(self, self.path, talk)

    def ask(self, method="GET", target="/apps?a=b", body=None, **options):
        return self.successResultOf(self.asked(method, target, body, **options))

    def asked(self, method="GET", target="/apps", body=None, **options):
        return SocketExchange(str(self.path), **options)(method, target, body)

    def refused(self, kind=ServerUnreachable, **options):
        return self.failureResultOf(self.asked(**options), kind).value.message

    def told(self, text):
        return f"cannot reach {self.path}: {text}"


class RequestTests(SocketExchangeCase):
    def test_sends_one_request(self):
        """The request is whole, asks for the end of the connection, and carries no credentials."""
        self.answer = WHOLE
        self.serve()
        self.ask()
        self.ask("DELETE", "/app")
        self.ask("POST", "/app", b"{}")
        common = b"Host: clace\r\nAccept: application/json\r\nUser-Agent: clace\r\n"
        end = b"Connection: close\r\n\r\n"
        self.assertEqual(
            self.received,
            [
                b"GET /_clace/apps?a=b HTTP/1.1\r\n" + common + end,
                b"DELETE /_clace/app HTTP/1.1\r\n" + common + b"Content-Length: 0\r\n" + end,
                b"POST /_clace/app HTTP/1.1\r\n"
                + common
                + b"Content-Type: application/json\r\nContent-Length: 2\r\n"
                + end
                + b"{}",
            ],
        )

    def test_acts_as_another_user(self):
        """The name of a user to act as is a header; what would be more than that is refused."""
        self.answer = WHOLE
        self.serve()
        self.ask(as_user="builtin:jö")
        self.assertIn("\r\nX-Clace-As-User: builtin:jö\r\n".encode(), self.received[0])
        for name in ("a\r\nb: c", " a", "\udcff"):
            self.failureResultOf(self.asked(as_user=name), BadRequest)

    def test_hears_a_refusal_of_what_it_still_sends(self):
        """A server that refuses a large body without reading it is heard, not called gone."""
        self.answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nbody"
        self.serve()
        self.assertEqual(self.ask("POST", "/app", b"x" * 4_000_000), (413, b"body"))


class AnswerTests(SocketExchangeCase):
    def setUp(self):
        super().setUp()
        self.serve()

    def test_reads_each_framing(self):
        """A length, chunks or the end of the connection end an answer; others may precede it."""
        for self.answer in (WHOLE, CHUNKED, UNTIL_END, CONTINUE + WHOLE, WHOLE + b"more"):
            self.assertEqual(self.ask(), (200, b"body"))
        self.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        self.assertEqual(self.ask(), (204, b""))

    def test_tells_of_an_answer_that_ends_early(self):
        """Wherever a framed answer is cut, it is not taken for a whole one."""
        cut = self.told("the server closed the connection in the middle of its answer")
        for whole in (WHOLE, CHUNKED, CONTINUE + WHOLE):
            for end in range(1, len(whole)):
                self.answer = whole[:end]
                self.assertEqual(self.refused(), cut)

    def test_tells_of_a_server_that_says_nothing(self):
        """A connection that ends without a byte may be a server of 2025 that was stopped."""
        told = self.refused(EndedUnanswered)
        self.assertEqual(told, self.told("the server closed the connection without an answer"))

    def test_refuses_what_is_not_http(self):
        """Other protocols, two lengths, an endless head and an upgrade are no answers."""
        told = self.told("the server does not speak HTTP there")
        for self.answer in (
            b"SSH-2.0-OpenSSH\r\n",
            OK + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\nbody",
            OK + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nbody",
            OK + b"X: " + b"x" * 70_000,
            b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        ):
            self.assertEqual(self.refused(), told)

    def test_stops_reading_at_the_limit(self):
        """An answer over the limit is an error; one of just that size is not."""
        for self.answer in (WHOLE, CHUNKED, UNTIL_END):
            told = self.refused(TooLarge, limit=3)
            self.assertEqual(told, "the answer is over the limit of 3 bytes")
            self.assertEqual(self.ask(limit=4), (200, b"body"))

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=60), st.sampled_from((b"", OK, WHOLE[:-6], CHUNKED[:-14])))
    def test_survives_any_answer(self, tail, head):
        """Whatever a server sends is an answer, or a failure in words."""
        self.answer = head + tail
        try:
            status, body = self.ask(limit=20)
        except self.failureException as failure:
            self.assertRegex(str(failure), "ServerUnreachable|EndedUnanswered|TooLarge")
        else:
            self.assertGreaterEqual(status, 200)
            self.assertLessEqual(len(body), 20)


class DeadlineTests(SocketExchangeCase):
    def test_gives_up_on_a_silent_server(self):
        """A server that takes a request and never answers is given up on."""
        listen(self, self.path, lambda connection: connection.recv(65536) and connection.recv(1))
        told = self.refused(timeout=0.05)
        self.assertEqual(told, self.told("the server did not answer in time"))

    def test_gives_up_on_a_server_that_goes_on(self):
        """Each piece that comes does not start the time anew."""
        body = b"x" * 4_000_000
        answer = OK + b"Content-Length: %d\r\n\r\n" % len(body) + body
        listen(self, self.path, answering(answer))
        ticks = count()
        told = self.refused(timeout=6.0, seconds=lambda: float(next(ticks)))
        self.assertEqual(told, self.told("the server did not answer in time"))

    def test_gives_up_on_a_server_that_takes_no_connection(self):
        """A backlog that stays full ends in words, not in waiting for ever."""
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(self.path))
        listening.listen(0)
        waiting = socket.socket(socket.AF_UNIX)
        self.addCleanup(waiting.close)
        waiting.connect(str(self.path))
        told = self.refused(connect_seconds=0.05)
        self.assertEqual(told, self.told("the connection timed out"))


class ConnectTests(SocketExchangeCase):
    def test_tells_that_there_is_no_socket(self):
        """A missing socket and one that nobody listens at ask if the server runs."""
        told = self.told("there is no such socket; is the server running?")
        self.assertEqual(self.refused(), told)
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(str(self.path))
        told = self.told("connection refused; is the server running?")
        self.assertEqual(self.refused(), told)

    def test_no_socket(self):
        """A file or folder in place of a socket is told as that."""
        self.path.touch()
        self.assertEqual(self.refused(), self.told("that is no socket"))

    def test_names_the_step(self):
        """A socket of another user is told; a failure without words of ours has the system's."""
        denied = "permission denied; only the user that the server runs as may use it"
        for code, text in (
            (errno.EACCES, denied),
            (errno.EPERM, denied),
            (errno.ENOTDIR, "Not a directory"),
        ):
            self.assertEqual(connect_step(OSError(code, errno_text(code))), text)

    def test_refuses_a_path_that_no_socket_can_have(self):
        """A path over what the system takes is said to be that."""
        error = self.assertRaises(ServerUnreachable, SocketExchange, "/" + "é" * 60)
        self.assertIn("at most 107 bytes, not 121", error.message)


def errno_text(code):
    return os.strerror(code)


class StreamTests(SocketExchangeCase):
    """Answers of any size, piece by piece."""

    def opened(self, **options):
        asked = SocketExchange(str(self.path), **options).open("GET", "/audit/export", None)
        return self.successResultOf(asked)

    async def taken(self, pieces, into):
        async for piece in pieces:
            into.append(piece)

    def test_pieces(self):
        """The pieces of an answer are its body, however large, and however it ends."""
        for answer in (WHOLE, CHUNKED, UNTIL_END, CONTINUE + WHOLE):
            self.answer = answer
            self.path = socket_folder(self) / "s"
            self.serve()
            status, pieces = self.opened(limit=1)
            got = []
            self.successResultOf(self.taken(pieces, got))
            self.assertEqual((status, b"".join(got)), (200, b"body"), answer)

    def test_refusals(self):
        """The status of a refusal is there before its body."""
        self.answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
        self.serve()
        status, pieces = self.opened()
        self.assertEqual((status, self.successResultOf(collected(pieces))), (403, b"no"))

    def test_cut(self):
        """An answer that breaks off gives what came, and then an error."""
        self.answer = CHUNKED[:-9]
        self.serve()
        _, pieces = self.opened()
        got = []
        failure = self.failureResultOf(self.taken(pieces, got), ServerUnreachable)
        self.assertIn("in the middle of its answer", failure.value.message)
        self.assertTrue(b"body".startswith(b"".join(got)))

    def test_no_answer(self):
        """A server that closes at once, or is not there, is told as such."""
        self.assertIn("no such socket", self.failureResultOf(self.begun()).value.message)
        self.serve()
        self.assertIn("without an answer", self.failureResultOf(self.begun()).value.message)

    def begun(self):
        return SocketExchange(str(self.path)).open("GET", "/audit/export", None)
