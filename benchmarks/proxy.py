"""The proxy beside nginx, both in front of the same server, in one run on this machine.

``python -m benchmarks.proxy`` needs ``nginx`` and ``wrk`` (Debian has them) and a minute or two.
With ``--program`` the server is uvicorn from PyPI, behind nginx and as the program of an app, which
is asked over its socket.
Small answers are compared by the CPU of the proxy for a request and by the latency that it adds;
100 MB in each direction by the CPU of the proxy and its memory. Figures are medians of interleaved
rounds. All traffic is to 127.0.0.1.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.client
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.app_programs import config, create
from benchmarks.loads import load, need_wrk
from benchmarks.processors import of_process, spent
from benchmarks.serving import free_port, wait_for
from tests.support.daemon import Daemon
from tests.support.upstreams import Connected, RawServer, proxying, whole

MEBIBYTE = 1 << 20
LARGE = 100 * MEBIBYTE
PIECE = 256 * 1024
CONFIG = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log; sendfile on; keepalive_requests 10000000;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; client_max_body_size 0;
    upstream server {{ server 127.0.0.1:{upstream}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port};
        {locations}
    }}
}}
"""
SERVER = """
        location /small { default_type text/plain; return 200 "hello, proxy"; }
        location /large { alias FOLDER/large; }
"""
PROXY = """
        location /sink {
            proxy_pass http://127.0.0.1:SINK; proxy_http_version 1.1;
            proxy_request_buffering off;
        }
        location / {
            proxy_pass http://server; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_request_buffering off; proxy_buffering on; proxy_max_temp_file_size 0;
        }
"""
PROGRAM = """
# /// script
# dependencies = ["uvicorn", "httptools", "uvloop"]
# ///
PIECE = bytes(256 * 1024)

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    is_large = scope["path"].endswith("/large")
    length = 100 << 20 if is_large else 12
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for _ in range(400 * is_large):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body", "body": b"" if is_large else b"hello, proxy"})
"""


class Proxied(NamedTuple):
    """A proxy that runs: its process, where it answers, and where it takes large bodies."""

    name: str
    pid: int
    port: int
    prefix: str
    sink: str = "/sink"
    spent: Callable[[int], float] = spent

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{self.prefix}{path}"


class Figures(NamedTuple):
    """The CPU of the proxy for a request in microseconds, its rate, and latencies in ms."""

    cpu: float
    rate: float
    p50: float
    p99: float


class Passage(NamedTuple):
    """100 MB: seconds of the clock and of CPU, and the growth of the proxy's peak in MB."""

    seconds: float
    cpu: float
    grown: float


@contextlib.contextmanager
def nginx(locations: str, upstream: int = 1) -> Iterator[tuple[int, int]]:
    """An nginx of one worker; its process and port."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with (folder / "large").open("wb") as large:
            large.truncate(LARGE)
        config = folder / "nginx.conf"
        config.write_text(
            CONFIG.format(
                folder=folder,
                port=port,
                upstream=upstream,
                locations=locations.replace("FOLDER", name),
            )
        )
        process = subprocess.Popen(["nginx", "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{port}/small")
            yield process.pid, port
        finally:
            process.terminate()
            process.wait(10)


def small(proxy: Proxied, connections: int, seconds: int) -> Figures:
    before = proxy.spent(proxy.pid)
    done = load(proxy.url("/small"), {}, connections=connections, seconds=seconds)
    if done.refused or done.errors:
        raise SystemExit(f"{proxy.name}: {done}")
    cpu = 1e6 * (proxy.spent(proxy.pid) - before) / done.requests
    return Figures(cpu, done.rate, done.p50, done.p99)


def download(proxy: Proxied) -> Passage:
    return passage(proxy, "GET", f"{proxy.prefix}/large", lambda _connection: None)


class Sink:
    """A server that reads every body to its end, and keeps nothing of it."""

    def __init__(self) -> None:
        self.server = RawServer(self._talk)

    def _talk(self, connected: Connected) -> None:
        while head := connected.head():
            left = int(head.lower().partition(b"content-length: ")[2].split()[0])
            left -= len(connected.exactly(min(left, len(connected.received))))
            room = bytearray(PIECE)
            while left > 0:
                left -= connected.socket.recv_into(room, min(left, PIECE)) or left
            connected.send(whole(b"taken"))


def upload(proxy: Proxied) -> Passage:
    def send(connection: http.client.HTTPConnection) -> None:
        piece = bytes(PIECE)
        for _ in range(LARGE // PIECE):
            connection.send(piece)

    return passage(proxy, "PUT", proxy.sink, send)


def passage(proxy: Proxied, method: str, path: str, send) -> Passage:
    peak, before, begun = peak_mb(proxy.pid), proxy.spent(proxy.pid), time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=120)
    with contextlib.closing(connection):
        connection.putrequest(method, path)
        connection.putheader("Content-Length", str(LARGE if method == "PUT" else 0))
        connection.endheaders()
        send(connection)
        response = connection.getresponse()
        taken = sum(iter(lambda: len(response.read(PIECE)), 0))
    if response.status >= 300 or (method == "GET" and taken != LARGE):
        raise SystemExit(f"{proxy.name}: {method} {path}: {response.status}, {taken} bytes")
    cpu = proxy.spent(proxy.pid) - before
    return Passage(time.monotonic() - begun, cpu, peak_mb(proxy.pid) - peak)


def peak_mb(pid: int) -> float:
    """The most memory that a process has had."""
    text = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(text.partition("VmHWM:")[2].split()[0]) / 1024


def middle(rows: Sequence[tuple[float, ...]]) -> list[float]:
    return [median(column) for column in zip(*rows, strict=True)]


@contextlib.contextmanager
def contenders() -> Iterator[tuple[Proxied, Proxied, Proxied]]:
    """The server itself, nginx in front of it, and this proxy in front of it."""
    with contextlib.ExitStack() as stack:
        pid, port = stack.enter_context(nginx(SERVER))
        sink = Sink()
        stack.callback(sink.server.close)
        theirs = PROXY.replace("SINK", str(sink.server.port))
        their_pid, their_port = stack.enter_context(nginx(theirs, port))
        daemon = stack.enter_context(Daemon())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for url, path in ((f"http://127.0.0.1:{port}", "/p"), (sink.server.url, "/sink")):
            (folder / "app.star").write_text(proxying(url)["app.star"])
            daemon.install(folder, path, auth="none", approve=True)
        ours = daemon.ports["http"]
        wait_for(f"http://127.0.0.1:{ours}/p/small")
        yield (
            Proxied("the server itself", pid, port, ""),
            Proxied("nginx", their_pid, their_port, ""),
            Proxied("clace", daemon.process.pid, ours, "/p"),
        )


@contextlib.contextmanager
def programs() -> Iterator[tuple[Proxied, Proxied, Proxied]]:
    """A program itself, nginx in front of it, and the same one as the program of an app."""
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(Daemon(config()))
        source = Path(stack.enter_context(tempfile.TemporaryDirectory()), "program.py")
        source.write_text(PROGRAM)
        create(daemon, source, "/p", "--spec", "python-asgi")
        python = next(daemon.home.rglob("env/bin/python"))
        port = free_port()
        options = ("--port", str(port), "--no-access-log", "--log-level", "error")
        command = (python, "-m", "uvicorn", "--app-dir", source.parent, *options, "program:app")
        program = stack.enter_context(subprocess.Popen(command))
        stack.callback(program.terminate)
        wait_for(f"http://127.0.0.1:{port}/small")
        theirs = PROXY.replace("SINK", str(port))
        their_pid, their_port = stack.enter_context(nginx(theirs, port))
        ours = daemon.ports["http"]
        alone = functools.partial(of_process, waited=False)  # without its program
        yield (
            Proxied("the program itself", program.pid, port, ""),
            Proxied("nginx", their_pid, their_port, ""),
            Proxied("clace", daemon.process.pid, ours, "/p", "/p/sink", alone),
        )


def main(given: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=5, help="samples of each (default: 5)")
    options.add_argument("--seconds", type=int, default=2, help="of each sample (default: 2)")
    options.add_argument("--program", action="store_true", help="the program of an app")
    chosen = options.parse_args(given)
    need_wrk()
    if not shutil.which("nginx"):
        raise SystemExit("nginx is needed: apt-get install nginx-light")
    with programs() if chosen.program else contenders() as proxies:
        for proxy in proxies:
            small(proxy, 16, 1)
        busy = [[small(one, 16, chosen.seconds) for one in proxies] for _ in range(chosen.rounds)]
        alone = [[small(one, 1, chosen.seconds) for one in proxies] for _ in range(chosen.rounds)]
        show_small([*zip(*busy, strict=True)], [*zip(*alone, strict=True)], proxies)
        for name, pass_through in (("download", download), ("upload", upload)):
            for proxy in proxies[1:]:
                done = middle([pass_through(proxy) for _ in range(3)])
                rate = LARGE / MEBIBYTE / done[0]
                print(
                    f"100 MB {name}, {proxy.name}: {rate:.0f} MB/s, {done[1]:.2f} s of CPU,"
                    f" peak memory +{done[2]:.1f} MB"
                )


def show_small(busy, alone, proxies: Sequence[Proxied]) -> None:
    direct = middle(alone[0])
    for proxy, many, one in zip(proxies, busy, alone, strict=True):
        cpu, rate, _, p99 = middle(many)
        _, _, lone50, lone99 = middle(one)
        print(
            f"small answers, {proxy.name}: {cpu:.1f} us of CPU, {rate:.0f}/s, p99 {p99:.2f} ms;"
            f" one at a time p50 {lone50 - direct[2]:+.3f} ms, p99 {lone99 - direct[3]:+.3f} ms"
        )
    ratio = [mine.cpu / theirs.cpu for mine, theirs in zip(busy[2], busy[1], strict=True)]
    print(f"CPU of clace / nginx: {median(ratio):.2f} ({min(ratio):.2f}-{max(ratio):.2f})")


if __name__ == "__main__":
    main()
