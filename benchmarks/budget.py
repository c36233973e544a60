"""System calls for each request, counted: they may fall, and rise by no more than a tenth.

``python -m benchmarks.budget`` needs ``strace`` (Debian has it) and half a minute. It counts the
calls of all processes of a server, over requests one after the other on one connection, and
compares them with ``budget.toml``; the exit status is 1 if one is over. ``--write`` makes what was
counted the new budget.
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
from collections.abc import Iterator
from pathlib import Path

from tests.support.daemon import EXAMPLES, Daemon
from tests.support.processes import descendants

BUDGET = Path(__file__).with_name("budget.toml")
REQUESTS = 200
WARMING = 30
MAY_RISE = 1.10
CALL = re.compile(r"^\d+\s+(?:(\w+)\(|<\.\.\. \w+ resumed>)", re.MULTILINE)
APPS = Path(__file__).with_name("apps")
ROWS = {
    "page": "/hello/",
    "static": "/page/static/style.css",
    "not found": "/nowhere",
    "plugin call": "/calls/?calls=1",
}


class NotCounted(Exception):
    """Nothing can be counted on this machine."""


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
    """A server with the apps of the rows.

    :raises NotCounted: if there is no strace.
    """
    if shutil.which("strace") is None:
        raise NotCounted("strace is not installed")
    with Daemon() as daemon:
        for source in (EXAMPLES / "hello", APPS / "calls", APPS / "page"):
            daemon.install(source, f"/{source.name}", auth="none", approve=True)
        yield daemon


def counted(daemon: Daemon, path: str) -> Counter[str]:
    """The system calls of so many requests, by name."""
    client = Client(daemon.ports["http"])
    expected = client.get(path)
    for _ in range(WARMING):
        client.get(path)
    with tempfile.NamedTemporaryFile("r") as trace:
        with traced([daemon.process.pid, *descendants(daemon.process.pid)[1:]], trace.name):
            for _ in range(REQUESTS):
                if client.get(path) != expected:
                    raise AssertionError(f"{path} is not answered as before: {daemon.said()}")
        return Counter(name for name in CALL.findall(trace.read()) if name)


@contextlib.contextmanager
def traced(pids: list[int], file: str) -> Iterator[None]:
    """Have the system calls of the processes written down meanwhile.

    :raises NotCounted: if that is not permitted here.
    """
    named = [part for pid in pids for part in ("-p", str(pid))]
    tracer = subprocess.Popen(
        ["strace", "-f", "-o", file, *named], stderr=subprocess.PIPE, text=True
    )
    try:
        limit = time.monotonic() + 10
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


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--write", action="store_true", help="make this the new budget")
    chosen = options.parse_args()
    budget = tomllib.loads(BUDGET.read_text())
    found = {}
    try:
        with serving() as daemon:
            for row, path in ROWS.items():
                calls = counted(daemon, path)
                found[row] = round(calls.total() / REQUESTS, 1)
                most = ", ".join(f"{name} {n / REQUESTS:.1f}" for name, n in calls.most_common(8))
                print(f"{row:12} {found[row]:6.1f} of {budget.get(row, 0):6.1f}   {most}")
    except NotCounted as reason:
        print(f"Nothing is counted: {reason}")
        return 0
    over = [row for row, calls in found.items() if calls > budget.get(row, 0) * MAY_RISE]
    if chosen.write:
        lines = (f'"{row}" = {calls}\n' for row, calls in found.items())
        BUDGET.write_text("# System calls for each request; see budget.py.\n" + "".join(lines))
    elif over:
        print(f"over the budget: {', '.join(over)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
