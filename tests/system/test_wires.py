"""Every kind of endpoint against everything that is hard for a transport: not a byte is lost."""

import atexit
import random
import select
from functools import cache
from hashlib import sha256

from tests.system.cases import DaemonTestCase
from tests.system.wires import KINDS, EveryEndpoint

LARGE = random.Random(9).randbytes(10_000_000)
MIDDLE = LARGE[:300_000]
APP = {
    "app.star": """
app = ace.app("Wires", custom_layout=True, routes=[
    ace.html("/"),
    ace.api("/length", method=ace.POST, handler=lambda req: {"length": len(req.Form["text"][0])}),
])

def handler(req):
    return {"name": "World"}
""",
    "index.go.html": "Hello, {{ .Data.name }}",
    "static/large.bin": LARGE,
    "static/middle.bin": MIDDLE,
}
PAGE, FILE = b"/wires/", b"/wires/static/large.bin"
PART = b"/wires/static/middle.bin"
MEBIBYTE = 1 << 20
_NARROW = 1 << 16


def request(path, *headers):
    return b"\r\n".join((b"GET %b HTTP/1.1" % path, b"Host: localhost", *headers, b"", b""))


LAST = b"Connection: close"


class Answers:
    """Reads answers off a connection, one by one."""

    def __init__(self, wire, size=65536):
        self.wire = wire
        self.size = size
        self.received = b""

    def until(self, enough):
        while not enough():
            data = self.wire.recv(self.size)
            if not data:
                raise AssertionError(f"it ended after {self.received[-200:]!r}")
            self.received += data

    def next(self):
        self.until(lambda: b"\r\n\r\n" in self.received)
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        parts = [self.received]
        while (left := length - sum(map(len, parts))) > 0:
            parts.append(self.wire.recv(min(left, self.size)))
            if not parts[-1]:
                raise AssertionError(f"{left} bytes are missing")
        whole = b"".join(parts)
        self.received = whole[length:]
        return int(head.split()[1]), whole[:length]

    def ended(self):
        return self.received == b"" and self.wire.recv() == b""


@cache
def shared():
    """The server of all tests but those that stop it."""
    daemon = started()
    atexit.register(daemon.remove)
    return daemon


def started():
    daemon = EveryEndpoint()
    try:
        daemon.start()
        folder = DaemonTestCase().source(APP, daemon.home / "source")
        daemon.install(folder, "/wires", auth="none")
        # The file is read once for all who ask for it.
        with daemon.connect("tcp") as wire:
            wire.send(request(FILE))
            Answers(wire).next()
    except BaseException:
        daemon.remove()
        raise
    return daemon


class WireTests(DaemonTestCase):
    """Each situation below is tried on each kind of endpoint."""

    def connect(self, kind, buffer=None):
        wire = shared().connect(kind, buffer)
        self.addCleanup(wire.close)
        return wire

    def page(self, answer):
        self.assertEqual(answer, (200, b"Hello, World"))

    def large(self, answer):
        status, body = answer
        self.assertEqual((status, len(body)), (200, len(LARGE)))
        self.assertEqual(sha256(body).digest(), sha256(LARGE).digest())

    def check_host_frame(self, kind):
        """Answers that an app makes arrive, one after the other on one connection."""
        wire = self.connect(kind)
        answers = Answers(wire)
        for _ in range(3):
            wire.send(request(PAGE))
            self.page(answers.next())
        wire.send(request(PAGE, LAST))
        self.page(answers.next())
        self.assertTrue(answers.ended())

    def check_slow_reader(self, kind):
        """Whoever does not read is sent what fits on the way; the rest takes no memory."""
        before = shared().resident()
        wires = [self.connect(kind, _NARROW) for _ in range(8)]
        for wire in wires:
            wire.send(request(FILE, LAST))
        sockets = [wire.sock for wire in wires]
        answered = lambda: len(select.select(sockets, [], [], 0)[0]) == len(sockets)  # noqa: E731
        self.wait_until("all have something to read", answered)
        # Eight times the file would be 80 MB; once it is there for all of them.
        self.assertLess(shared().resident() - before, 32 * MEBIBYTE)
        for wire in wires[2:]:
            wire.close()
        for wire in wires[:2]:
            answers = Answers(wire)
            self.large(answers.next())
            self.assertTrue(answers.ended())
        self.assertLess(shared().resident() - before, 32 * MEBIBYTE)

    def check_pipelining(self, kind):
        """Requests that are sent at once are answered in their order."""
        wire = self.connect(kind)
        paths = [PAGE, b"/_clace/health", PART, b"/nothing", PAGE] * 3
        wire.send(b"".join(map(request, paths)) + request(PAGE, LAST))
        answers = Answers(wire)
        for path in (*paths, PAGE):
            answer = answers.next()
            if path == PART:
                self.assertEqual(answer, (200, MIDDLE))
            elif path == PAGE:
                self.page(answer)
            else:
                self.assertEqual(answer[0], 404 if path == b"/nothing" else 200)
        self.assertTrue(answers.ended())

    def check_upload(self, kind):
        """A body arrives whole, in however many pieces, and the next request behind it."""
        wire = self.connect(kind)
        form = b"text=" + b"x" * MEBIBYTE
        kind_of_form = b"Content-Type: application/x-www-form-urlencoded"
        asked = request(b"/wires/length", kind_of_form, b"Content-Length: %d" % len(form))
        wire.send(asked.replace(b"GET", b"POST", 1) + form + request(PAGE))
        answers = Answers(wire)
        self.assertEqual(answers.next(), (200, b'{"length":%d}\n' % MEBIBYTE))
        self.page(answers.next())

    def check_half_close(self, kind):
        """A client that ends its half gets all it asked for; or the end, where nobody tells."""
        wire = self.connect(kind)
        wire.send(request(PAGE) * 2 + request(FILE))
        wire.end_half()
        answers = Answers(wire)
        if KINDS[kind].knows_halves:
            self.page(answers.next())
            self.page(answers.next())
            self.large(answers.next())
            self.assertTrue(answers.ended())
        while wire.recv():
            pass

    def check_byte_by_byte(self, kind):
        """A request that comes in single bytes is read, an answer read in single bytes is whole."""
        wire = self.connect(kind, 1)
        for byte in request(PAGE) * 2:
            wire.send(bytes([byte]))
        answers = Answers(wire, 1)
        self.page(answers.next())
        self.page(answers.next())


def _on(kind, check):
    def test(self):
        check(self, kind)

    test.__doc__ = check.__doc__
    return test


for _name in ("host_frame", "slow_reader", "pipelining", "upload", "half_close", "byte_by_byte"):
    for _kind in KINDS:
        _test = _on(_kind, getattr(WireTests, f"check_{_name}"))
        setattr(WireTests, f"test_{_name}_{_kind.replace(':', '_').replace('-', '_')}", _test)


class StopTests(DaemonTestCase):
    def test_sigterm_in_the_middle(self):
        """A server that is told to stop sends on every connection all that it has begun to send."""
        daemon = started()
        self.addCleanup(daemon.remove)
        wires = {kind: Answers(daemon.connect(kind, _NARROW)) for kind in KINDS}
        for answers in wires.values():
            self.addCleanup(answers.wire.close)
            answers.wire.send(request(FILE))
            answers.until(lambda answers=answers: len(answers.received) > 100_000)
        daemon.ask_to_stop()
        for kind, answers in wires.items():
            status, body = answers.next()
            self.assertEqual((status, body == LARGE), (200, True), kind)
            self.assertTrue(answers.ended(), kind)
            # Twisted's own TLS waits until the client has closed, too.
            answers.wire.close()
        self.assertEqual(daemon.process.wait(20), 0)
