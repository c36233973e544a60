"""Calls for each request, counted: they may fall, and rise by no more than a tenth.

``python -m benchmarks.budget`` takes half a minute, over requests one after the other on one
connection. It counts the calls of functions, Python's and C's, in the daemon, and the system calls
of all processes, for which it needs ``strace`` (Debian has it). It compares them with
``budget.toml``; the exit status is 1 if one is over. ``--write`` makes what was counted the new
budget. Counts are the same on a busy machine, which times are not.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.daemon import EXAMPLES, Daemon
from tests.support.processes import descendants

BUDGET = Path(__file__).with_name("budget.toml")
REQUESTS = 200
# Of batches of requests the one with the fewest calls counts: timers have calls of their own, and
# on a busy machine a host that took long is heard later, which is more system calls.
BATCHES = 5
WARMING = 30
MAY_RISE = 1.10
PATIENCE = 10
CALL = re.compile(r"^\d+\s+(?:(\w+)\(|<\.\.\. \w+ resumed>)", re.MULTILINE)
APPS = Path(__file__).with_name("apps")
ROWS = {
    "page": "/hello/",
    "static": "/page/static/style.css",
    "not found": "/nowhere",
    "health": "/_clace/health",
    "plugin call": "/calls/?calls=1",
}
KINDS = ("calls", "system calls")


class NotCounted(Exception):
    """System calls cannot be counted on this machine."""


class Client:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._answers = self._socket.makefile("rb")

    def get(self, path: str) -> int:
        """Send a request and read its answer; the status of that."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("ascii"))
        status = int(self._answers.readline().split()[1])
        length = 0
        while line := self._answers.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        self._answers.read(length)
        return status


@contextlib.contextmanager
def serving() -> Iterator[Daemon]:
    """A server with the apps of the rows, whose calls ``counted_calls`` counts."""
    daemon = Daemon()
    counting = (sys.executable, "-m", "benchmarks.counted_calls", str(calls_file(daemon)))
    with daemon.start(*counting, "-n", "--pidfile=", "clace"):
        for source in (EXAMPLES / "hello", APPS / "calls", APPS / "page"):
            daemon.install(source, f"/{source.name}", auth="none", approve=True)
        yield daemon


def calls_file(daemon: Daemon) -> Path:
    return daemon.home / "calls.txt"


def calls(daemon: Daemon, path: str) -> float:
    """The calls of functions for each request, in the daemon's main thread."""
    client, expected = warmed(daemon, path)
    return min(calls_of_batch(daemon, client, path, expected) for _ in range(BATCHES)) / REQUESTS


def warmed(daemon: Daemon, path: str) -> tuple[Client, int]:
    """A connection on which a path was asked for before, and the status of its answer."""
    client = Client(daemon.ports["http"])
    expected = client.get(path)
    for _ in range(WARMING):
        client.get(path)
    return client, expected


def calls_of_batch(daemon: Daemon, client: Client, path: str, expected: int) -> int:
    file = calls_file(daemon)
    file.unlink(missing_ok=True)
    daemon.process.send_signal(signal.SIGUSR2)
    ask(daemon, client, path, expected)
    daemon.process.send_signal(signal.SIGUSR2)
    limit = time.monotonic() + PATIENCE
    while not file.exists():
        if time.monotonic() > limit:
            raise AssertionError(f"the server does not say its calls: {daemon.said()}")
        time.sleep(0.02)
    return int(file.read_text("ascii"))


def ask(daemon: Daemon, client: Client, path: str, expected: int) -> None:
    """:raises AssertionError: if the answer is not as before."""
    for _ in range(REQUESTS):
        if client.get(path) != expected:
            raise AssertionError(f"{path} is not answered as before: {daemon.said()}")


def system_calls(daemon: Daemon, path: str) -> Counter[str]:
    """The system calls of so many requests, by name."""
    client, expected = warmed(daemon, path)
    batches = (system_calls_of_batch(daemon, client, path, expected) for _ in range(BATCHES))
    return min(batches, key=Counter.total)


def system_calls_of_batch(daemon: Daemon, client: Client, path: str, expected: int) -> Counter[str]:
    with tempfile.NamedTemporaryFile("r") as trace:
        with traced([daemon.process.pid, *descendants(daemon.process.pid)[1:]], trace.name):
            ask(daemon, client, path, expected)
        return Counter(name for name in CALL.findall(trace.read()) if name)


@contextlib.contextmanager
def traced(pids: list[int], file: str) -> Iterator[None]:
    """Have the system calls of the processes written down meanwhile.

    :raises NotCounted: if there is no strace, or that is not permitted here.
    """
    if shutil.which("strace") is None:
        raise NotCounted("strace is not installed")
    named = [part for pid in pids for part in ("-p", str(pid))]
    tracer = subprocess.Popen(
        ["strace", "-f", "-o", file, *named], stderr=subprocess.PIPE, text=True
    )
    try:
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit and not all(map(is_traced, pids)):
            if tracer.poll() is not None:
                raise NotCounted(f"strace cannot look at the server: {tracer.stderr.read()}")
            time.sleep(0.02)
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait()


def is_traced(pid: int) -> bool:
    return "\nTracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text("ascii", "replace")


def count(daemon: Daemon, row: str) -> Iterator[tuple[str, str, float]]:
    """What is counted in a row, with a note for whoever reads it."""
    yield "calls", "", round(calls(daemon, ROWS[row]), 1)
    try:
        made = system_calls(daemon, ROWS[row])
    except NotCounted as reason:
        print(f"System calls are not counted: {reason}")
        return
    most = ", ".join(f"{name} {n / REQUESTS:.1f}" for name, n in made.most_common(8))
    yield "system calls", most, round(made.total() / REQUESTS, 1)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--write", action="store_true", help="make this the new budget")
    chosen = options.parse_args()
    budget = tomllib.loads(BUDGET.read_text())
    found: dict[str, dict[str, float]] = {kind: {} for kind in KINDS}
    over = []
    with serving() as daemon:
        for row in ROWS:
            for kind, most, number in count(daemon, row):
                found[kind][row] = number
                allowed = budget.get(kind, {}).get(row, 0)
                print(f"{row:12} {kind:12} {number:6.1f} of {allowed:6.1f}   {most}")
                if number > allowed * MAY_RISE:
                    over.append(f"{kind} of {row}")
    if chosen.write:
        # Numbers that cannot be counted on this machine stay as they are.
        BUDGET.write_text(written({kind: found[kind] or budget.get(kind, {}) for kind in KINDS}))
    elif over:
        print(f"over the budget: {', '.join(over)}")
        return 1
    return 0


def written(found: Mapping[str, Mapping[str, float]]) -> str:
    """The budget as its file has it."""
    lines = ["# Calls for each request; see budget.py."]
    for kind, rows in found.items():
        lines += ["", f'["{kind}"]', *(f'"{row}" = {number}' for row, number in rows.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
