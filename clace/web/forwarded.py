"""The peer of a request, with and without proxies between."""

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
from typing import Any, Protocol

from msgspec import Struct
from twisted.internet.address import IPv4Address as Tcp4
from twisted.internet.address import IPv6Address as Tcp6
from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import IAddress

from clace.errors import ConfigError


class ForwardedHeaders(Protocol):
    """A request, as far as it says where it comes from."""

    @property
    def requestHeaders(self) -> Any: ...
    def getClientAddress(self) -> IAddress: ...
    def isSecure(self) -> bool: ...


_Address = IPv4Address | IPv6Address
_KNOWN = 1024
_MAX_ADDRESS = 80  # an address of 45 characters, brackets, a zone and a port


# Every peer on a UNIX socket; its file mode says which those are.
UNIX = "unix:"


class Peer(Struct, frozen=True):
    """The client of a request: its address (``""`` over a UNIX socket) and how it reached us.

    ``scheme_told`` is false behind a trusted proxy that does not say which scheme it was sent.
    """

    ip: str
    scheme: str
    proxied: bool = False
    scheme_told: bool = True


class TrustedProxies:
    """The peers whose forwarding headers are believed: addresses, networks, and ``unix:``.

    :raises ConfigError: if an entry is something else.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        written = [entry.strip() for entry in entries]
        self._known: dict[str, tuple[str, bool]] = {}
        self._trusts_unix = UNIX in written
        self._networks = tuple(_network(entry) for entry in written if entry != UNIX)

    def includes(self, address: IAddress) -> bool:
        """Tell a connection of a trusted proxy from one of a client."""
        if isinstance(address, UNIXAddress):
            return self._trusts_unix
        direct = ip_of(address)
        return direct is not None and self._trusts(direct)

    def peer_of(self, request: ForwardedHeaders) -> Peer:
        """Return the sender of the request; headers count as far as trusted proxies wrote them."""
        direct, is_proxy = self._hop(request.getClientAddress())
        secure = bool(request.isSecure())
        if not is_proxy:
            return Peer(direct, "https" if secure else "http")
        client = self._forwarded_for(request, direct)
        if client is None:
            client = _real_ip(request) or direct
        told = "https" if secure else _forwarded_scheme(request)
        return Peer(client, told or "http", proxied=True, scheme_told=bool(told))

    def _hop(self, address: IAddress) -> tuple[str, bool]:
        """The address in the usual form, and whether it is a proxy's; every request asks twice."""
        host = address.host if isinstance(address, Tcp4 | Tcp6) else ""
        if not host:
            return "", self.includes(address)
        found = self._known.get(host)
        if found is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            found = self._known[host] = (str(ip_of(address) or ""), self.includes(address))
        return found

    def _trusts(self, address: _Address) -> bool:
        return any(address in network for network in self._networks)

    def _forwarded_for(self, request: ForwardedHeaders, hop: str) -> str | None:
        """The last entry that no trusted proxy is; each hop appends the one before it."""
        for entry in reversed(list(_entries(request, b"X-Forwarded-For"))):
            address = _parse(entry)
            if address is None:
                return hop  # what is left of an entry that is no address, anybody may have sent
            if not self._trusts(address):
                return str(address)
            hop = str(address)
        return None


def _network(entry: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(entry, strict=False)
    except ValueError as error:
        raise ConfigError(
            f"trusted proxy {entry!r} is no IP address or network, and not {UNIX}"
        ) from error


def ip_of(address: IAddress | None) -> _Address | None:
    """The IP address of a peer that has one."""
    return _parse(address.host) if isinstance(address, Tcp4 | Tcp6) else None


def _entries(request: ForwardedHeaders, name: bytes) -> Iterator[str]:
    for value in request.requestHeaders.getRawHeaders(name, ()):
        yield from (entry.strip() for entry in value.decode("latin-1").split(","))


def _real_ip(request: ForwardedHeaders) -> str:
    entries = list(_entries(request, b"X-Real-Ip"))
    return str(_parse(entries[0]) or "") if len(entries) == 1 else ""


def _forwarded_scheme(request: ForwardedHeaders) -> str:
    """``http`` or ``https`` as the proxy says, or nothing."""
    first = next(_entries(request, b"X-Forwarded-Proto"), "").lower()
    return first if first in {"http", "https"} else ""


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
