"""The networks that sign-ins are counted by."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from clace.errors import BadRequest

UNIX = "unix"
_IPV6_BITS = 64
_SITE_BITS = 48


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """Return the network of a peer: an IPv4 address, the /64 of an IPv6 address, or ``unix``.

    The owner of an IPv6 network has all of its addresses.
    """
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address or UNIX
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ip_network((known.packed, _IPV6_BITS), strict=False))


@lru_cache(maxsize=1024)
def site_of(address: str) -> str:
    """Return the network of a peer, of IPv6 the /48: whoever has one has 65536 networks."""
    network = network_of(address)
    if "/" not in network:
        return network
    return str(ip_network((ip_network(network).network_address, _SITE_BITS), strict=False))


def read_network(written: str) -> str:
    """Return the network that an operator means by an address, or as a list of locks shows it.

    :raises BadRequest: if the text is neither.
    """
    if written in {"", UNIX}:
        return written
    address, slash, bits = written.partition("/")
    network = network_of(address)
    try:
        ip_address(address.partition("%")[0])
    except ValueError:
        network = ""
    if not network or (slash and network != f"{address}/{bits}"):
        raise BadRequest(
            f'address "{written}": expected an IP address, {UNIX}, '
            "or a network as `clace lockout list` shows it"
        )
    return network
