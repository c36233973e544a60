"""Clients that hold a server up, all at once: slow, trickling, not reading, and guessing.

``Siege`` runs them in a process of their own, so that they do not slow down who measures.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from itertools import count
from pathlib import Path

from msgspec import Struct

from tests.support.daemon import LOGIN, ROOT

CLOSED, OPEN = "/siege-closed", "/siege-open"
LARGE = 20_000_000
LISTENING = "0A"
APPS = {
    CLOSED: {
        "app.star": """
def handler(req):
    return {"name": "visitor"}

app = ace.app("Page", custom_layout = True, routes = [ace.html("/")])
""",
        "index.go.html": "<h1>Hello {{ .Data.name }}</h1>",
    },
    OPEN: {
        "app.star": """
def large(req):
    return "0123456789abcdef" * 500000

app = ace.app("Open", custom_layout = True, routes = [
    ace.api("/large", handler = large, type = ace.TEXT),
    ace.api("/take", handler = lambda req: "taken", type = ace.TEXT, method = "POST"),
])
""",
        "static/large.bin": bytes(LARGE),
    },
}


class Figures(Struct, frozen=True):
    """How long requests took, in milliseconds."""

    requests: int
    median: float
    p99: float
    longest: float

    def __str__(self):
        times = f"{self.median:7.1f} {self.p99:7.1f} {self.longest:7.1f}"
        return f"{self.requests:5} requests, median p99 longest in ms: {times}"


def figures(seconds):
    ordered = sorted(1000 * one for one in seconds)
    middle, late = len(ordered) // 2, int(len(ordered) * 0.99)
    return Figures(len(ordered), ordered[middle], ordered[late], ordered[-1])


class Visitor(threading.Thread):
    """Makes requests at a steady rate, each on a connection that stays or on one of its own."""

    def __init__(self, begin, *, per_second=25):
        super().__init__(daemon=True)
        self._begin = begin
        self._pause = 1 / per_second
        self._leaving = threading.Event()
        self.taken = []
        self.wrong = []

    def run(self):
        while not self._leaving.wait(self._pause):
            begun = time.perf_counter()
            try:
                status = self._begin().answer().status
            except OSError as error:
                status = repr(error)
            self.taken.append(time.perf_counter() - begun)
            if status != 200:
                self.wrong.append(status)

    def leave(self):
        self._leaving.set()
        self.join(60)


def visitors(daemon):
    """Who must not notice: health checks, a page behind a login, and the operator."""
    return {
        "health": Visitor(lambda: daemon.begin("GET", "/_clace/health", login=None)),
        "page": Visitor(lambda: daemon.begin("GET", CLOSED, login=LOGIN)),
        "admin": Visitor(lambda: daemon.begin_admin("GET", "/_clace/server_status")),
    }


def visited(daemon, during):
    """Figures of each visitor while something goes on, and what went wrong for it."""
    found = visitors(daemon)
    for visitor in found.values():
        visitor.start()
    try:
        during()
    finally:
        for visitor in found.values():
            visitor.leave()
    wrong = {name: one.wrong for name, one in found.items() if one.wrong}
    return {name: figures(one.taken) for name, one in found.items()}, wrong


def connections(pid):
    """How many TCP connections a process has; hosts and programs may come and go meanwhile."""
    own = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            own.add(str(entry.readlink()))
    lines = (Path(f"/proc/{pid}/net/{kind}").read_text("ascii") for kind in ("tcp", "tcp6"))
    rows = (line.split() for text in lines for line in text.splitlines()[1:])
    return sum(f"socket:[{row[9]}]" in own for row in rows if row[3] != LISTENING)


class Siege:
    """So many of each kind against a port, until it is lifted."""

    def __init__(self, port, **counts):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.siege", str(port), json.dumps(counts)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_laid(self):
        """Wait until all are connected."""
        line = self._process.stdout.readline()
        if line != "laid\n":
            raise AssertionError(f"the siege did not begin: {line!r}")

    def end_guesses(self):
        """Let the guessers go; the others hold on to what they have."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def lift(self):
        """End it; how many answers with which status the guessers got."""
        told, _ = self._process.communicate("\n", timeout=60)
        return {int(status): many for status, many in json.loads(told).items()}


class Outcome(Struct, frozen=True):
    """What became of a server under siege: figures by visitor before and during it, statuses that
    visitors should not have got, memory grown by, seconds until all connections were gone, and the
    answers to guesses by status.
    """

    quiet: dict[str, Figures]
    during: dict[str, Figures]
    wrong: dict[str, list[object]]
    grown_mb: float
    gone_seconds: float
    guesses: dict[int, int]


class Watch(threading.Thread):
    """Notes the most memory that a process has."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self._pid = pid
        self._ended = threading.Event()
        self.most = resident_mb(pid)

    def run(self):
        while not self._ended.wait(0.1):
            self.most = max(self.most, resident_mb(self._pid))

    def end(self):
        self._ended.set()
        self.join(10)
        return self.most


def resident_mb(pid):
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def besiege(daemon, folder, counts, *, quiet_seconds, seconds, gone_seconds):
    """The outcome of a siege of so many seconds; connections have so many to be gone."""
    for path, files in APPS.items():
        source = folder / path.strip("/")
        for name, content in files.items():
            file = source / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        daemon.install(source, path, auth="none" if path == OPEN else "", approve=True)
    for path in (CLOSED, f"{OPEN}/large", f"{OPEN}/static/large.bin"):
        daemon.get(path)
    pid = daemon.process.pid
    quiet, _ = visited(daemon, lambda: time.sleep(quiet_seconds))
    before, watch = connections(pid), Watch(pid)
    grown_from = watch.most
    watch.start()
    siege, begun = None, time.monotonic()

    def lay():
        nonlocal siege
        siege = Siege(daemon.ports["http"], **counts)
        siege.wait_until_laid()
        time.sleep(seconds)
        siege.end_guesses()

    try:
        during, wrong = visited(daemon, lay)
        while connections(pid) > before and time.monotonic() - begun < gone_seconds:
            time.sleep(0.2)
        left = connections(pid) - before
        gone = time.monotonic() - begun if left <= 0 else float("inf")
    finally:
        guesses = siege.lift() if siege else {}
    return Outcome(quiet, during, wrong, watch.end() - grown_from, gone, guesses)


class Attackers:
    """What the process of a siege does."""

    def __init__(self, port, counts):
        self._port = port
        self._counts = counts
        self._addresses = count()
        self._guessing = True
        self._statuses = {}
        self._held = []

    async def lay(self):
        kinds = {"slow": self._slow, "trickling": self._trickle, "unread": self._unread}
        for kind, attack in kinds.items():
            for number in range(self._counts.get(kind, 0)):
                connection = await self._connect()
                self._start(attack(connection, number))
        for number in range(self._counts.get("guessing", 0)):
            self._start(self._guess(number))

    def end_guesses(self):
        self._guessing = False

    @property
    def statuses(self):
        return self._statuses

    def _start(self, attack):
        async def quietly():
            with contextlib.suppress(OSError):
                await attack

        self._held.append(asyncio.create_task(quietly()))

    async def _connect(self, address=""):
        """A connection from one of many addresses, all of this machine."""
        address = address or f"127.1.{next(self._addresses) % 8}.1"
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.bind((address, 0))
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self._port))
        return connection

    async def _trickle_bytes(self, connection, data):
        loop = asyncio.get_running_loop()
        for _ in range(3600):
            await loop.sock_sendall(connection, data)
            await asyncio.sleep(1)

    async def _slow(self, connection, _number):
        await asyncio.get_running_loop().sock_sendall(connection, b"GET / HTTP/1.1\r\nX: ")
        await self._trickle_bytes(connection, b"y")

    async def _trickle(self, connection, number):
        sized = b"Content-Length: 1000000\r\n\r\n"
        framing = sized if number % 2 else b"Transfer-Encoding: chunked\r\n\r\nF4240\r\n"
        head = f"POST {OPEN}/take HTTP/1.1\r\nHost: localhost\r\n".encode() + framing
        await asyncio.get_running_loop().sock_sendall(connection, head)
        await self._trickle_bytes(connection, b"a")

    async def _unread(self, connection, number):
        path = f"{OPEN}/static/large.bin" if number % 2 else f"{OPEN}/large"
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        await asyncio.get_running_loop().sock_sendall(connection, head)
        await asyncio.sleep(3600)

    async def _guess(self, number):
        """One password after the other, for one name, some of them that of the administrator."""
        for attempt in count():
            if not self._guessing:
                return
            name = "admin" if number % 2 else f"user-{number}-{attempt}"
            with contextlib.suppress(OSError, ValueError):
                status = await self._try(f"127.2.{number % 10}.1", f"{name}:guess-{attempt}")
                self._statuses[status] = self._statuses.get(status, 0) + 1
            await asyncio.sleep(0.01)

    async def _try(self, address, login):
        loop = asyncio.get_running_loop()
        with await self._connect(address) as connection:
            encoded = b64encode(login.encode()).decode()
            head = f"GET {CLOSED} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            head += f"Authorization: Basic {encoded}\r\n\r\n"
            await loop.sock_sendall(connection, head.encode())
            return int((await loop.sock_recv(connection, 4096)).split()[1])


async def attack(port, counts):
    attackers = Attackers(port, counts)
    await attackers.lay()
    sys.stdout.write("laid\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    attackers.end_guesses()
    await loop.run_in_executor(None, sys.stdin.readline)
    sys.stdout.write(json.dumps(attackers.statuses))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("counts", type=json.loads)
    given = parser.parse_args()
    asyncio.run(attack(given.port, given.counts))
