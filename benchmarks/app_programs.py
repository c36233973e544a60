"""Apps with programs of their own: waking from idle, and requests while versions are promoted.

``python -m benchmarks.app_programs wake`` measures the first answer of a program that was stopped
because nobody used it: Flask, FastAPI, and a static binary if ``go`` is installed.
``python -m benchmarks.app_programs promotes`` asks 20,000 times while 20 versions are promoted,
and counts the requests that failed. Both need the packages of PyPI. All traffic is to 127.0.0.1.
"""

from __future__ import annotations

import argparse
import http.client
import ipaddress
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Event, Lock, Thread

from benchmarks.processors import spent
from tests.support.daemon import Daemon

INDEX_HOSTS = ("pypi.org", "files.pythonhosted.org")
FLASK = """
# /// script
# dependencies = ["flask"]
# ///
from flask import Flask

app = Flask(__name__)

@app.route("/")
def hello():
    return "VERSION"
"""
FASTAPI = """
# /// script
# dependencies = ["fastapi"]
# ///
from fastapi import FastAPI

app = FastAPI()

@app.get("/")
def hello():
    return "VERSION"
"""
GO = """
package main

import ("net/http"; "os")

func main() {
    answer := func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("VERSION")) }
    http.HandleFunc("/", answer)
    http.ListenAndServe("127.0.0.1:" + os.Getenv("PORT"), nil)
}
"""
WAIT_SECONDS = 20


def config() -> str:
    """Open the addresses of the index, should it be mirrored at a special one."""
    addresses = {socket.gethostbyname(host) for host in INDEX_HOSTS}
    special = [one for one in addresses if not ipaddress.ip_address(one).is_global]
    hosts = [INDEX_HOSTS[1], *(f"{one}:443" for one in sorted(special))]
    return f"[python]\nallowed_hosts = {hosts!r}\n".replace("'", '"')


@contextmanager
def running() -> Iterator[Daemon]:
    daemon = Daemon(config())
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.remove()


def create(daemon: Daemon, source: Path, path: str, *options: str) -> None:
    words = ("app", "create", "--approve", "--auth=none", *options, str(source), path)
    done = daemon.cli(*words, seconds=300)
    if done.returncode:
        raise SystemExit(f"{path}: {done.stderr}")


def sources(folder: Path) -> dict[str, Path]:
    """Return what is installed, by name."""
    found = {"flask": folder / "sales.py", "fastapi": folder / "api.py"}
    found["flask"].write_text(FLASK)
    found["fastapi"].write_text(FASTAPI)
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go:
        (folder / "main.go").write_text(GO)
        (folder / "hello").mkdir()
        found["static binary"] = folder / "hello"
        subprocess.run(
            [go, "build", "-ldflags=-s -w", "-o", "hello/hello", "main.go"],
            cwd=folder,
            env={**os.environ, "CGO_ENABLED": "0", "GOCACHE": str(folder / "cache")},
            check=True,
        )
    return found


def asked(port: int, path: str) -> float:
    """Return the seconds until the answer is whole."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    took = time.perf_counter() - began
    connection.close()
    if answer.status != http.client.OK:
        raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
    return took


def wait_until_idle(daemon: Daemon, path: str, times: int) -> None:
    limit = time.monotonic() + WAIT_SECONDS
    while daemon.must("app", "logs", path).count("nobody uses it") < times:
        if time.monotonic() > limit:
            raise SystemExit(f"{path} does not become idle")
        time.sleep(0.5)


def wake(rounds: int) -> None:
    with running() as daemon, tempfile.TemporaryDirectory() as folder:
        for name, source in sources(Path(folder)).items():
            path = f"/{name.replace(' ', '-')}"
            create(daemon, source, path, "--conf", "container.idle_shutdown_secs=1")
            took = []
            for number in range(rounds):
                wait_until_idle(daemon, path, number + 1)
                took.append(asked(daemon.ports["http"], f"{path}/"))
            warm = [asked(daemon.ports["http"], f"{path}/") for _ in range(20)]
            shown = ", ".join(f"{1000 * one:.0f}" for one in took)
            print(f"{name}: median {1000 * median(took):.0f} ms of {shown}", end="; ")
            print(f"warm {1000 * median(warm):.1f} ms", flush=True)


def promotes(requests: int, versions: int, visitors: int) -> None:
    lock, done = Lock(), Event()
    counts: dict[str, int] = {}
    failed: list[str] = []

    def visit(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while not done.is_set():
            try:
                connection.request("GET", "/swap/")
                answer = connection.getresponse()
                said = answer.read().decode("utf-8", "replace")
                is_wrong = answer.status != http.client.OK
            except (OSError, http.client.HTTPException) as error:
                said, is_wrong = repr(error), True
                connection.close()
            with lock:
                if is_wrong:
                    failed.append(said[:200])
                else:
                    counts[said] = counts.get(said, 0) + 1

    with running() as daemon, tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "swap.py"
        source.write_text(FLASK)
        create(daemon, source, "/swap")
        pid = daemon.process.pid if daemon.process else 0
        before = spent(pid)
        threads = [Thread(target=visit, args=(daemon.ports["http"],)) for _ in range(visitors)]
        for thread in threads:
            thread.start()
        for number in range(1, versions + 1):
            source.write_text(FLASK.replace("VERSION", f"version {number}"))
            daemon.must("app", "reload", "--promote", "/swap")
        while sum(counts.values()) + len(failed) < requests:
            time.sleep(0.1)
        done.set()
        for thread in threads:
            thread.join()
        total = sum(counts.values())
        print(f"{total} requests were answered by {len(counts)} versions, {len(failed)} failed")
        each = 1e6 * (spent(pid) - before) / total
        print(f"processor time of the server and the programs for a request: {each:.0f} us")
        for one in failed[:10]:
            print(f"  {one}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("wake", "promotes"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--versions", type=int, default=20)
    parser.add_argument("--visitors", type=int, default=8)
    given = parser.parse_args()
    if given.what == "wake":
        wake(given.rounds)
    else:
        promotes(given.requests, given.versions, given.visitors)


if __name__ == "__main__":
    main()
