"""Servers of git repositories on this machine, as real as they can be had, and as bad."""

import base64
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from unittest import SkipTest

from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import LoopingCall
from twisted.protocols.portforward import (
    ProxyClient,
    ProxyClientFactory,
    ProxyFactory,
    ProxyServer,
)
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.twcgi import CGIScript

_BACKEND = "/usr/lib/git-core/git-http-backend"


class _Backend(CGIScript):
    """Git's own server: each answer is a program."""

    def __init__(self, root):
        super().__init__(_BACKEND)
        self._root = root

    def runProcess(self, env, request, qargs=()):
        encoding = request.getHeader("Content-Encoding")
        env = {
            **env,
            "PATH_INFO": request.path.decode(),
            "GIT_PROJECT_ROOT": str(self._root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": request.getHeader("Git-Protocol") or "",
            **({"HTTP_CONTENT_ENCODING": encoding} if encoding else {}),
        }
        super().runProcess(env, request, list(qargs))


class GitHTTP(Resource):
    """The repositories below ``root`` over HTTP; with ``login`` only for that user:password.

    ``asked`` has the paths of all requests, and ``sent`` counts the bytes of answers. ``moved``
    returns the URL that a request is sent to, or nothing.
    """

    isLeaf = True

    def __init__(self, case, root, login=""):
        super().__init__()
        self._backend = _Backend(root)
        self.login = login
        self.asked, self.sent = [], 0
        self.moved = lambda _uri: None
        self.port = reactor.listenTCP(0, Site(self), interface="127.0.0.1")
        case.addCleanup(self.port.stopListening)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port.getHost().port}"

    def render(self, request):
        self.asked.append(request.uri.decode())
        if self.login and request.getHeader("Authorization") != self._right():
            request.setResponseCode(401)
            request.setHeader("WWW-Authenticate", 'Basic realm="git"')
            return b""
        if (place := self.moved(self.asked[-1])) is not None:
            request.setResponseCode(301)
            request.setHeader("Location", place)
            return b""
        request.postpath, write = [], request.write

        def counting(data):
            self.sent += len(data)
            write(data)

        request.write = counting
        return self._backend.render(request)

    def _right(self):
        return "Basic " + base64.b64encode(self.login.encode()).decode()


class _TamperingClient(ProxyClient):
    def dataReceived(self, data):
        passed = self.peer.factory.tamper(data)
        super().dataReceived(passed)
        if len(passed) < len(data):
            self.peer.transport.loseConnection()


class _TamperingClientFactory(ProxyClientFactory):
    protocol = _TamperingClient


class _TamperingServer(ProxyServer):
    clientProtocolFactory = _TamperingClientFactory


def tampering(case, port, tamper):
    """The URL of a server before one at ``port``.

    ``tamper`` makes of each piece of an answer what is passed on; if that is less, it is the last.
    """
    factory = ProxyFactory("127.0.0.1", port)
    factory.protocol, factory.tamper = _TamperingServer, tamper
    return _listening(case, factory)


class _Dribbling(Protocol):
    def connectionMade(self):
        self.transport.write(self.factory.first)
        self._loop = LoopingCall(self.transport.write, self.factory.piece)
        if self.factory.piece:
            self._loop.start(0.1)

    def connectionLost(self, reason):
        if self._loop.running:
            self._loop.stop()


def dribbling(case, first=b"", piece=b""):
    """The URL of a server that accepts, says something or nothing, and a piece more for ever."""
    factory = Factory.forProtocol(_Dribbling)
    factory.first, factory.piece = first, piece
    return _listening(case, factory)


def _listening(case, factory):
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    case.addCleanup(port.stopListening)
    return f"http://127.0.0.1:{port.getHost().port}"


_SSHD = "/usr/sbin/sshd"
_SSHD_CONFIG = """
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
PidFile none
"""


class SSHServer:
    """A real ``sshd`` for the user who runs the tests, with a key that it accepts.

    It begins anew for each connection, so that its port is any that is free.
    """

    def __init__(self, case, folder):
        if not Path(_SSHD).exists() or shutil.which("ssh") is None:
            raise SkipTest("openssh-server and openssh-client are not installed")
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.folder = folder
        folder.mkdir()
        self.key = self.made_key("key")
        self.renew()
        shutil.copy(folder / "key.pub", folder / "authorized")
        (folder / "config").write_text(_SSHD_CONFIG.format(folder=folder))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answers = []
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        case.addCleanup(self._stop, thread)

    @property
    def port(self):
        return self._listener.getsockname()[1]

    def url(self, path):
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{path}"

    def made_key(self, name, passphrase=""):
        """The path of a new key."""
        file = self.folder / name
        file.unlink(missing_ok=True)
        kind = ("-q", "-t", "ed25519", "-N", passphrase, "-f", str(file))
        subprocess.check_call(["ssh-keygen", *kind])
        return file

    def renew(self):
        """Take another host key."""
        self.made_key("host")

    def agent(self, case):
        """The socket of an agent that alone has the key."""
        # Names of sockets are short.
        place = Path(tempfile.mkdtemp())
        case.addCleanup(shutil.rmtree, place)
        path = place / "agent"
        running = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
        case.addCleanup(running.wait)
        case.addCleanup(running.kill)
        for _ in range(1000):
            if path.exists():
                break
            time.sleep(0.01)
        environment = {**os.environ, "SSH_AUTH_SOCK": str(path)}
        quiet = {"stderr": subprocess.DEVNULL}
        subprocess.check_call(["ssh-add", str(self.key)], env=environment, **quiet)
        self.key.unlink()
        return str(path)

    def known(self):
        """A file of host keys that knows this server."""
        kind, key, *_ = (self.folder / "host.pub").read_text().split()
        file = self.folder / "known hosts"
        file.write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")
        return str(file)

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    ends = {"stdin": connection, "stdout": connection}
                    command = [_SSHD, "-i", "-f", str(self.folder / "config")]
                    answer = subprocess.Popen(command, stderr=subprocess.DEVNULL, **ends)
                self._answers.append(answer)

    def _stop(self, thread):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        thread.join(10)
        for answer in self._answers:
            answer.kill()
            answer.wait()
