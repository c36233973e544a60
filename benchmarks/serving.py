"""Clace beside uvicorn with Starlette and gunicorn with Flask, in one run on this machine.

``python -m benchmarks.serving`` needs ``wrk`` (Debian has it) and ``requirements-benchmarks.txt``.
Load goes to 127.0.0.1 only: 32 connections, a warm-up of 1 s and then 3 samples of 3 s, of which
the median counts.
"""

import contextlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

from benchmarks.memory import memory_mb
from tests.support.daemon import Daemon

HERE = Path(__file__).parent
SAMPLES = 3
APPS = 50


class Load(NamedTuple):
    """Requests per second, and the slowest percent in milliseconds."""

    rate: float
    p99: float


def wrk(url: str, seconds: int) -> Load:
    done = subprocess.run(
        ["wrk", "-t1", "-c32", f"-d{seconds}s", "--latency", url],
        capture_output=True,
        text=True,
        check=True,
    )
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout).groups()
    return Load(rate, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit])


def measure(url: str) -> Load:
    wrk(url, 1)
    taken = sorted(wrk(url, 3) for _ in range(SAMPLES))
    return taken[SAMPLES // 2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, seconds: float = 20) -> None:
    limit = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).read()
        except OSError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.01)
        else:
            return


@contextlib.contextmanager
def peer(*command: str):
    """Another server on a port of its own; yields its URL."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", *(part.format(port=port) for part in command)],
        cwd=HERE.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def start_time() -> float:
    """Seconds from the start of the process to its first answer to a page."""
    daemon = Daemon()
    with daemon:
        daemon.must("app", "create", "--auth", "none", str(HERE / "apps/page"), "/page")
    begin = time.monotonic()
    with Daemon(home=daemon.home) as again:
        wait_for(f"http://127.0.0.1:{again.ports['http']}/page/")
        return time.monotonic() - begin


def list_time(daemon: Daemon) -> float:
    taken = []
    for _ in range(5):
        begin = time.monotonic()
        daemon.must("app", "list")
        taken.append(time.monotonic() - begin)
    return statistics.median(taken)


def static_url(base: str) -> str:
    with urllib.request.urlopen(f"{base}/page/") as page:
        return base + re.search(r'href="(/page/static/[^"]+)"', page.read().decode())[1]


def clace_loads() -> tuple[dict[str, Load], dict[str, float]]:
    other = {"start to first page, s": start_time()}
    with Daemon() as daemon:
        daemon.must("app", "create", "--auth", "none", str(HERE / "apps/page"), "/page")
        base = f"http://127.0.0.1:{daemon.ports['http']}"
        wait_for(f"{base}/page/")
        other["memory with 1 app, MB"] = memory_mb(daemon.process.pid)
        loads = {
            "HTML page": measure(f"{base}/page/"),
            "JSON API": measure(f"{base}/page/api/rows"),
            "hashed static file": measure(static_url(base)),
            "404": measure(f"{base}/nothing"),
        }
        other["clace app list, s"] = list_time(daemon)
        for number in range(1, APPS):
            path = f"/more/app{number}"
            daemon.must("app", "create", "--auth", "none", str(HERE / "apps/page"), path)
            wait_for(f"{base}{path}/")
        other[f"memory with {APPS} apps, MB"] = memory_mb(daemon.process.pid)
    return loads, other


def peer_loads(*command: str) -> dict[str, Load]:
    with peer(*command) as base:
        return {
            "HTML page": measure(f"{base}/"),
            "JSON API": measure(f"{base}/api/rows"),
            "404": measure(f"{base}/nothing"),
        }


def need_wrk() -> None:
    if not shutil.which("wrk"):
        raise SystemExit("wrk is needed: apt-get install wrk")


def main() -> None:
    need_wrk()
    ours, other = clace_loads()
    peers = {
        "uvicorn+Starlette": peer_loads(
            "uvicorn", "--factory", "benchmarks.peers:starlette_app", "--port={port}",
            "--no-access-log", "--log-level=warning",
        ),
        "gunicorn+Flask": peer_loads(
            "gunicorn", "--threads=4", "--bind=127.0.0.1:{port}", "benchmarks.peers:flask_app()"
        ),
    }  # fmt: skip
    print(f"{'':22}{'requests/s':>12}{'p99, ms':>10}")
    for what, load in ours.items():
        print(f"{what:22}{load.rate:12.0f}{load.p99:10.2f}   Clace")
        for name, loads in peers.items():
            if what in loads:
                there = loads[what]
                ratio = load.rate / there.rate
                print(f"{'':22}{there.rate:12.0f}{there.p99:10.2f}   {name}, ratio {ratio:.2f}")
    for what, value in other.items():
        print(f"{what:30}{value:10.2f}")


if __name__ == "__main__":
    main()
