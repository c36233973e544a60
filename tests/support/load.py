"""Visitors who ask an app without a pause while it is reloaded and promoted."""

from __future__ import annotations

import http.client
import json
import threading
import time
from pathlib import Path
from typing import NamedTuple, Self

from tests.support.daemon import Daemon

APP = """
load("exec.in", "exec")

def page(req):
    return "{version}"

def slow(req):
    exec.run("sleep", ["{seconds}"])
    return "{version}"

app = ace.app("Busy", routes=[ace.api("/", handler=page, type=ace.TEXT),
                              ace.api("/slow", handler=slow, type=ace.TEXT)],
              permissions=[ace.permission("exec.in", "run", ["sleep"])])
"""
SLOW_SECONDS = 0.2
PATH = "/busy"
OK = 200


class Told(NamedTuple):
    """The requests that were answered, the slow ones of them, failures in words, and rounds."""

    requests: int
    slow: int
    failures: list[str]
    rounds: int
    seconds: float
    slowest: float


class Visitors:
    """Threads that ask until they are told to end. An answer is wrong if it is not the page of a
    version that was served when the request began, or of a later one.
    """

    def __init__(self, port: int, *, keep: int = 3, anew: int = 1, slow: int = 1) -> None:
        """So many ask on one connection each, on a new one for each request, and for what takes
        longer than a reload.
        """
        self._port = port
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.served = 1
        self.requests = self.slow = 0
        self.slowest = 0.0
        self.failures: list[str] = []
        kinds = [(True, "/"), (False, "/"), (True, "/slow")]
        self._threads = [
            threading.Thread(target=self._ask, args=kind, daemon=True)
            for kind, count in zip(kinds, (keep, anew, slow), strict=True)
            for _ in range(count)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_reason: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self, keeps: bool, path: str) -> None:
        connection = self._connection()
        while not self._ended.is_set():
            least, begun = self.served, time.monotonic()
            wrong = self._asked(connection, path, least)
            with self._lock:
                self.requests += 1
                self.slow += path == "/slow"
                if path == "/":
                    self.slowest = max(self.slowest, time.monotonic() - begun)
                if wrong:
                    self.failures.append(f"{path}: {wrong}")
            if wrong or not keeps:
                connection.close()
                connection = self._connection()
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)

    @staticmethod
    def _asked(connection: http.client.HTTPConnection, path: str, least: int) -> str:
        """Why a request has failed; empty if it has not."""
        try:
            connection.request("GET", f"{PATH}{path}")
            response = connection.getresponse()
            body = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        if response.status != OK:
            return f"{response.status} {body[:200]}"
        if not body.isdigit() or int(body) < least:
            return f"answered {body[:50]}, and {least} was served before it was asked"
        return ""


def write_version(folder: Path, version: int) -> None:
    """Let the source of the app be another version."""
    text = APP.format(version=version, seconds=SLOW_SECONDS)
    (folder / "app.star").write_text(text)


def under_load(daemon: Daemon, folder: Path, *, rounds: int, requests: int) -> Told:
    """Reload and promote the app so often while visitors ask, and until so many have asked.

    The odd rounds reload and promote in two commands, the even ones in one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_version(folder, 1)
    daemon.install(folder, PATH, auth="none", approve=True)
    begun, version = time.monotonic(), 1
    with Visitors(daemon.ports["http"]) as visitors:
        while version <= rounds or visitors.requests < requests:
            if version > rounds:
                time.sleep(0.01)
                continue
            version += 1
            write_version(folder, version)
            _bring(daemon, is_one=version % 2 == 0)
            # The answer of the command means that this is served, from now on.
            visitors.served = version
            answer = daemon.get(f"{PATH}/", login=None)
            if (answer.status, answer.body) != (OK, str(version)):
                visitors.failures.append(f"after the command: {answer.status} {answer.body}")
    seconds = time.monotonic() - begun
    return Told(
        visitors.requests,
        visitors.slow,
        visitors.failures,
        version - 1,
        seconds,
        visitors.slowest,
    )


def _bring(daemon: Daemon, *, is_one: bool) -> None:
    """Reload and promote, and wait for the answers."""
    paths = [f"/reload?appPathGlob={PATH}{'&promote=true' if is_one else ''}"]
    if not is_one:
        paths.append(f"/promote?appPathGlob={PATH}")
    for path in paths:
        answer = daemon.admin("POST", f"/_clace{path}")
        promoted = answer.status == OK and json.loads(answer.body)["promote_results"]
        if answer.status != OK or ("promote" in path and not promoted):
            raise AssertionError(f"{path}: {answer.status} {answer.body}")
