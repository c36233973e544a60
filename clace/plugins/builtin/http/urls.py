"""URLs that apps ask for, read strictly: what two programs could read differently is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, urlencode, urljoin

from attrs import evolve, frozen

from clace.model import CONTAINER_URL
from clace.plugins.kit import CallFailed, quoted

Address = IPv4Address | IPv6Address
_PORTS = {"http": 80, "https": 443}
_MAX_URL = 64 * 1024
_SHAPE = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(\?(?P<query>[^#]*))?(#.*)?",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
_NUMERIC = re.compile(r"([0-9]+|0x[0-9a-f]*)\.?")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
# What some server takes for a dot segment: escaped once or more often, between backslashes, or
# with a parameter.
_ESCAPE = "%(25)*"
_SLASH = rf"(/|{_ESCAPE}(2f|5c))"
_DOTS = re.compile(
    rf"(^|{_SLASH})(\.|{_ESCAPE}2e){{1,2}}($|;|{_ESCAPE}3b|{_SLASH})", re.IGNORECASE | re.ASCII
)
_KEPT = "/:@!$&'()*+,;=~-._%?"


@frozen
class RequestTarget:
    """The target of a request; ``host`` is lower case and without brackets, the rest is ASCII."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @classmethod
    def parse(cls, text: str) -> RequestTarget:
        """An absolute ``http`` or ``https`` URL; its fragment is dropped.

        :raises CallFailed: if the URL is invalid, or not the same for every reader, or one of the
            app's container, which no app has.
        """
        if text.startswith(CONTAINER_URL):
            raise CallFailed("container proxy url not set")
        found = None if _suspicious(text) else _SHAPE.fullmatch(text)
        if found is None:
            raise CallFailed(f"invalid url {quoted(text)}")
        scheme = found["scheme"].lower()
        port = int(found["port"] or _PORTS[scheme])
        path = escaped(found["path"] or "/")
        if not 0 < port < 1 << 16 or _DOTS.search(path):
            raise CallFailed(f"invalid url {quoted(text)}")
        host = _host(found["host"].lower(), text)
        return cls(scheme, host, port, path, escaped(found["query"] or ""))

    @property
    def address(self) -> Address | None:
        """Return the host's address, unless the host is a name."""
        try:
            return IPv6Address(self.host) if ":" in self.host else IPv4Address(self.host)
        except ValueError:
            return None

    @property
    def netloc(self) -> str:
        """Host and port as the ``Host`` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    def with_params(self, params: Mapping[str, str]) -> RequestTarget:
        """The same with more in the query."""
        parts = (self.query, urlencode(params))
        return evolve(self, query="&".join(part for part in parts if part))

    def follow(self, location: str) -> RequestTarget:
        """Return the target of a redirect from here.

        :raises CallFailed: if it is not an ``http`` or ``https`` URL.
        """
        try:
            return RequestTarget.parse(urljoin(str(self), location))
        except ValueError as error:
            raise CallFailed(f"invalid url {quoted(location)}") from error

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.netloc}{self.path}{query}"


def escaped(text: str) -> str:
    """A path or query as it is sent: what URLs cannot hold is escaped, the rest stays."""
    return quote(text, safe=_KEPT)


def unambiguous(text: str) -> str:
    """The URL as patterns have to match it: no fragment, which is not sent, and a host that ends
    with a slash, for ``[^/]+`` means a host and would take in ``evil.test?.example.com``.
    """
    head, mark, query = text.partition("#")[0].partition("?")
    return f"{head}/?{query}" if mark and head.count("/") == 2 else head + mark + query  # noqa: PLR2004


def _suspicious(text: str) -> bool:
    return len(text) > _MAX_URL or _FORBIDDEN.search(text) is not None


def _host(host: str, text: str) -> str:
    """:raises CallFailed: if it is neither an address in its usual form nor a name."""
    try:
        if host.startswith("["):
            return str(IPv6Address(host[1:-1]))
        if _NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2]):
            return str(IPv4Address(host))
    except ValueError as error:
        # Some resolvers take 0x7f.1, 017700000001 and 2130706433 for addresses.
        raise CallFailed(f"invalid url {quoted(text)}: no usual form of an address") from error
    if len(host) > 253 or not _NAME.fullmatch(host):  # noqa: PLR2004 - what DNS allows
        raise CallFailed(f"invalid url {quoted(text)}: no host name")
    return host.rstrip(".")
