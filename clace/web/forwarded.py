"""Who is at the other end of a request, with and without proxies between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from msgspec import Struct
from twisted.internet.address import IPv4Address as Tcp4
from twisted.internet.address import IPv6Address as Tcp6
from twisted.web.http import Request

from clace.errors import ConfigError

_Address = IPv4Address | IPv6Address
_MAX_ADDRESS = 80  # an address of 45 characters, brackets, a zone and a port


class Peer(Struct, frozen=True):
    """The client of a request: its address (``""`` over a UNIX socket) and how it reached us."""

    ip: str
    scheme: str


class TrustedProxies:
    """The peers whose forwarding headers are believed: addresses and networks.

    :raises ConfigError: an entry is neither.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._networks = tuple(map(_network, entries))

    def peer_of(self, request: Request) -> Peer:
        """Who sent the request; its headers count only as far as trusted proxies wrote them."""
        direct = _direct_address(request)
        scheme = "https" if request.isSecure() else "http"
        if direct is None or not self._trusts(direct):
            return Peer("" if direct is None else str(direct), scheme)
        client = self._forwarded_for(request, direct) or _real_ip(request) or direct
        if scheme == "http":
            scheme = _forwarded_scheme(request)
        return Peer(str(client), scheme)

    def _trusts(self, address: _Address) -> bool:
        return any(address in network for network in self._networks)

    def _forwarded_for(self, request: Request, hop: _Address) -> _Address | None:
        """The last entry that no trusted proxy is; each hop appends the one before it."""
        for entry in reversed(list(_entries(request, b"X-Forwarded-For"))):
            address = _parse(entry)
            if address is None:
                return hop  # what is left of an entry that is no address, anybody may have sent
            if not self._trusts(address):
                return address
            hop = address
        return None


def _network(entry: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(entry.strip(), strict=False)
    except ValueError as error:
        raise ConfigError(f"trusted proxy {entry!r} is no IP address or network") from error


def _direct_address(request: Request) -> _Address | None:
    address = request.getClientAddress()
    return _parse(address.host) if isinstance(address, Tcp4 | Tcp6) else None


def _entries(request: Request, name: bytes) -> Iterator[str]:
    for value in request.requestHeaders.getRawHeaders(name, ()):
        yield from (entry.strip() for entry in value.decode("latin-1").split(","))


def _real_ip(request: Request) -> _Address | None:
    entries = list(_entries(request, b"X-Real-Ip"))
    return _parse(entries[0]) if len(entries) == 1 else None


def _forwarded_scheme(request: Request) -> str:
    first = next(_entries(request, b"X-Forwarded-Proto"), "").lower()
    return first if first in {"http", "https"} else "http"


def _parse(text: str) -> _Address | None:
    """An address as proxies write it: with or without brackets, port and zone."""
    return _parse_short(text) if len(text) <= _MAX_ADDRESS else None


@lru_cache(maxsize=1024)
def _parse_short(text: str) -> _Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
