"""A server on every kind of endpoint, and blocking clients for each of them."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.listeners.handshakes import pem_pair, trusting, write_pair
from tests.support.daemon import FOREGROUND, Daemon

PROXY = b"PROXY TCP4 192.0.2.7 127.0.0.1 5 80\r\n"
_PRINTED = re.compile(r"^Server listening on http\S+:(\d+)$", re.MULTILINE)
_SOCKET = re.compile(r"unix:([^:]+)")


class Kind(NamedTuple):
    """An endpoint string, and what its clients speak."""

    endpoint: str
    is_encrypted: bool = False
    first: bytes = b""
    within_tls: bytes = b""
    # Of other kinds a wrapper does not pass on that a client has ended its half.
    knows_halves: bool = False


KINDS = {
    "tcp": Kind("tcp:0:interface=127.0.0.1", knows_halves=True),
    "unix": Kind("unix:{home}/a.sock:mode=600", knows_halves=True),
    "fd": Kind("systemd:domain=INET:index=0", knows_halves=True),
    "systemd": Kind("systemd:domain=INET:name=web", knows_halves=True),
    "haproxy:tcp": Kind("haproxy:tcp:0:interface=127.0.0.1", first=PROXY),
    "haproxy:unix": Kind("haproxy:unix:{home}/b.sock:mode=600", first=PROXY),
    "haproxy:clace-tls": Kind(
        "haproxy:clace-tls:{home}/tls:tcp:0:interface=127.0.0.1",
        is_encrypted=True,
        within_tls=PROXY,
    ),
    "clace-tls:haproxy": Kind(
        "clace-tls:{home}/tls:haproxy:tcp:0:interface=127.0.0.1", is_encrypted=True, first=PROXY
    ),
    "ssl": Kind(
        "ssl:0:interface=127.0.0.1:privateKey={home}/ssl.key:certKey={home}/ssl.crt",
        is_encrypted=True,
    ),
    "clace-tls": Kind(
        "clace-tls:{home}/tls:tcp:0:interface=127.0.0.1", is_encrypted=True, knows_halves=True
    ),
}

# Becomes a program that has the two descriptors where systemd would put them.
AS_SYSTEMD = """
import fcntl, os, sys
kept = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
for number, descriptor in enumerate(kept, 3):
    os.dup2(descriptor, number)
    os.close(descriptor)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[3], sys.argv[3:])
"""


class EveryEndpoint(Daemon):
    """A server that listens on all kinds; its sockets of systemd are those of the test."""

    def __init__(self):
        super().__init__()
        endpoints = [kind.endpoint.format(home=self.home) for kind in KINDS.values()]
        blocks = [f"[[listen]]\nendpoint = '{each}'\nserve = 'apps'\n" for each in endpoints]
        self.write_config("[http]\nport = -1\n[https]\nport = -1\n" + "".join(blocks))
        write_pair(self.home, "ssl", pem_pair("localhost"))
        self.given = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.places: dict[str, object] = {}

    def start(self, *_command, wait=True):
        given = [str(each.fileno()) for each in self.given]
        named = {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "other:web"}
        with self.stdout.open("wb") as stdout, self.stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-c", AS_SYSTEMD, *given, *FOREGROUND],
                cwd=self.home,
                env={**self.environment(), **named},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[each.fileno() for each in self.given],
            )
        if wait:
            self.wait_until_listening()
            ports = iter(_PRINTED.findall(self.said()))
            for name, kind in KINDS.items():
                path = _SOCKET.search(kind.endpoint.format(home=self.home))
                self.places[name] = path[1] if path else ("127.0.0.1", int(next(ports)))
        return self

    def end(self):
        super().end()
        for each in self.given:
            each.close()

    def connect(self, name, buffer=None):
        return Wire(KINDS[name], self.places[name], buffer)

    def resident(self):
        """The memory of the server's own process, in bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def ask_to_stop(self):
        self.process.send_signal(signal.SIGTERM)


class Wire:
    """A connection of a client, with TLS in memory so that one half of it can be ended."""

    def __init__(self, kind, place, buffer=None):
        self.kind = kind
        self.sock = socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET)
        self.sock.settimeout(20)
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.connect(place)
        self.tls = None
        self.sock.sendall(kind.first)
        if kind.is_encrypted:
            self._encrypt()
        self.send(kind.within_tls)

    def _encrypt(self):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = trusting().wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self._insist(self.tls.do_handshake)

    def _insist(self, do):
        """Do what TLS wants, with as many records from the server as that takes."""
        while True:
            try:
                return do()
            except ssl.SSLWantReadError:
                self._flush()
                data = self.sock.recv(65536)
                self.incoming.write(data) if data else self.incoming.write_eof()
            finally:
                self._flush()

    def _flush(self):
        if data := self.outgoing.read():
            self.sock.sendall(data)

    def send(self, data):
        if self.tls is None:
            self.sock.sendall(data)
        elif data:
            self.tls.write(data)
            self._flush()

    def recv(self, size=65536):
        """Some bytes; none at the end, whoever announced it or not."""
        with suppress(ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError):
            if self.tls is None:
                return self.sock.recv(size)
            return self._insist(lambda: self.tls.read(size))
        return b""

    def end_half(self):
        """Say that nothing more will be sent."""
        if self.tls is None:
            self.sock.shutdown(socket.SHUT_WR)
            return
        with suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self._flush()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
