"""Tests for ``clace.web.http1.passing``: bodies and tunnels that pass through a connection."""

from twisted.internet.error import ConnectionAborted

from tests.support.doors import PLAIN, DoorCase, Follower, asking


class Answering(Follower):
    """Answers when it has the piece ``b``."""

    def __init__(self, request):
        super().__init__()
        self._request = request

    def body(self, data):
        if data == b"b":
            self._request.answer(200, PLAIN, b"")


def kept(connection):
    """The number of bytes that a connection has received and not passed on."""
    return len(connection.channel._received)


class PassingTests(DoorCase):
    def passing(self, *lines, body=b"", limit=100, **limits):
        """A connection whose body passes to ``self.follower``."""
        connection, request = self.visit(asking(b"POST", *lines, body=body), **limits)
        self.follower = Follower()
        request.follow(self.follower)
        request.pass_body(limit)
        return connection, request

    def test_over_its_limit(self):
        """A body in chunks may have the limit of who takes it, higher or lower, and no more."""
        for limit, told, statuses in ((3, [b"abc"], []), (2, ["gone"], [413])):
            connection, _ = self.passing(b"Transfer-Encoding: chunked", limit=limit)
            connection.send(b"3\r\nabc\r\n")
            self.assertEqual((self.follower.told, connection.statuses), (told, statuses))

    def test_longer_than_others_may_be(self):
        """Who does not pass a body on cannot have one that only may pass."""
        connection, request = self.visit(asking(b"POST", b"Content-Length: 6"), body=5)
        request.pass_body(6)
        self.assertEqual(connection.statuses, [])
        connection, request = self.visit(asking(b"POST", b"Content-Length: 6"), body=5)
        connection.channel.take_body()
        self.assertEqual(connection.statuses, [413])
        self.assertEqual(self.logged(), [(413, 0)])
        self.assertTrue(request.is_gone)

    def test_continue(self):
        """Only a client that waits to be told so is told to send its body."""
        for body, statuses in ((b"", [100]), (b"a", [])):
            connection, _ = self.passing(b"Expect: 100-continue", b"Content-Length: 2", body=body)
            self.assertEqual(connection.statuses, statuses)

    def test_held(self):
        """What still comes of a body that is held waits for its release."""
        connection, request = self.passing(b"Content-Length: 4", body=b"a")
        request.hold()
        connection.send(b"bc")
        self.assertEqual(self.follower.told, [b"a"])
        self.assertEqual(connection.producerState, "paused")
        request.release()
        self.assertEqual(self.follower.told, [b"a", b"bc"])
        self.assertEqual(connection.producerState, "producing")
        connection.send(b"d")
        self.assertEqual(self.follower.told, [b"a", b"bc", b"d", "body ended"])

    def test_answered_while_held(self):
        """A client that is answered while its body is held is read again, and has time to stop."""
        connection, request = self.passing(b"Content-Length: 90000", body=b"a")
        request.hold()
        request.answer(413, PLAIN, b"")
        self.assertEqual(connection.producerState, "producing")
        for _ in range(5):
            connection.send(b"a" * 1000)
            self.served.clock.advance(2)
            connection.settle()
        self.assertFalse(connection.lost)
        self.assertEqual((self.follower.told, kept(connection)), ([b"a"], 0))
        self.served.clock.advance(2)
        connection.settle()
        self.assertTrue(connection.lost)

    def test_held_without_a_body(self):
        """A request that is answered while its client is held does not leave it so."""
        connection, request = self.visit(asking())
        request.hold()
        request.answer(200, PLAIN, b"")
        self.assertEqual(connection.producerState, "producing")
        connection.send(asking(b"POST", b"Content-Length: 1"))
        follower, request = Follower(), self.served.recorder.requests[1]
        request.follow(follower)
        request.pass_body(1)
        connection.send(b"a")
        self.assertEqual(follower.told, [b"a", "body ended"])

    def test_slow_after_a_pause(self):
        """A client that was behind with its answer has no more time for its body than others."""
        connection, request = self.passing(b"Content-Length: 9")
        request.begin(200, PLAIN)
        request.write(b"a")
        connection.channel.pauseProducing()
        connection.channel.resumeProducing()
        self.served.clock.advance(self.served.limits.body_seconds - 1)
        self.assertFalse(connection.lost)
        self.served.clock.advance(1)
        self.assertIsInstance(connection.reason, ConnectionAborted)
        self.assertEqual(connection.statuses, [200], "nothing is said in the middle of an answer")
        self.assertEqual((self.logged(), self.follower.told[-1:]), ([(200, 1)], ["gone"]))

    def test_held_after_a_pause(self):
        """A client whose body is held is not blamed for it, behind with its answer or not."""
        connection, request = self.passing(b"Content-Length: 9")
        request.begin(200, PLAIN)
        request.write(b"a")
        request.hold()
        connection.channel.pauseProducing()
        connection.channel.resumeProducing()
        self.served.clock.advance(10 * self.served.limits.body_seconds)
        self.assertFalse(connection.lost)
        request.release()
        self.served.clock.advance(self.served.limits.body_seconds - 1)
        self.assertFalse(connection.lost, "it has all of the time again")
        self.served.clock.advance(1)
        self.assertTrue(connection.lost)

    def test_whole(self):
        """Who has sent all of its body has no deadline any more."""
        connection, request = self.passing(b"Content-Length: 1", body=b"a")
        self.assertEqual(self.follower.told, [b"a", "body ended"])
        self.served.clock.advance(10 * self.served.limits.body_seconds)
        connection.settle()
        self.assertFalse(connection.lost)
        request.answer(200, PLAIN, b"")
        self.assertEqual(connection.statuses, [200])

    def test_answered_by_its_last_piece(self):
        """An answer that the last piece of a body brings about lets the next request be served."""
        asked = asking(b"POST", b"Content-Length: 2") + b"a"
        connection, request = self.visit(asked)
        request.follow(Answering(request))
        request.pass_body(2)
        connection.send(b"b" + asking())
        self.assertEqual(connection.statuses, [200])
        self.assertEqual([one.method for one in self.served.recorder.requests], [b"POST", b"GET"])

    def test_malformed_and_unwanted(self):
        """What follows a body that nobody can find the end of is no request."""
        asked = asking(b"POST", b"Transfer-Encoding: chunked", body=b"no\r\n") + asking()
        connection, _ = self.visit(asked, lambda request: request.answer(404, PLAIN, b""))
        self.assertEqual(connection.statuses, [404])
        self.assertIn(b"\r\nConnection: close\r\n", connection.value())
        connection.send(asking())
        self.assertEqual(len(self.served.recorder.requests), 1)

    def test_half_closed(self):
        """A client that will not send the rest of its body is not waited for."""
        connection, _ = self.passing(b"Content-Length: 9", body=b"a")
        connection.channel.readConnectionLost()
        connection.settle()
        self.assertTrue(connection.lost)
        self.assertEqual(self.follower.told, [b"a", "gone"])
        self.assertEqual(self.logged(), [(499, 0)])

    def test_answered_when_closing(self):
        """An answer on a connection that is closing is its last."""
        connection, request = self.visit(asking())
        connection.channel.loseConnection()
        request.answer(200, PLAIN, b"")
        connection.channel.dataReceived(asking())
        self.assertEqual(len(self.served.recorder.requests), 1)
        connection.settle()
        self.assertEqual(self.served.clock.getDelayedCalls(), [])


class TunnelTests(DoorCase):
    def test_nothing_is_kept(self):
        """What goes through a tunnel is kept by nobody."""
        connection, request = self.visit(asking() + b"early")
        request.follow(Follower())
        request.tunnel(101, b"")
        self.assertEqual(kept(connection), 0)
        connection.send(b"a" * 1000)
        self.assertEqual(kept(connection), 0)

    def test_held(self):
        """A client of a tunnel that is held has no deadline, but for taking what it is sent."""
        connection, request = self.visit(asking())
        request.follow(Follower())
        request.tunnel(101, b"")
        request.hold()
        request.release()
        self.served.clock.advance(10_000)
        connection.settle()
        self.assertFalse(connection.lost)
        connection.channel.pauseProducing()
        request.hold()
        self.served.clock.advance(self.served.limits.stall_seconds)
        self.assertTrue(connection.lost)

    def test_behind_for_a_while(self):
        """A tunnel whose client was behind once is not closed for that later."""
        connection, request = self.visit(asking())
        request.follow(Follower())
        request.tunnel(101, b"")
        connection.channel.pauseProducing()
        connection.channel.resumeProducing()
        self.served.clock.advance(10_000)
        connection.settle()
        self.assertFalse(connection.lost)
        connection.channel.pauseProducing()
        self.served.clock.advance(self.served.limits.stall_seconds)
        self.assertTrue(connection.lost)
