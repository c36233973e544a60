"""Addresses of the public internet, in all the ways in which one can be written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK = "loopback"
PRIVATE = "private"
SHARED = "shared"
RESERVED = "reserved"
METADATA = "metadata"
NAMEABLE = frozenset({LOOPBACK, PRIVATE, SHARED})
"""Kinds of special addresses that an approved name may lead to. The others, such as that of a
cloud's metadata service, have to be approved as addresses."""

_SHARED = IPv4Network("100.64.0.0/10")
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_TRANSITION = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))
_UNIQUE_LOCAL = IPv6Network("fc00::/7")
# Of clouds, where they are not link-local: AWS and Google over IPv6, Alibaba, Oracle, Azure.
_METADATA = frozenset(
    int(ip_address(text))
    for text in (
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
    )
)


def kind(address: Address) -> str:
    """Return the kind of a special address; empty for the public internet."""
    meant = plain(address)
    if int(meant) in _METADATA:
        return METADATA
    return _kind4(meant) if isinstance(meant, IPv4Address) else _kind6(meant)


def plain(address: Address) -> Address:
    """The address that a connection goes to: a translator or the kernel turns some IPv6 addresses
    into IPv4.
    """
    inner = _inner(address) if isinstance(address, IPv6Address) else None
    return address if inner is None else inner


def _inner(address: IPv6Address) -> IPv4Address | None:
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
