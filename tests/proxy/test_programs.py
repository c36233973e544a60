"""Requests passed on to programs: started for them, and replaced under them."""

from pathlib import Path

from twisted.internet.task import Clock
from twisted.web.resource import Resource

from clace.model.proxying import ProxyConfig, ProxyRoute
from clace.model.workloads import WorkloadConfig
from clace.proxy.connecting import NetworkEndpoints
from clace.proxy.relaying import Proxy
from clace.web.apps.proxied import ProxiedApps
from tests.support.apps import DictFiles
from tests.support.proxying import MemoryProxyCase, OpenAccess, OwnNames, ProxyEntrance, asking
from tests.support.upstreams import whole
from tests.support.web import Served
from tests.support.workloads import MemoryEngine, make_workloads

UPGRADE = (b"Connection: upgrade", b"Upgrade: websocket")
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


class ProgramProxyCase(MemoryProxyCase):
    """The whole app is a program."""

    def make_served(self, **limits):
        self.served = Served(Resource(), **limits)
        self.clock: Clock = self.served.clock
        self.engine = MemoryEngine(self.clock, at_once=True)
        self.workloads = make_workloads(self.clock, self.engine, Path(self.mktemp()))
        self.route = ProxyRoute("/", ProxyConfig("<CONTAINER_URL>/base"))
        self.endpoints = NetworkEndpoints(self.clock, self.workloads)
        self.proxy = Proxy(self.clock, self.endpoints, "clace-1", self.workloads, self.most)
        proxied = ProxiedApps(self.proxy, OwnNames(self), OpenAccess(), "localhost")
        self.served.recorder = ProxyEntrance(proxied, self)
        self.served.site = self.served.make_site()
        self.publish("1")

    def publish(self, text):
        files = DictFiles({"app.py": text})
        self.workloads.offer(self.app, files, WorkloadConfig(port=80), {}, str).publish(self.app)

    def body(self, visitor):
        return visitor.value().rpartition(b"\r\n\r\n")[2]


class ProgramTests(ProgramProxyCase):
    def test_started(self):
        """A program is started by the first request, and answers it and those that follow."""
        visitor = self.get(b"/app/x?q=1")
        self.assertEqual(self.body(visitor), b"1")
        (program,) = self.engine.started
        self.assertEqual(program.asked, [b"GET / HTTP/1.1", b"GET /base/x?q=1 HTTP/1.1"])
        visitor.send(asking())
        self.assertEqual(self.body(visitor), b"1")
        self.assertEqual(len(program.opened), 2)

    def test_replaced(self):
        """A request in flight ends where it began; the next one goes to the new program, by a
        connection of its own.
        """
        self.get().hang_up()
        first = self.engine.started[0]
        first.answer = b""
        slow = self.get()
        self.publish("2")
        self.assertEqual(self.body(self.get()), b"2")
        self.assertEqual(self.engine.running, [1, 2])
        first.opened[-1].say(whole(b"late"))
        self.assertEqual(self.body(slow), b"late")
        self.clock.advance(0)
        self.assertEqual(self.engine.running, [2])

    def test_ends_under_a_request(self):
        """A program that ends before a request was sent is started again for it."""
        self.get().hang_up()
        first = self.engine.started[0]
        for connection in first.opened:
            connection.hang_up()
        first.dies_when_connected = True
        self.assertEqual(self.body(self.get()), b"2")

    def test_does_not_start(self):
        """What a program wrote before it failed is the error."""
        self.engine.make = lambda one: (one.log(b"no module\n"), one.end(1))
        visitor = self.get()
        self.assertIn(b"program_failed", visitor.value())
        self.assertIn(b"no module", visitor.value())

    def test_nonsense(self):
        """An answer that cannot be read is told with the last lines of the program."""
        self.get().hang_up()
        program = self.engine.started[0]
        program.log(b"Traceback\nKeyError\n")
        program.answer = b"nonsense\r\n\r\n"
        self.assertIn(b"upstream_failed", self.get().value())
        self.assertEqual(self.failed, [("Traceback", "KeyError")])

    def test_page_waits_less(self):
        """A browser that wants a page is told soon; others wait."""
        self.engine.make = lambda one: setattr(one, "answer", b"")
        page = self.get(b"/app/x", b"Accept: text/html,*/*")
        other = self.get(b"/app/x", b"Accept: application/json")
        posted = self.get(b"/app/x", b"Accept: text/html", method=b"POST")
        self.clock.advance(2)
        self.assertIn(b"app_starting", page.value())
        self.assertEqual(other.value() + posted.value(), b"")
        self.clock.pump([1] * 60)
        self.assertIn(b"app_starting", other.value())

    def test_visitor_leaves(self):
        """A visitor who leaves while it waits keeps nothing awake."""
        self.engine.make = lambda one: setattr(one, "answer", b"")
        self.get().hang_up()
        (program,) = self.engine.started
        program.opened[0].say(whole(b"ready"))
        self.clock.advance(0)
        self.assertEqual(self.workloads.of(self.app).offer.usable.requests, 0)

    def test_sockets(self):
        """An open WebSocket counts by its bytes, in both directions, until it is closed."""
        self.get().hang_up()
        program = self.engine.started[0]
        program.answer = b""
        visitor = self.get(b"/app/ws", *UPGRADE)
        program.opened[-1].say(SWITCHED)
        generation = self.workloads.of(self.app).offer.usable
        self.assertEqual((generation.requests, generation.tunnels), (0, 1))
        self.clock.advance(100)
        program.opened[-1].say(b"x" * 800)
        self.assertEqual(generation.used_at, 0)
        visitor.send(b"y" * 800)
        self.assertEqual(generation.used_at, 100)
        visitor.hang_up()
        self.assertEqual(generation.tunnels, 0)

    def generation(self):
        """The program that answers, of which nothing was heard since now."""
        generation = self.workloads.of(self.app).offer.usable
        generation.was_heard = generation.was_fed = False
        return generation

    def test_heard(self):
        """An answer shows that a program is alive; a request that waits does not."""
        self.get().hang_up()
        program, generation = self.engine.started[0], self.generation()
        program.answer = b""
        self.get(method=b"POST")
        self.assertFalse(generation.was_heard)
        program.opened[-1].say(whole(b"late"))
        self.assertTrue(generation.was_heard)

    def test_heard_by_socket(self):
        """What it says by a WebSocket does so too; what its visitor says does not."""
        self.get().hang_up()
        program = self.engine.started[0]
        program.answer = b""
        visitor = self.get(b"/app/ws", *UPGRADE)
        program.opened[-1].say(SWITCHED)
        generation = self.generation()
        visitor.send(b"y")
        self.assertFalse(generation.was_heard)
        program.opened[-1].say(b"x")
        self.assertTrue(generation.was_heard)

    def test_fed(self):
        """A body that goes on is told of from its second piece on: most have one."""
        self.get().hang_up()
        self.engine.started[0].answer, generation = b"", self.generation()
        visitor = self.visit(asking(b"/app/x", b"Content-Length: 9", method=b"POST", body=b"one"))
        self.assertFalse(generation.was_fed)
        visitor.send(b"two")
        self.assertTrue(generation.was_fed)
        self.assertFalse(generation.was_heard)

    def test_drained(self):
        """Connections that wait for the next request do not hold up the end of a program."""
        self.get()
        self.publish("2")
        self.assertEqual(self.engine.running, [])
        self.assertEqual(self.body(self.get()), b"2")
