"""The server under trial: connections to it, its admin API, and apps that last for one trial."""

import contextlib
import http.client
import json
import secrets
import shutil
import socket
import ssl
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from .frame import Skipped, expect

SECONDS = 15
STRANGER = "sectest-rebind.invalid"
"""A name that no server has: ``.invalid`` is reserved for that."""


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Server:
    """One server, by its URL; with its admin socket or the admin's login more can be tried."""

    def __init__(
        self,
        url: str,
        *,
        admin_socket: Path | None = None,
        login: tuple[str, str] | None = None,
        context: ssl.SSLContext | None = None,
        folder: Path | None = None,
    ) -> None:
        """``folder`` is where the sources of trial apps are put, for the server to read."""
        parts = urlsplit(url)
        self.scheme = parts.scheme
        self.name = parts.hostname or ""
        self.port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        self.host = parts.netloc.rpartition("@")[2]
        self.login = login
        self.admin_socket = admin_socket
        self._context = context
        self._folder = folder

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}"

    # Connections.

    def connect(self, seconds: float = SECONDS, *, window: int = 0) -> socket.socket:
        """A connection on which anything can be sent, and ``window`` bytes wait to be received if
        it is given: by itself the kernel takes many megabytes for who does not read.
        """
        plain = self._socket(seconds, window)
        if self.scheme == "http":
            return plain
        return self._context.wrap_socket(plain, server_hostname=self.name)

    def _socket(self, seconds: float, window: int) -> socket.socket:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self.name, self.port, type=socket.SOCK_STREAM
        ):
            made = socket.socket(family, kind, protocol)
            made.settimeout(seconds)
            if window:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            try:
                made.connect(address)
            except OSError as error:
                made.close()
                failed = error
            else:
                return made
        raise failed

    def exchange(self, sent: bytes, seconds: float = SECONDS) -> bytes:
        """What comes back until the server ends the connection or says nothing for ``seconds``."""
        with contextlib.closing(self.connect(seconds)) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(sent)
            return received(connection, seconds)

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        *,
        login: bool = False,
        seconds: float = SECONDS,
    ) -> Answer:
        """Send a request; with ``login`` as the administrator."""
        sent = {"Host": self.host, **(headers or {})}
        if login:
            sent["Authorization"] = self._authorization()
        connection = http.client.HTTPConnection(self.name, self.port, timeout=seconds)
        connection.sock = self.connect(seconds)
        return _answer(connection, method, path, sent, body)

    # The admin API.

    @property
    def has_admin(self) -> bool:
        return self.admin_socket is not None or self.login is not None

    def over_socket(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send a request to the admin socket.

        :raises Skipped: if no socket was named.
        """
        if self.admin_socket is None:
            raise Skipped("needs --admin-socket")
        connection = http.client.HTTPConnection("clace", timeout=SECONDS)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(SECONDS)
        connection.sock.connect(str(self.admin_socket))
        return _answer(connection, method, path, headers or {}, body)

    def admin(self, method: str, path: str, wanted: object = None) -> Answer:
        """Do what an operator may do, over the socket or as the administrator.

        :raises Skipped: if neither socket nor login was named.
        """
        if not self.has_admin:
            raise Skipped("needs --admin-socket, or --admin-user with a password")
        body = None if wanted is None else json.dumps(wanted).encode()
        headers = {"Content-Type": "application/json"} if body else {}
        target = f"/_clace{path}"
        if self.admin_socket:
            return self.over_socket(method, target, headers, body)
        answer = self.ask(method, target, headers, body, login=True, seconds=60)
        if answer.status == 404 and b"404 page not found" in answer.body:
            raise Skipped("needs --admin-socket: the admin API is not served over TCP")
        return answer

    # Apps for one trial.

    @contextlib.contextmanager
    def app(
        self,
        files: dict[str, str],
        *,
        auth: str = "none",
        approve: bool = False,
        dev: bool = False,
    ) -> Iterator["TrialApp"]:
        """An app of these files, which is deleted at the end; a ``dev`` app shows its errors.

        :raises Skipped: if it cannot be installed from here.
        """
        if not self.has_admin:
            raise Skipped("needs --admin-socket, or --admin-user with a password")
        folder = Path(tempfile.mkdtemp(prefix="sectest-", dir=self._folder))
        try:
            app = TrialApp(self, folder, f"/sectest-{secrets.token_hex(4)}")
            app.write(files)
            app.install(auth, approve=approve, dev=dev)
            try:
                yield app
            finally:
                app.delete()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _authorization(self) -> str:
        if self.login is None:
            raise Skipped("needs --admin-user with a password")
        return "Basic " + b64encode(":".join(self.login).encode()).decode()


class TrialApp:
    """An app that is there as long as one promise is tried; anybody who reaches the server can open
    it, unless it was made with another ``auth``.
    """

    def __init__(self, server: Server, folder: Path, path: str) -> None:
        self.server = server
        self.folder = folder
        self.path = path

    def write(self, files: dict[str, str]) -> None:
        """The source from now on, which takes ``reload`` to hold."""
        self.folder.chmod(0o755)
        for old in self.folder.iterdir():
            old.unlink()
        for name, text in files.items():
            file = self.folder / name
            file.write_text(text, "utf-8")
            file.chmod(0o644)

    def install(self, auth: str, *, approve: bool, dev: bool) -> None:
        source = str(self.folder)
        wanted = {"path": self.path, "source_url": source, "app_authn": auth, "is_dev": dev}
        answer = self.server.admin("POST", f"/app?approve={str(approve).lower()}", wanted)
        if answer.status != 200:
            raise Skipped(f"the trial app cannot be installed: {answer.text.strip()}")

    def reload(self, *, approve: bool = False) -> Answer:
        query = f"appPathGlob={quote(self.path)}&promote=true&approve={str(approve).lower()}"
        return self.server.admin("POST", f"/reload?{query}")

    def delete(self) -> None:
        answer = self.server.admin("DELETE", f"/app?appPathGlob={quote(self.path)}")
        expect(answer.status == 200, f"{self.path} could not be deleted: {answer.text}")

    def ask(self, method: str, path: str = "", *args: object, **options: object) -> Answer:
        """Send a request to a path within the app."""
        return self.server.ask(method, self.path + path, *args, **options)


def received(connection: socket.socket, seconds: float = SECONDS) -> bytes:
    """What arrives until the end, or until ``seconds`` are over."""
    found = b""
    limit = time.monotonic() + seconds
    while (left := limit - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            piece = connection.recv(65536)
        except (TimeoutError, ConnectionError, ssl.SSLError):
            break
        if not piece:
            break
        found += piece
    return found


def status_of(answer: bytes) -> int:
    """The status of the first answer in what was received; 0 if there is none."""
    words = answer.split(b" ", 2)
    known = answer.startswith(b"HTTP/1.") and len(words) > 1 and words[1].isdigit()
    return int(words[1]) if known else 0


def _answer(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None,
) -> Answer:
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
