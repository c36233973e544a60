"""Changes of the protocol: WebSocket, and whatever else two sides agree on."""

from msgspec.structs import replace
from twisted.internet.defer import Deferred

from clace.model.app import AppSettings
from tests.support.proxying import MemoryProxyCase, asking

UPGRADE = (b"Connection: keep-alive, Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: abc")
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: xyz\r\n\r\n"
)


class TunnelTests(MemoryProxyCase):
    def open(self, **options):
        visitor = self.visit(asking(b"/app/x", *UPGRADE), **options)
        self.last.asked  # noqa: B018 - it is looked at, and gone
        self.last.say(SWITCHED)
        return visitor

    def test_asked(self):
        """The other server is asked for the protocol, under the visitor's name for the app."""
        self.visit(asking(b"/app/x", *UPGRADE))
        asked = self.last.asked
        for line in (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: abc"):
            self.assertIn(b"\r\n%b\r\n" % line, asked)
        self.assertIn(b"\r\nHost: localhost\r\n", asked)

    def test_passes_on(self):
        """Both sides get what the other one sends, as it is."""
        visitor = self.open()
        self.assertTrue(visitor.value().startswith(b"HTTP/1.1 101 Switching Protocols\r\n"))
        self.assertIn(b"\r\nSec-WebSocket-Accept: xyz\r\n", visitor.value())
        self.assertIn(b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", visitor.value())
        visitor.clear()
        self.last.say(b"\x81\x02hi")
        self.assertEqual(visitor.value(), b"\x81\x02hi")
        visitor.send(b"\x81\x82GET / HTTP/1.1\r\n\r\n")
        self.assertEqual(self.last.asked, b"\x81\x82GET / HTTP/1.1\r\n\r\n")
        self.assertEqual(self.statuses, [101])

    def test_what_came_early(self):
        """Bytes behind the heads of request and answer belong to the new protocol."""
        visitor = self.visit(asking(b"/app/x", *UPGRADE) + b"early")
        self.assertTrue(self.last.asked.endswith(b"\r\n\r\n"))
        self.last.say(SWITCHED + b"first")
        self.assertTrue(visitor.value().endswith(b"\r\n\r\nfirst"))
        self.assertEqual(self.last.asked, b"early")

    def test_refused(self):
        """A server that keeps to HTTP has its answer passed on; the connection goes on."""
        visitor = self.visit(asking(b"/app/x", *UPGRADE))
        self.last.say(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")
        self.assertEqual(visitor.statuses, [426])
        visitor.send(asking())
        self.assertIn(b"GET /x HTTP/1.1\r\nHost: there:8000\r\n", self.last.asked)

    def test_unasked(self):
        """A change of the protocol that nobody asked for, or to nothing, is a 502."""
        visitor = self.get()
        self.last.say(SWITCHED)
        self.assertEqual(visitor.statuses, [502])
        visitor = self.visit(asking(b"/app/x", *UPGRADE))
        self.last.say(b"HTTP/1.1 101 Switching Protocols\r\n\r\nabc")
        self.assertEqual(visitor.statuses, [502])

    def test_idle(self):
        """A tunnel through which nothing goes, in either direction, is closed."""
        visitor = self.open()
        for say in (lambda: visitor.send(b"a"), lambda: self.last.say(b"b")):
            self.served.clock.advance(590)
            say()
        self.served.clock.advance(590)
        self.assertFalse(visitor.lost)
        self.served.clock.advance(10)
        visitor.settle()
        self.assertTrue(visitor.lost)
        self.assertTrue(self.last.lost)

    def test_either_leaves(self):
        """The end of one side is the end of the other."""
        visitor = self.open()
        visitor.hang_up()
        self.assertTrue(self.last.lost)
        visitor = self.open()
        self.last.hang_up()
        visitor.settle()
        self.assertTrue(visitor.lost)

    def test_halves(self):
        """A side that only sends no more is still sent to."""
        visitor = self.open()
        visitor.channel.readConnectionLost()
        self.assertTrue(self.last.half_closed)
        self.last.say(b"rest")
        self.assertTrue(visitor.value().endswith(b"rest"))
        self.last.end_half()
        visitor.settle()
        self.assertTrue(visitor.lost)
        self.assertTrue(self.last.lost)

    def test_pace(self):
        """Each side is read no faster than the other one takes it."""
        visitor = self.open(slow=True)
        self.last.say(b"a" * 100_000)
        self.assertEqual(self.last.producerState, "paused")
        visitor.read()
        self.assertEqual(self.last.producerState, "producing")
        self.last.producer.pauseProducing()
        self.assertEqual(visitor.producerState, "paused")
        self.last.producer.resumeProducing()
        self.assertEqual(visitor.producerState, "producing")

    def test_stalled_visitor(self):
        """A visitor who takes nothing of what is sent is left."""
        visitor = self.open(slow=True)
        self.last.say(b"a" * 100_000)
        self.served.clock.advance(self.served.limits.stall_seconds)
        self.assertTrue(visitor.lost)
        self.assertTrue(self.last.lost)

    def test_server_stops(self):
        """A server that stops does not wait for tunnels."""
        visitor = self.open()
        drained = Deferred.fromCoroutine(self.served.site.drain(30))
        visitor.settle()
        self.assertTrue(visitor.lost)
        self.successResultOf(drained)

    def test_body_with_it(self):
        """A request with a body asks for no other protocol."""
        self.visit(asking(b"/app/x", *UPGRADE, b"Content-Length: 1", body=b"a", method=b"POST"))
        self.assertNotIn(b"Upgrade", self.last.asked)

    def test_other_versions_of_http(self):
        """Another version of HTTP is not asked for: what a client sent in it would be seen by
        nobody here, and could name any user.
        """
        for lines in (
            (b"Upgrade: h2c",),
            (b"Upgrade: H2C", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
            (b"Upgrade: websocket, h2c",),
            (b"Upgrade: websocket", b"Upgrade:\t h2c"),
            (b"Upgrade: HTTP/2.0",),
            (b"Upgrade: h3",),
            (b"Upgrade: TLS/1.2, HTTP/1.1",),
        ):
            visitor = self.visit(asking(b"/app/x", b"Connection: Upgrade, HTTP2-Settings", *lines))
            asked = self.last.asked.lower()
            for name in (b"upgrade", b"h2c", b"http2-settings"):
                self.assertNotIn(name, asked)
            self.last.say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")
            self.assertEqual(visitor.statuses, [502])

    def test_others(self):
        """Protocols that have no requests of their own are."""
        for name in (b"WebSocket", b"tcp", b"SPDY/3.1", b"httpx"):
            self.visit(asking(b"/app/x", b"Connection: Upgrade", b"Upgrade: " + name))
            self.assertIn(b"\r\nUpgrade: %b\r\n" % name, self.last.asked)


class WriteAccessTests(MemoryProxyCase):
    def restrict(self, kind, **access):
        self.app = replace(
            self.app, id=f"app_{kind}_1", main_app="app_prd_1", settings=AppSettings(**access)
        )

    def test_staging(self):
        """A staging app without write access passes on what only reads."""
        self.restrict("stg", stage_write_access=False)
        refused = self.get(method=b"DELETE")
        self.assertEqual(refused.statuses, [403])
        self.assertIn(b"Stage app does not have access to proxy write APIs", refused.value())
        self.assertEqual(self.visit(asking(b"/app/x", *UPGRADE)).statuses, [403])
        self.assertEqual(self.there.opened, [])
        for method in (b"GET", b"HEAD", b"OPTIONS"):
            self.get(method=method)
        self.assertEqual(len(self.there.opened), 3)

    def test_preview(self):
        """So does a preview app; with access either passes on everything."""
        self.restrict("pre", preview_write_access=False)
        self.assertIn(b"Preview app does not", self.get(method=b"POST").value())
        self.restrict("pre")
        self.get(method=b"POST")
        self.assertEqual(len(self.there.opened), 1)
