"""A guard of destinations: names are resolved once, and the checked address is connected to."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import ip_address, ip_network

from attrs import frozen

from clace.addresses import NAMEABLE, Address, Network, kind
from clace.errors import ConfigError
from clace.model import Permission
from clace.patterns import PREFIX
from clace.plugins.builtin.http.urls import RequestTarget
from clace.plugins.kit import CallFailed

ResolveFor = Callable[[str, str], Awaitable[Sequence[str]]]
"""The addresses of a host name that an app asks for; none if it does not exist."""

# The host that a pattern spells out, dots escaped or not, up to where a URL's host must end.
_SPELLED = re.compile(
    r"regex:\^?https?\??://(?P<host>(?:[\w-]|\\?\.|\\-)+|\\\[[0-9a-f:.]+\\\])(?=\\?[/:#]|\\\?|[($]|\Z)",
    re.IGNORECASE,
)


@frozen
class AddressGuard:
    """The hosts and networks that are open to every app although they are not public."""

    _resolve: ResolveFor
    _hosts: frozenset[str]
    _networks: tuple[Network, ...]

    @classmethod
    def allowing(cls, resolve: ResolveFor, allowed: Iterable[str]) -> AddressGuard:
        """``allowed`` are host names, addresses and networks such as ``10.1.0.0/16``.

        :raises ConfigError: if an entry is something else.
        """
        hosts, networks = set[str](), list[Network]()
        for number, text in enumerate(allowed, 1):
            try:
                networks.append(ip_network(text))
            except ValueError:
                if "/" in text:
                    # The text itself can be a secret, and this is printed.
                    raise ConfigError(f"http.in: allow_hosts {number} is no network") from None
                hosts.add(text.lower().rstrip("."))
        return cls(resolve, frozenset(hosts), tuple(networks))

    async def addresses(
        self, target: RequestTarget, grants: Iterable[Permission], owner: str
    ) -> tuple[str, ...]:
        """The addresses that a request of the app ``owner`` to the target may connect to.

        :raises CallFailed: if the host does not exist, or one of its addresses is not allowed.
        """
        named = target.host in self._hosts or target.host in named_hosts(grants)
        if target.address is not None:
            self._check(target.host, target.address, allowed=named)
            return (str(target.address),)
        found = [ip_address(text) for text in await self._resolve(target.host, owner)]
        if not found:
            raise CallFailed(f"host {target.host} not found")
        for address in found:
            self._check(target.host, address, allowed=named and kind(address) in NAMEABLE)
        return tuple(map(str, found))

    def _check(self, host: str, address: Address, *, allowed: bool) -> None:
        special = kind(address)
        if special and not allowed and not any(address in net for net in self._networks):
            where = host if host == str(address) else f"{host} ({address})"
            raise CallFailed(
                f"access to {where} is not allowed, it is a {special} address; approve a permission"
                " whose url names it, or allow it for http.in in the server's config"
            )


def named_hosts(grants: Iterable[Permission]) -> frozenset[str]:
    """The hosts that the URLs of permissions spell out."""
    return frozenset(_named_host(grant.arguments[0]) for grant in grants if grant.arguments)


def _named_host(expected: str) -> str:
    if expected.startswith(PREFIX):
        spelled = _SPELLED.match(expected)
        return spelled["host"].replace("\\", "").strip("[]").rstrip(".").lower() if spelled else ""
    try:
        return RequestTarget.parse(expected).host
    except CallFailed:
        return ""
