"""Heads of requests to the proxy: ``CONNECT``, or a whole URL that becomes a path."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from msgspec import Struct

from clace.egress.targets import EgressTarget, split_target

MAX_HEAD = 32 * 1024
END = b"\r\n\r\n"
_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/1\.([01])\Z")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)\Z", re.DOTALL)
_HTTP_PORT = 80
# Those of one connection, and those that are for the proxy.
_NOT_SENT = frozenset(
    {
        "connection",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "upgrade",
    }
)


class BadHead(ValueError):
    """A request that this proxy does not take; the text says why."""


class ProxyRequest(Struct, frozen=True):
    """A target, and the head to send it; empty for a tunnel."""

    target: EgressTarget
    head: bytes = b""


def read_head(head: bytes) -> ProxyRequest:
    """The request that these bytes are, without their empty line.

    :raises BadHead: if they cannot be read as one.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    line = _LINE.match(first)
    if line is None:
        raise BadHead("the request line is not understood")
    method, target, minor = line.groups()
    if method == "CONNECT":
        named = split_target(target)
        if named is None:
            raise BadHead("CONNECT needs HOST:PORT")
        return ProxyRequest(named)
    return _rewritten(method, target, minor, lines)


def _rewritten(method: str, url: str, minor: str, lines: list[str]) -> ProxyRequest:
    try:
        parts = urlsplit(url)
        port = parts.port or _HTTP_PORT
    except ValueError:
        raise BadHead("the URL is not understood") from None
    if parts.scheme != "http" or "@" in parts.netloc:
        raise BadHead("a URL starts with http:// and names no user; for https use CONNECT")
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    named = split_target(f"{host}:{port}")
    if named is None:
        raise BadHead("the URL names no host")
    path = url[len("http://") + len(parts.netloc) :].partition("#")[0]
    path = path if path.startswith("/") else f"/{path}"
    sent = [f"{method} {path} HTTP/1.{minor}", f"Host: {parts.netloc}", "Connection: close"]
    sent += [text for name, text in map(_header, lines) if name not in _NOT_SENT]
    return ProxyRequest(named, "\r\n".join(sent).encode("latin-1") + END)


def _header(line: str) -> tuple[str, str]:
    found = _HEADER.match(line)
    if found is None or any(control in line for control in "\r\n\0"):
        raise BadHead("a header is not understood")
    return found[1].lower(), line
