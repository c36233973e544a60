"""A real server in a temporary home, driven from outside by the real command line and real HTTP."""

import contextlib
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from pathlib import Path
from typing import NamedTuple, Self

TWISTD = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]
LISTENING = re.compile(r"Server listening on (https?)://\S+?:(\d+)")
ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
PASSWORD = "correct horse battery"


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: str


class Daemon:
    """One server; use as a context manager so that it ends whatever happens."""

    def __init__(self, config: str = "", *, hashed: bool = True, home: Path | None = None):
        # A short path: the name of a UNIX socket may have 107 bytes.
        self.home = home or Path(tempfile.mkdtemp(prefix="clace-", dir="/tmp"))
        self.config = self.home / "clace.toml"
        self.hashed = hashed
        self.write_config(config)
        self.process = None
        self.ports: dict[str, int] = {}
        self.output = self.home / "output.txt"

    def write_config(self, extra: str = "") -> None:
        hashed = f'admin_password_bcrypt = "{password_hash()}"\n'
        security = f"[security]\n{hashed}" if self.hashed else ""
        if "[security]" in extra:
            extra = extra.replace("[security]\n", security or "[security]\n", 1)
            security = ""
        sections = "".join(
            f"[{name}]\nport = 0\n" for name in ("http", "https") if f"[{name}]" not in extra
        )
        self.config.write_text(f"{extra}\n{sections}{security}", "utf-8")
        self.config.chmod(0o600)

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "CL_HOME": str(self.home), "HOME": str(self.home), "PYTHONPATH": str(ROOT)}

    def start(self, *, wait: bool = True) -> "Daemon":
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*TWISTD, "-n", "--pidfile=", "clace"],
                cwd=self.home,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        if wait:
            self.wait_until_listening()
        return self

    def wait_until_listening(self, seconds: float = 30) -> None:
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            said = self.said()
            if "Server ready" in said:
                self.ports = {scheme: int(port) for scheme, port in LISTENING.findall(said)}
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.said()}")

    def said(self) -> str:
        return self.output.read_text("utf-8", "replace") if self.output.exists() else ""

    def stop(self, sent: int = signal.SIGTERM, seconds: float = 20) -> int:
        self.process.send_signal(sent)
        return self.process.wait(seconds)

    def __enter__(self) -> Self:
        return self if self.process else self.start()

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def cli(self, *arguments: str, **options: object) -> subprocess.CompletedProcess:
        environment = {**self.environment(), **options.pop("env", {})}
        return subprocess.run(
            [sys.executable, "-m", "clace.cli", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **options,
        )

    def must(self, *arguments: str) -> str:
        """What the command printed; fails with its error if it did not succeed."""
        done = self.cli(*arguments)
        if done.returncode:
            raise AssertionError(f"clace {' '.join(arguments)}: {done.stderr}\n{self.said()}")
        return done.stdout

    def get(self, path: str, **options: object) -> Answer:
        return self.ask("GET", path, **options)

    def ask(
        self,
        method: str,
        path: str,
        *,
        scheme: str = "http",
        login: tuple[str, str] | None = ("admin", PASSWORD),
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        context: ssl.SSLContext | None = None,
        timeout: float = 30,
    ) -> Answer:
        if scheme == "https":
            connection = http.client.HTTPSConnection(
                "localhost", self.ports["https"], context=context, timeout=timeout
            )
        else:
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.ports["http"], timeout=timeout
            )
        sent = dict(headers or {})
        if login:
            sent["Authorization"] = "Basic " + b64encode(":".join(login).encode()).decode()
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            return Answer(response.status, response.headers, text)

    def admin(self, method: str, path: str) -> Answer:
        """A request to the admin API over its UNIX socket."""
        connection = http.client.HTTPConnection("localhost", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.home / "run" / "clace.sock"))
        with contextlib.closing(connection):
            connection.request(method, path)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode())


def password_hash() -> str:
    import bcrypt  # noqa: PLC0415 - only where a server is really started

    if not hasattr(password_hash, "made"):
        password_hash.made = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    return password_hash.made
