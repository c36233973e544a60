"""Targets of programs, as operators approve them and as programs ask for them."""

from __future__ import annotations

import re
from ipaddress import ip_address

from msgspec import Struct

from clace.addresses import Address
from clace.errors import BadRequest

_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\Z")
_MOST_OF_A_NAME = 253
_MOST_OF_PORTS = 65535
_NUMERIC = re.compile(r"[0-9.]+|0x[0-9a-f.x]*")


class EgressTarget(Struct, frozen=True):
    """A host, in small letters and without its last dot, and a port."""

    host: str
    port: int

    @property
    def address(self) -> Address | None:
        """The host, if it is an address."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def split_target(text: str) -> EgressTarget | None:
    """The target that ``HOST:PORT`` names; ``None`` if it names none.

    An address is written as usual: a resolver takes ``127.1`` for loopback, so no name is a number.
    """
    host, colon, digits = text.rpartition(":")
    if not colon or not digits.isascii() or not digits.isdigit() or len(digits) > 5:  # noqa: PLR2004
        return None
    port = int(digits)
    host = host.lower()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        return None
    host = host.removesuffix(".")
    if not 1 <= port <= _MOST_OF_PORTS or not _is_host(host):
        return None
    target = EgressTarget(host, port)
    return EgressTarget(str(target.address), port) if target.address else target


def _is_host(host: str) -> bool:
    try:
        return "%" not in host and bool(ip_address(host))
    except ValueError:
        last = host.rpartition(".")[2]
        return (
            len(host) <= _MOST_OF_A_NAME
            and bool(_NAME.match(host))
            and not _NUMERIC.fullmatch(last)
        )


def egress_target(entry: str) -> EgressTarget:
    """The target that an entry approves.

    :raises BadRequest: if it is not ``HOST:PORT`` with one host.
    """
    if "*" in entry:
        raise BadRequest(f'network "{entry}": name each host, patterns are not taken')
    target = split_target(entry)
    if target is None:
        raise BadRequest(f'network "{entry}": expected HOST:PORT, such as db.example.com:5432')
    if target.host == "localhost" or target.host.endswith(".localhost"):
        meant = f"127.0.0.1:{target.port}"
        raise BadRequest(f'network "{entry}": a service of this machine is named "{meant}"')
    return target
