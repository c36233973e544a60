"""Connections to other servers, kept for the next request."""

from msgspec.structs import replace
from twisted.internet import error

from tests.support.proxying import MemoryProxyCase, asking
from tests.support.upstreams import whole


class PoolTests(MemoryProxyCase):
    def test_kept(self):
        """A connection is used again, and closed when nobody has for some time."""
        for _ in range(3):
            self.get()
            self.last.say(whole())
        self.assertEqual(len(self.there.opened), 1)
        self.served.clock.advance(14)
        self.assertFalse(self.last.lost)
        self.served.clock.advance(1)
        self.assertTrue(self.last.lost)

    def test_forgotten(self):
        """Nothing is kept of a server that has no connections any more."""
        self.get()
        self.last.say(whole())
        self.served.clock.advance(20)
        self.assertEqual(self.proxy._pools, {})

    def test_last_one(self):
        """An answer that says that it is the last one is, and so is one of HTTP/1.0."""
        self.get()
        self.last.say(whole(b"a", b"Connection: close"))
        self.assertTrue(self.last.lost)
        self.get()
        self.last.say(whole(b"a").replace(b"HTTP/1.1", b"HTTP/1.0"))
        self.assertTrue(self.last.lost)

    def test_closed_meanwhile(self):
        """A connection that the other server closed while nobody used it is not used."""
        for leave in ("hang_up", "end_half", "reset"):
            self.get()
            self.last.say(whole())
            getattr(self.last, leave)()
            before = len(self.there.opened)
            self.get()
            self.assertEqual(len(self.there.opened), before + 1)
            self.last.say(whole(b"a", b"Connection: close"))

    def test_no_second_try(self):
        """A request that was sent is never sent again: the other server may have acted on it."""
        self.get()
        self.last.say(whole())
        for method in (b"GET", b"POST"):
            visitor = self.get(method=method)
            self.last.hang_up()
            self.assertEqual(visitor.statuses, [502])
        self.assertEqual(len(self.there.opened), 2)

    def test_most(self):
        """Requests wait for a connection when the most are in use, and for a while only."""
        visitors = [self.get() for _ in range(5)]
        self.assertEqual(len(self.there.opened), 4)
        self.there.opened[0].say(whole(b"first"))
        self.assertEqual(self.there.opened[0].value().count(b"GET /x"), 2)
        self.there.opened[0].say(whole(b"fifth"))
        self.assertTrue(visitors[4].value().endswith(b"fifth"))
        waiting = [self.get() for _ in range(2)]
        self.served.clock.advance(10)
        self.assertEqual([visitor.statuses for visitor in waiting], [[], [503]])
        self.assertIn(b"app_busy", waiting[1].value())

    def test_room(self):
        """A connection that is gone makes room for one who waits."""
        visitors = [self.get() for _ in range(5)]
        self.there.opened[0].reset()
        self.assertEqual(visitors[0].statuses, [502])
        self.last.say(whole(b"fifth"))
        self.assertTrue(visitors[4].value().endswith(b"fifth"))

    def test_late_room(self):
        """A connection on its way for one who waited has its own time; the wait is over."""
        visitors = [self.get() for _ in range(5)]
        self.there.held = []
        self.served.clock.advance(9)
        self.there.opened[0].reset()
        self.served.clock.advance(2)
        self.assertEqual(visitors[4].statuses, [])
        self.there.release()
        self.last.say(whole(b"fifth"))
        self.assertTrue(visitors[4].value().endswith(b"fifth"))

    def test_all_refused(self):
        """However many wait, each is told when the server is not reached any more."""
        visitors = [self.get() for _ in range(254)]
        self.there.failure = error.ConnectionRefusedError()
        self.there.opened[0].reset()
        self.assertEqual([one.statuses for one in visitors[4:]], [[502]] * 250)

    def test_idle_ones(self):
        """No more idle connections are kept than the operator says."""
        for _ in range(3):
            self.get()
        for one in self.there.opened:
            one.say(whole())
        self.assertEqual([one.lost for one in self.there.opened], [False, False, True])

    def test_not_reached(self):
        """A server that is not reached is a 502 or 504 that says how it is not."""
        for failure, status, told in (
            (
                error.ConnectionRefusedError(),
                502,
                b"no connection to http://there:8000: nothing listens",
            ),
            (error.DNSLookupError("there"), 502, b"the name is not known"),
            (error.TimeoutError(), 504, b"no connection to http://there:8000 within 10 seconds"),
        ):
            self.there.failure = failure
            visitor = self.get()
            self.assertEqual(visitor.statuses, [status])
            self.assertIn(told, visitor.value())

    def test_leaves_while_connecting(self):
        """A visitor who leaves before the connection is there asks for nothing; it is kept."""
        self.there.held = []
        visitor = self.get()
        visitor.hang_up()
        self.there.release()
        self.assertEqual(self.last.asked, b"")
        self.get()
        self.assertEqual(len(self.there.opened), 1)

    def test_stopped(self):
        """A server that stops closes what it has open."""
        self.get()
        self.last.say(whole())
        self.visit(asking(b"/app/y"))
        self.proxy.stopService()
        self.assertTrue(all(one.lost for one in self.there.opened))

    def test_stopped_with_waiting(self):
        """A server that stops opens no more connections for requests that wait."""
        visitors = [self.get() for _ in range(6)]
        self.proxy.stopService()
        self.assertEqual([one.statuses for one in visitors[4:]], [[503]] * 2)
        self.assertEqual(len(self.there.opened), 4)


class AllAppsTests(MemoryProxyCase):
    most = 2

    def test_most(self):
        """All apps together have so many connections; idle ones make room, and then it is a 503."""
        self.get()
        self.last.say(whole())
        first = self.last
        self.app = replace(self.app, id="app_prd_2")
        self.get()
        self.get()
        self.assertTrue(first.lost)
        self.assertEqual(len(self.there.opened), 3)
        self.assertEqual(self.get().statuses, [503])
        self.last.say(whole(b"", b"Connection: close"))
        self.get()
        self.assertEqual(len(self.there.opened), 4)
