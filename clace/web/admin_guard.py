"""Who may use the admin API over TCP."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from twisted.web.http import Request

from clace.errors import NotAllowed, NotAuthenticated
from clace.interfaces import ICredentials
from clace.web.apps import host_name
from clace.web.credentials import basic_credentials
from clace.web.forwarded import TrustedProxies
from clace.web.origin import check_origin


class AdminGuard:
    """Admits the administrator, from no other site's page and to no other server's name."""

    def __init__(
        self, credentials: ICredentials, proxies: TrustedProxies, hosts: Iterable[str]
    ) -> None:
        self._credentials = credentials
        self._proxies = proxies
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, request: Request) -> str:
        """The user's id.

        :raises NotAllowed: the Host is not ours, which a rebound DNS name would be, or the
            request was made by another site's page.
        :raises NotAuthenticated: no credentials, or not the administrator's.
        :raises LockedOut: too many failures.
        """
        host = request.getHeader("host") or ""
        if not self._is_ours(host_name(host)):
            raise NotAllowed(f"{host} is no name of this server, see security.admin_hosts")
        check_origin(
            request.method.decode("ascii"),
            host,
            origin=request.getHeader("origin"),
            fetch_site=request.getHeader("sec-fetch-site"),
        )
        given = basic_credentials(request.getHeader("authorization"))
        if given is None:
            raise NotAuthenticated("Unauthorized")
        return await self._credentials.check(*given, self._proxies.peer_of(request).ip)

    def _is_ours(self, name: str) -> bool:
        return name in self._hosts or _is_address(name)


def _is_address(name: str) -> bool:
    # A page can make a browser send a name that it controls, but not an address as the Host.
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
