"""Servers that requests are passed on to, as URLs name them."""

from __future__ import annotations

import re
from urllib.parse import unquote

from msgspec import Struct

from clace.model.proxying import CONTAINER_URL

_URL = re.compile(
    r"(?P<scheme>https?|http\+unix)://(?P<authority>[^/?#\\\s]+)"
    r"(?P<path>/[!-\"$-\[\]-~]*?)?/*(?:\?(?P<query>[!-\"$-~]*))?",
    re.ASCII,
)
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>\d{1,5}))?"
)
_MOST_SOCKET = 107
_MAX_PORT = 65_535


class BadUpstream(ValueError):
    """A URL that no request can be passed on to."""


class Upstream(Struct, frozen=True):
    """A server at ``host`` and ``port``, or behind the UNIX socket ``socket``, or the app's own
    program, of which ``workload`` names the run.

    ``path`` comes before the path of each request and has no slash at its end.
    """

    scheme: str
    host: str = ""
    port: int = 0
    socket: str = ""
    path: str = ""
    query: str = ""
    workload: str = ""

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Return the value of ``Host`` for requests to it."""
        if self.socket or self.workload:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        if self.workload:
            return "the app's program"
        if self.socket:
            return f"unix:{self.socket}"
        return f"{self.scheme}://{self.authority}"


def parse_upstream(url: str) -> Upstream:
    """The server of a URL: ``http://HOST:PORT/PATH``, ``https://...``, or for a UNIX socket
    ``http+unix://%2Frun%2Fapp.sock/PATH``, for the app's own program ``<CONTAINER_URL>/PATH``.

    :raises BadUpstream: if it has another form.
    """
    if url.startswith(CONTAINER_URL):
        return _of_program(url)
    found = _URL.fullmatch(url)
    if found is None:
        raise BadUpstream(
            "expected http:// or https:// with a host, or http+unix:// with the path of a socket"
        )
    path, query = (found["path"] or "").rstrip("/"), found["query"] or ""
    if found["scheme"] == "http+unix":
        return Upstream("http", socket=_socket(found["authority"]), path=path, query=query)
    host = _HOST.fullmatch(found["authority"])
    if host is None:
        raise BadUpstream("expected a host name or address, and perhaps a port, after ://")
    port = int(host["port"] or _PORTS[found["scheme"]])
    if not 0 < port <= _MAX_PORT:
        raise BadUpstream(f"port {port} is not between 1 and {_MAX_PORT}")
    name = host["v6"] or host["name"].lower()
    return Upstream(found["scheme"], name, port, path=path, query=query)


def _of_program(url: str) -> Upstream:
    found = _URL.fullmatch(f"http://program{url.removeprefix(CONTAINER_URL)}")
    if found is None or found["authority"] != "program":
        raise BadUpstream(f"expected a path after {CONTAINER_URL}")
    path, query = (found["path"] or "").rstrip("/"), found["query"] or ""
    return Upstream("http", path=path, query=query, workload=CONTAINER_URL)


def _socket(authority: str) -> str:
    try:
        path = unquote(authority, errors="strict") if authority.isascii() else ""
    except UnicodeDecodeError:
        path = ""
    if not path.startswith("/") or "\0" in path or len(path.encode()) > _MOST_SOCKET:
        raise BadUpstream("expected the absolute path of a UNIX socket, with %2F for each slash")
    return path
