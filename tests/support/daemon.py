"""A real server in a temporary home, driven from outside by the real command line and real HTTP."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import weakref
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

import bcrypt

TWISTD = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()")
FOREGROUND = (*TWISTD, "-n", "--pidfile=", "clace")
CLACE = (sys.executable, "-m", "clace.cli")
LISTENING = re.compile(r"Server listening on (https?)://\S+?:(\d+)")
ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
PASSWORD = "correct horse battery"
LOGIN = ("admin", PASSWORD)


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: str


class Pending:
    """A request that was sent; its answer is waited for when it is wanted."""

    def __init__(self, connection: http.client.HTTPConnection):
        self.connection = connection

    def answer(self) -> Answer:
        with contextlib.closing(self.connection):
            response = self.connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            return Answer(response.status, response.headers, text)


class Daemon:
    """One server; as a context manager it ends whatever happens.

    The home that it makes for itself is removed by ``remove``, or with the object.
    """

    def __init__(self, config: str = "", *, hashed: bool = True, home: Path | None = None):
        # A short path: the name of a UNIX socket may have 107 bytes.
        self.home = home or Path(tempfile.mkdtemp(prefix="clace-", dir="/tmp"))
        self._forget = lambda: None
        if home is None:
            self._forget = weakref.finalize(self, shutil.rmtree, self.home, ignore_errors=True)
        self.config = self.home / "clace.toml"
        self.hashed = hashed
        self.write_config(config)
        self.process: subprocess.Popen[bytes] | None = None
        self.ports: dict[str, int] = {}
        self.stdout = self.home / "stdout.txt"
        self.stderr = self.home / "stderr.txt"

    def write_config(self, extra: str = "", password: str = PASSWORD) -> None:
        hashed = f'admin_password_bcrypt = "{password_hash(password)}"\n'
        security = f"[security]\n{hashed}" if self.hashed else ""
        if "[security]" in extra:
            extra = extra.replace("[security]\n", security or "[security]\n", 1)
            security = ""
        sections = "".join(
            f"[{name}]\nport = 0\n" for name in ("http", "https") if f"[{name}]" not in extra
        )
        self.config.write_text(f"{extra}\n{sections}{security}", "utf-8")
        self.config.chmod(0o600)

    @property
    def certificate(self) -> Path:
        return self.home / "config" / "certificates" / "default.crt"

    @property
    def packages(self) -> Path:
        """A folder for packages that are installed for this server alone."""
        return self.home / "packages"

    def environment(self) -> dict[str, str]:
        path = os.pathsep.join(map(str, (ROOT, self.packages)))
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "CL_HOME": str(self.home), "HOME": str(self.home), "PYTHONPATH": path}

    # The process.

    def start(self, *command: str, wait: bool = True) -> Self:
        """Start the server in the foreground, by ``twistd`` or by another command."""
        with self.stdout.open("wb") as stdout, self.stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                command or FOREGROUND,
                cwd=self.home,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        if wait:
            self.wait_until_listening()
        return self

    def wait_until_listening(self, seconds: float = 30) -> None:
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            # Whether it has ended is asked first: what it said last is not missed.
            ended = self.process.poll() is not None
            said = self.stderr.read_text("utf-8", "replace")
            if "Server ready" in said:
                self.ports = self.told_ports()
                return
            if ended:
                break
            time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.said()}")

    def told_ports(self) -> dict[str, int]:
        said = self.stderr.read_text("utf-8", "replace")
        return {scheme: int(port) for scheme, port in LISTENING.findall(said)}

    def refusal(self, *command: str, seconds: float = 30) -> tuple[int, str]:
        """Start the server where it cannot: its exit code, and what it said on stderr."""
        self.start(*command, wait=False)
        return self.process.wait(seconds), self.stderr.read_text("utf-8", "replace")

    def said(self) -> str:
        outputs = (self.stdout, self.stderr)
        return "".join(one.read_text("utf-8", "replace") for one in outputs if one.exists())

    def stop(self, sent: int = signal.SIGTERM, seconds: float = 20) -> int:
        self.process.send_signal(sent)
        return self.process.wait(seconds)

    def end(self) -> None:
        """Stop it if it runs, by force if it must be."""
        if self.process is None:
            return
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def remove(self) -> None:
        """End it, and remove the home that was made for it."""
        self.end()
        self._forget()

    def __enter__(self) -> Self:
        return self if self.process else self.start()

    def __exit__(self, *_: object) -> None:
        self.end()

    # The command line.

    def cli(
        self, *arguments: str, env: dict[str, str] | None = None, seconds: float = 60
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*CLACE, *arguments],
            cwd=ROOT,
            env={**self.environment(), **(env or {})},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def must(self, *arguments: str) -> str:
        """What the command printed; fails with its error if it did not succeed."""
        done = self.cli(*arguments)
        if done.returncode:
            raise AssertionError(f"clace {' '.join(arguments)}: {done.stderr}\n{self.said()}")
        return done.stdout

    def refused(self, *arguments: str, env: dict[str, str] | None = None, status: int = 1) -> str:
        """What the command said on stderr; fails if it succeeded, or printed anything else."""
        done = self.cli(*arguments, env=env)
        if done.returncode != status or done.stdout:
            raise AssertionError(f"clace {' '.join(arguments)}: exit {done.returncode}: {done}")
        return done.stderr

    # HTTP.

    def get(self, path: str, **options: object) -> Answer:
        return self.ask("GET", path, **options)

    def ask(self, method: str, path: str, **options: object) -> Answer:
        return self.begin(method, path, **options).answer()

    def begin(
        self,
        method: str,
        path: str,
        *,
        scheme: str = "http",
        login: tuple[str, str] | None = LOGIN,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        context: ssl.SSLContext | None = None,
        timeout: float = 30,
    ) -> Pending:
        """Send a request; ``context`` is that of the generated certificate as root if not said."""
        port = self.ports[scheme]
        if scheme == "https":
            context = context or ssl.create_default_context(cafile=self.certificate)
            connection = http.client.HTTPSConnection(
                "localhost", port, context=context, timeout=timeout
            )
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        sent = dict(headers or {})
        if login:
            sent["Authorization"] = "Basic " + b64encode(":".join(login).encode()).decode()
        connection.request(method, path, body=body, headers=sent)
        return Pending(connection)

    def admin(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 30,
    ) -> Answer:
        return self.begin_admin(method, path, body, headers, timeout).answer()

    def install(
        self, source: Path, path: str, *, auth: str = "", approve: bool = False, dev: bool = False
    ) -> None:
        """Create an app, quicker than by a command of its own."""
        wanted = {"path": path, "source_url": str(source), "app_authn": auth, "is_dev": dev}
        route = f"/_clace/app?approve={str(approve).lower()}"
        answer = self.admin("POST", route, json.dumps(wanted).encode())
        if answer.status != 200:
            raise AssertionError(f"{path} was not created: {answer.body}\n{self.said()}")

    def begin_admin(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 30,
    ) -> Pending:
        """Send a request to the admin API over its UNIX socket."""
        connection = http.client.HTTPConnection("localhost", timeout=timeout)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(timeout)
        connection.sock.connect(str(self.home / "run" / "clace.sock"))
        connection.request(
            method, path, body, {"Content-Type": "application/json", **(headers or {})}
        )
        return Pending(connection)


@cache
def password_hash(password: str) -> str:
    # The least cost that there is: what a check costs is not what these tests are about.
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
