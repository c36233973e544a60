"""The rows of a comparison: how each is asked, what must be equal, and how it is measured."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.contenders import BASIC, Contender
from benchmarks.loads import load
from benchmarks.ratios import Sample

APPS = Path(__file__).with_name("apps")
RELOADED = 100
HANDSHAKES = 150
INSTALLED = {
    "/hello": "hello",
    "/layout": "layout",
    "/page": "page",
    "/calls": "calls",
    "/programs": "programs",
    "/texts": "texts",
    "/documents": "documents",
}
SMALL = """def handler(req):
    return "%s"

app = ace.app("Small", routes = [ace.api("/", type = ace.TEXT)])
"""


class NotMeasured(Exception):
    """A row that cannot be measured, and the reason."""


class Row(Protocol):
    """One line of the table."""

    def prepare(self, server: Contender) -> None:
        """Install what only this row needs."""

    def answer(self, server: Contender) -> object:
        """Return what has to be equal on both servers."""

    def measure(self, server: Contender) -> Sample:
        """Take one sample.

        :raises NotMeasured: if the server refused requests.
        """


@dataclass(frozen=True)
class Page:
    """Requests for one address, again and again on kept connections."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    connections: int = 16
    scheme: str = "http"
    own_text: bool = False
    seconds: int = 2

    def prepare(self, server: Contender) -> None:
        """Ask once, so that the app is loaded, a password remembered, a certificate made."""
        server.answer(self.path, self.headers_for(server))
        if self.scheme == "https":
            server.handshake()

    def headers_for(self, server: Contender) -> Mapping[str, str]:
        del server
        return self.headers

    def answer(self, server: Contender) -> object:
        """The whole answer; ``own_text`` leaves out what each server says in its own words."""
        found = server.answer(self.path, self.headers_for(server))
        return found._replace(body=b"") if self.own_text else found

    def measure(self, server: Contender) -> Sample:
        headers = self.headers_for(server)
        refused = server.answer(self.path, headers).status >= 400
        port = server.port if self.scheme == "http" else server.tls_port
        before = server.cpu
        found = load(
            f"{self.scheme}://127.0.0.1:{port}{self.path}",
            headers,
            connections=self.connections,
            seconds=self.seconds,
        )
        cpu = server.cpu - before
        if found.errors or (found.refused and not refused) or not found.requests:
            raise NotMeasured(
                f"{server.name}: of {found.requests} requests {found.refused} were refused; "
                f"errors of sockets: {found.errors or 'none'}"
            )
        return Sample(found.rate, found.p50, found.p99, 1e6 * cpu / found.requests)


@dataclass(frozen=True)
class Unchanged(Page):
    """Requests with the validator of an earlier answer, as a browser sends them."""

    def headers_for(self, server: Contender) -> Mapping[str, str]:
        found = server.get(self.path, {}).headers
        if "ETag" in found:
            return {"If-None-Match": found["ETag"]}
        return {"If-Modified-Since": found.get("Last-Modified", "")}


@dataclass(frozen=True)
class Handshakes:
    """Connections with a full handshake, one after the other."""

    def prepare(self, server: Contender) -> None:
        """Nothing is needed."""

    def answer(self, server: Contender) -> object:
        return server.handshake()

    def measure(self, server: Contender) -> Sample:
        return repeated(server, HANDSHAKES, server.handshake)


@dataclass(frozen=True)
class Listing:
    """Commands that list the apps; their own CPU counts, and not the server's."""

    times: int = 5

    def prepare(self, server: Contender) -> None:
        """Nothing is needed."""

    def answer(self, server: Contender) -> object:
        """The paths that it prints, of the apps that both have."""
        said = server.run("app", "list")
        return sorted(set(re.findall(r"(?<!\S)/\w+(?!\S)", said)) & INSTALLED.keys())

    def measure(self, server: Contender) -> Sample:
        taken, cpu = [], 0.0
        for _ in range(self.times):
            began = time.perf_counter()
            process = server.start("app", "list")
            process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stdout.close()
            taken.append(time.perf_counter() - began)
            cpu += usage.ru_utime + usage.ru_stime
        return sample(taken, cpu)


@dataclass(frozen=True)
class Reloads:
    """Reloads of many apps by one command; each app counts as a request."""

    changed: bool

    def prepare(self, server: Contender) -> None:
        """Install the apps, once for all rows of this kind."""
        sources = self._sources(server)
        if sources.exists():
            return
        for number in range(RELOADED):
            (sources / str(number)).mkdir(parents=True)
        self._write(server, "made")
        for number in range(RELOADED):
            server.install(sources / str(number), f"/reloaded/r{number}")

    def answer(self, server: Contender) -> object:
        """The first and the last app, after a reload."""
        text = "changed" if self.changed else "made"
        self._write(server, text)
        self._reload(server)
        paths = (f"/reloaded/r{number}/" for number in (0, RELOADED - 1))
        return [server.answer(path, {}) for path in paths]

    def measure(self, server: Contender) -> Sample:
        if self.changed:
            self._write(server, f"changed at {time.monotonic_ns()}")
        before, began = server.cpu, time.perf_counter()
        self._reload(server)
        clock = time.perf_counter() - began
        cpu = 1e6 * (server.cpu - before) / RELOADED
        return Sample(RELOADED / clock, 1000 * clock, 1000 * clock, cpu)

    def _reload(self, server: Contender) -> None:
        server.run("app", "reload", "--approve", "--promote", "/reloaded/*")

    def _sources(self, server: Contender) -> Path:
        return server.home / "reloaded-sources"

    def _write(self, server: Contender, text: str) -> None:
        for number in range(RELOADED):
            file = self._sources(server) / str(number) / "app.star"
            file.write_text(SMALL % text, "utf-8")


def repeated(server: Contender, times: int, act) -> Sample:
    """Do something so many times, one after the other; the server's CPU counts."""
    taken, before = [], server.cpu
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return sample(taken, server.cpu - before)


def sample(taken: list[float], cpu: float) -> Sample:
    """The sample of acts that took these seconds, one after the other."""
    ordered = sorted(taken)
    p50, p99 = (1000 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
    return Sample(len(taken) / sum(taken), p50, p99, 1e6 * cpu / len(taken))


BROTLI = {"Accept-Encoding": "br"}
ROWS: dict[str, Row] = {
    "page, hello": Page("/hello/"),
    "page, 50 rows of 5": Page("/page/"),
    "page with a base layout": Page("/layout/"),
    "JSON, small": Page("/hello/small"),
    "JSON, 50 rows": Page("/page/api/rows"),
    "page with Basic sign-in": Page("/login/", BASIC),
    "HTTPS, hello": Page("/hello/", scheme="https"),
    "TLS 1.3, full handshake": Handshakes(),
    "static, 2 KB": Page("/page/static/small.css"),
    "static, 10 KB as brotli": Page("/page/static/style.css", BROTLI),
    "static, 304": Unchanged("/page/static/small.css"),
    "static, 1 MB": Page("/page/static/large.js"),
    "404": Page("/nowhere", own_text=True),
    "health": Page("/_clace/health", own_text=True),
    "fs.abs": Page("/calls/?calls=1"),
    "fs.abs, ten times": Page("/calls/?calls=10"),
    'exec.run("true")': Page("/programs/", connections=4),
    "store.insert": Page("/documents/insert", connections=1),
    "store.insert, 100": Page("/documents/insert-100", connections=1, seconds=5),
    "store.insert, 100 in a transaction": Page(
        "/documents/insert-100-together", connections=1, seconds=5
    ),
    "store.select_by_id": Page("/documents/find", connections=1),
    "text of 1 MB made by an app": Page("/texts/?kilobytes=1024", connections=4),
    "text of 10 MB made by an app": Page("/texts/?kilobytes=10240", connections=2, seconds=5),
    "clace app list": Listing(),
    "100 apps reloaded, unchanged": Reloads(changed=False),
    "100 apps reloaded, changed": Reloads(changed=True),
}


def install(server: Contender) -> None:
    """Install the apps of all rows, from copies that have the larger static files too."""
    with tempfile.TemporaryDirectory(prefix="peer-apps-") as folder:
        sources = Path(folder) / "apps"
        shutil.copytree(APPS, sources)
        static = sources / "page" / "static"
        (static / "small.css").write_text(_rules(2 << 10), "utf-8")
        (static / "large.js").write_text(_rules(1 << 20), "utf-8")
        for path, name in INSTALLED.items():
            server.install(sources / name, path)
        server.install(sources / "hello", "/login", auth="system")
        server.answer("/documents/insert", {})


def _rules(size: int) -> str:
    """Text of this size that is not the same throughout."""
    lines = "".join(
        f".c{n} {{ color: #{n * 2654435761 % (1 << 24):06x}; }}\n" for n in range(size // 24)
    )
    return lines[: size - 1] + "\n"
