"""Requests answered in turns, over a socket; the host is a process of its own for its timer."""

import os
import signal
import socket
import time

from twisted.trial.unittest import SynchronousTestCase

from clace.frames import FrameReader
from clace.host.requests.line import DaemonLine
from clace.host.requests.serving import Serving
from clace.wire import (
    AnswerHead,
    AppLoaded,
    AskApp,
    CallAnswer,
    CallPlugin,
    HostNote,
    LoadApp,
    LoadFailed,
    RequestFailed,
    pack,
    unpack_upward,
)
from tests.support.apps import a_request
from tests.support.hosted import EXEC

APP = b"""
load("exec.in", "exec")
def call(req): return exec.run(req.Query["n"][0]).value
def fails(req): fail("no")
print("loaded")
app = ace.app("A", routes = [ace.api("/call", call), ace.api("/fails", fails)])
"""
SPINS = b"""
def spin(req):
    for a in range(1000000000):
        for b in range(1000000000):
            pass
app = ace.app("A", routes = [ace.api("/spin", spin)])
"""
CUTS = """
load("exec.in", "exec")
def cut(req):
    ace.audit("op", "ä"[:1], "ö"[:1])
    return exec.run("é"[:1], {"a": ["é"[:1]]}, key = "é"[1:]).value
app = ace.app("A", routes = [ace.api("/cut", cut)])
""".encode()
GREEDY = b"""
load("exec.in", "exec")
def forever():
    for a in range(1000000000):
        for b in range(1000000000):
            pass
def spin(req): forever()
def structs(req): return [[struct(a = 1)] * 1000] * 1000000
def numbers(req): return [[1] * 1000000] * 1000000
def arguments(req): exec.run([[1] * 1000000] * 1000000)
def too_much(req): exec.run("x" * 3000000)
def stream(req): return exec.run()
def count(req): return len(exec.run())
def page(req): return [1] * 5000
def error_handler(req, data): forever()
app = ace.app("A", custom_layout = True, routes = [
    ace.api("/structs", structs), ace.api("/numbers", numbers), ace.api("/arguments", arguments),
    ace.api("/too_much", too_much), ace.api("/stream", stream),
    ace.api("/count", count),
    ace.html("/page", full = "page.go.html", handler = page),
])
"""
SLOW_PAGE = b"""{{ range .Data }}{{ range $.Data }}
<a href='{{ . }}' onclick='f({{ $.Data }})'></a>
{{ end }}{{ end }}"""


class ServingTests(SynchronousTestCase):
    def setUp(self):
        self.daemon, ours = socket.socketpair()
        self.daemon.settimeout(5)
        self.bodies = []
        self.frames = FrameReader()
        child = os.fork()
        if not child:
            self.daemon.close()
            Serving(DaemonLine(ours)).run()
            os._exit(0)
        ours.close()
        self.addCleanup(os.waitpid, child, 0)
        self.addCleanup(os.kill, child, signal.SIGKILL)
        self.addCleanup(self.daemon.close)

    def say(self, *messages):
        for message in messages:
            self.daemon.sendall(pack(message))

    def hear(self):
        """The next message of the host."""
        while not self.bodies:
            self.bodies += self.frames.feed(self.daemon.recv(65536))
        return unpack_upward(self.bodies.pop(0))

    def load(self):
        self.say(LoadApp(sources={"app.star": APP}, plugins=(EXEC,), loads=("exec.in",)))
        self.assertEqual(self.hear(), HostNote(request=0, text="loaded"))
        self.assertIsInstance(self.hear(), AppLoaded)

    def test_failing_load(self):
        """An app that does not load is told, with its place."""
        self.say(LoadApp(sources={"app.star": b"x = = 1"}))
        failed = self.hear()
        self.assertIsInstance(failed, LoadFailed)
        self.assertIn("app.star:1:5", failed.message)

    def test_endless_load(self):
        """An app whose loading takes too long says that this was why."""
        text = b"[x for x in range(100000) for y in range(100000)]"
        self.say(LoadApp(sources={"app.star": text}, load_seconds=0.05))
        self.assertEqual(self.hear().code, "app_timed_out")

    def test_request_before_an_app(self):
        """Without an app there is nothing to ask."""
        self.say(AskApp(1, a_request()))
        self.assertIsInstance(self.hear(), RequestFailed)

    def test_answers(self):
        """Each request is answered under its number."""
        self.load()
        self.say(AskApp(5, a_request("/none")), AskApp(6, a_request("/fails")))
        heard = {message.id: message for message in (self.hear(), self.hear())}
        self.assertEqual(heard[5].status, 404)
        self.assertEqual(
            heard[6], RequestFailed(id=6, message="fail: no", place="app.star:4:21", route="/fails")
        )

    def test_calls_in_parallel(self):
        """Requests that wait for plugins do not hold each other up; answers may cross."""
        self.load()
        for number in (1, 2):
            self.say(AskApp(number, a_request("/call", query={"n": [str(number)]})))
        calls = {call.request: call for call in (self.hear(), self.hear())}
        self.assertEqual({call.args for call in calls.values()}, {("1",), ("2",)})
        self.assertIsInstance(calls[1], CallPlugin)
        self.say(AskApp(3, a_request("/none")))
        self.assertEqual(
            self.hear(),
            AnswerHead(
                id=3,
                status=404,
                headers=(("Content-Type", "text/plain; charset=utf-8"),),
                body=b"404 page not found\n",
            ),
        )
        for number in (2, 1):
            self.say(CallAnswer(call=calls[number].call, value=number * 10))
            answer = self.hear()
            self.assertEqual((answer.id, answer.body), (number, b"%d\n" % (number * 10)))

    def test_long_request(self):
        """A request that computes for long does not hold up the others."""
        self.say(LoadApp(sources={"app.star": SPINS}, request_seconds=2))
        self.hear()
        self.say(AskApp(1, a_request("/spin")), AskApp(2, a_request("/none")))
        self.assertEqual([self.hear().id, self.hear().id], [2, 1])

    def test_half_characters(self):
        """Plugins and the audit log get U+FFFD for bytes that are no UTF-8."""
        self.say(LoadApp(sources={"app.star": CUTS}, plugins=(EXEC,), loads=("exec.in",)))
        self.hear()
        self.say(AskApp(1, a_request("/cut")))
        call = self.hear()
        self.assertEqual(call.args, ("\ufffd", {"a": ["\ufffd"]}))
        self.assertEqual(call.kwargs, {"key": "\ufffd"})
        self.say(CallAnswer(call=call.call, value=1))
        note = self.hear()
        self.assertEqual((note.operation, note.target, note.detail), ("op", "\ufffd", "\ufffd"))
        self.assertEqual(self.hear().body, b"1\n")

    def test_unreadable_permission(self):
        """An app that asks for what cannot be told is not loaded, and says why."""
        permission = 'ace.permission("exec.in", "run", ["é"[:1]])'
        text = f'app = ace.app("A", permissions = [{permission}])\n'
        self.say(LoadApp(sources={"app.star": text.encode()}))
        while isinstance(told := self.hear(), HostNote):
            pass
        self.assertIn("text that is no UTF-8", told.message)

    def test_answer_to_nothing(self):
        """An answer that nobody waits for is dropped."""
        self.load()
        self.say(CallAnswer(call=99), AskApp(1, a_request("/none")))
        self.assertEqual(self.hear().id, 1)

    def load_greedy(self):
        sources = {"app.star": GREEDY, "page.go.html": SLOW_PAGE}
        self.say(LoadApp(sources=sources, plugins=(EXEC,), loads=("exec.in",), request_seconds=0.5))
        while not isinstance(self.hear(), AppLoaded):
            pass

    def late(self, path):
        """What becomes of a request for ``path``, beside which another is answered at once."""
        self.load_greedy()
        self.say(AskApp(1, a_request(path)), AskApp(2, a_request("/none")))
        self.assertEqual(self.hear().id, 2)
        failed = self.hear()
        self.assertEqual(failed.id, 1)
        self.say(AskApp(3, a_request("/none")))
        self.assertEqual(self.hear().id, 3)
        return failed

    def test_late_results(self):
        """A result that cannot be made plain in time ends its request, and no other."""
        for path in ("/structs", "/numbers", "/arguments"):
            with self.subTest(path=path):
                self.assertEqual(self.late(path).code, "app_timed_out")

    def test_late_error_handler(self):
        """An error handler has no more time than the rest of its request, whatever failed."""
        failed = self.late("/too_much")
        self.assertEqual(failed.code, "app_timed_out")
        self.assertIn("called for: a frame of", failed.message)

    def test_late_page(self):
        """A template that shows a large value very often ends like a program that is late."""
        self.assertEqual(self.late("/page").code, "app_timed_out")

    def test_endless_stream(self):
        """Counting the items of a stream without end takes no longer than a request."""
        self.load_greedy()
        self.say(AskApp(1, a_request("/count")))
        self.say(CallAnswer(call=self.hear().call, stream=1))
        for _ in range(100_000):
            heard = self.hear()
            if isinstance(heard, RequestFailed):
                break
            self.say(CallAnswer(call=heard.call, value=[1], more=True))
        self.assertEqual(heard.code, "app_timed_out")

    def test_long_stream(self):
        """A stream may take longer than a request, if none of its items does."""
        self.load_greedy()
        self.say(AskApp(1, a_request("/stream")))
        self.say(CallAnswer(call=self.hear().call, stream=1))
        items = [{"name": "a"}] * 200
        for number in range(50, -1, -1):
            call = self.hear().call
            self.say(CallAnswer(call=call, value=items, shape="struct", more=number > 0))
            if number == 50:
                self.assertIsInstance(self.hear(), AnswerHead)
            bodies = {self.hear().body for _ in items}
            self.assertEqual(bodies, {b'{"name":"a"}\n'})
        self.assertEqual(self.hear().last, True)

    def test_slow_producer(self):
        """An item that was long in coming may still take as long as a request to be shown."""
        self.load_greedy()
        self.say(AskApp(1, a_request("/stream")))
        self.say(CallAnswer(call=self.hear().call, stream=1))
        item = [[1]] * 20_000
        for more in (True, False):
            call = self.hear().call
            time.sleep(0.6)
            self.say(CallAnswer(call=call, value=[item], more=more))
            if more:
                self.assertIsInstance(self.hear(), AnswerHead)
            self.assertEqual(len(self.hear().body), 80_002)
        self.assertEqual(self.hear().last, True)
