"""Two servers that run the same apps: this Clace, and another one by its command."""

from __future__ import annotations

import contextlib
import http.client
import os
import shlex
import ssl
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import brotli

from benchmarks.command_line import OURS
from benchmarks.processors import spent
from benchmarks.serving import free_port
from tests.support.daemon import LOGIN, PASSWORD, Daemon, password_hash

# Written for the peer; what it does not know of this it has to ignore.
CONFIG = """
[http]
host = "127.0.0.1"
port = {port}

[https]
host = "127.0.0.1"
port = {tls_port}

[security]
admin_password_bcrypt = "{password}"

[system]
root_serve_list_apps = "disable"
"""
BASIC = {"Authorization": "Basic " + b64encode(":".join(LOGIN).encode()).decode()}


class Answer(NamedTuple):
    """The parts of an answer that both servers must have in common."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True)
class Contender:
    """A server that runs, and the command that controls it."""

    name: str
    pid: int
    port: int
    tls_port: int
    command: tuple[str, ...]
    environment: Mapping[str, str]
    home: Path

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def cpu(self) -> float:
        """Seconds of all processes of the server until now."""
        return spent(self.pid)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *words],
            env=dict(self.environment),
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> str:
        """Return the output of a command of the server.

        :raises RuntimeError: if its exit status is not 0.
        """
        process = self.start(*words)
        said, _ = process.communicate(timeout=600)
        if process.returncode:
            raise RuntimeError(f"{self.name}: {' '.join(words)}: {said.strip()}")
        return said

    def install(self, source: Path, path: str, auth: str = "none") -> None:
        self.run("app", "create", "--approve", "--auth", auth, str(source), path)

    def get(self, path: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """Return an answer whose body has been read into ``answer.body``."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=dict(headers))
            response = connection.getresponse()
            response.body = response.read()
            return response

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Return an answer with its body decompressed."""
        response = self.get(path, headers)
        body = response.body
        if response.headers.get("Content-Encoding") == "br":
            body = brotli.decompress(body)
        return Answer(response.status, response.headers.get_content_type(), body)

    def handshake(self) -> str:
        """Make one connection with a full handshake of TLS 1.3; its version."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        connection = http.client.HTTPSConnection(
            "localhost", self.tls_port, timeout=30, context=context
        )
        with contextlib.closing(connection):
            connection.connect()
            return f"{connection.sock.version()}, resumed: {connection.sock.session_reused}"


@contextlib.contextmanager
def ours(home: Path | None = None) -> Iterator[Contender]:
    """This Clace with its default configuration; in a home that was made before, or a new one."""
    daemon = Daemon(home=home)
    try:
        daemon.start()
        ports = daemon.ports
        yield Contender(
            "Clace", daemon.process.pid, ports["http"], ports["https"], tuple(OURS),
            daemon.environment(), daemon.home,
        )  # fmt: skip
    finally:
        daemon.remove()


@contextlib.contextmanager
def peer(command: str) -> Iterator[Contender]:
    """The other server, in a home of its own.

    :raises RuntimeError: if it ends, or does not answer within 30 seconds.
    """
    with tempfile.TemporaryDirectory(prefix="peer-", dir="/tmp") as folder:
        home = Path(folder)
        ports = {"port": free_port(), "tls_port": free_port()}
        config = home / "clace.toml"
        config.write_text(CONFIG.format(**ports, password=password_hash(PASSWORD)), "utf-8")
        words = filled(command, {"home": home, "config": config, **ports})
        environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": folder,
            "CL_HOME": folder,
            "CL_CONFIG_FILE": str(config),
        }
        process = _started(words, environment, home)
        try:
            _wait(process, ports["port"], home / "output.txt")
            yield Contender("peer", process.pid, *ports.values(), words, environment, home)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


def filled(command: str, values: Mapping[str, object]) -> tuple[str, ...]:
    """Split a command as a shell does, and put the values in for their ``{names}``."""
    words = shlex.split(command)
    for name, value in values.items():
        words = [word.replace(f"{{{name}}}", str(value)) for word in words]
    return tuple(words)


def _started(
    words: tuple[str, ...], environment: Mapping[str, str], home: Path
) -> subprocess.Popen[bytes]:
    with (home / "output.txt").open("wb") as output:
        return subprocess.Popen(
            [*words, "server", "start"],
            cwd=home,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _wait(process: subprocess.Popen[bytes], port: int, output: Path, seconds: float = 30) -> None:
    limit = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < limit:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        time.sleep(0.05)
    raise RuntimeError(f"the peer does not answer: {output.read_text('utf-8', 'replace')}")
