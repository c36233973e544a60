"""Addresses of the public internet, in all the ways in which one can be written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK = "loopback"
PRIVATE = "private"
SHARED = "shared"
RESERVED = "reserved"
NAMEABLE = frozenset({LOOPBACK, PRIVATE, SHARED})
"""Kinds at which a name leads where whoever approved the name expects; to the others, such as the
link-local address of a cloud's metadata service, only the address itself does."""

_SHARED = IPv4Network("100.64.0.0/10")
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_TRANSITION = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))
_UNIQUE_LOCAL = IPv6Network("fc00::/7")


def kind(address: Address) -> str:
    """Return the kind of a special address; empty for the public internet."""
    if isinstance(address, IPv4Address):
        return _kind4(address)
    inner = _inner(address)
    return _kind6(address) if inner is None else _kind4(inner)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The address of version 4 that a translator or the kernel would make of it."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def _kind4(address: IPv4Address) -> str:
    if address in _SHARED:
        return SHARED
    return _special(address) or ("" if address.is_global else RESERVED)


def _kind6(address: IPv6Address) -> str:
    special = _special(address)
    if special:
        return special
    if any(address in network for network in _TRANSITION):
        return "transition"
    public = address in _GLOBAL_UNICAST and address.is_global
    return "" if public else RESERVED


def _special(address: Address) -> str:
    if address.is_unspecified or (address.version == 4 and int(address) < 1 << 24):  # noqa: PLR2004
        return "unspecified"
    if address.is_loopback:
        return LOOPBACK
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    return PRIVATE if _is_private(address) else ""


def _is_private(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        return address in _UNIQUE_LOCAL
    return any(address in network for network in _PRIVATE)


_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
