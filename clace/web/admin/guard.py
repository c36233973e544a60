"""Guards of the admin operations: one for checked UNIX sockets, one for all the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import msgspec
from twisted.web.http import Request

from clace.admin_api import AS_USER, Right
from clace.credentials import read_authorization
from clace.errors import BadRequest, NotAllowed, NotAuthenticated
from clace.interfaces import IAPITokens, IAuthorisation, ICredentials
from clace.model import OPERATOR, Assurance, Identity, host_name, identity_named, is_address
from clace.web.admin.browsers import refuse_browsers
from clace.web.forwarded import TrustedProxies

Guard = Callable[[Request], Awaitable[Identity]]
"""Return who asks, or refuse them."""
GroupsOf = Callable[[str], tuple[str, ...]]
"""The groups of a user of this server's own."""


async def trusted(request: Request) -> Identity:
    """Admit everybody who could open the socket: its mode is the password.

    :raises NotAllowed: if a browser made the request.
    """
    refuse_browsers(request)
    return OPERATOR


class ActingAs:
    """Lets the administrator act as another user, who may do no more than that user."""

    def __init__(
        self,
        guard: Guard,
        authorisation: IAuthorisation,
        groups_of: GroupsOf,
        check_user: Callable[[str], object] = str,
    ) -> None:
        """``check_user`` raises ``BadRequest`` for ids that nobody can have."""
        self._check_user = check_user
        self._guard = guard
        self._authorisation = authorisation
        self._groups_of = groups_of

    async def __call__(self, request: Request) -> Identity:
        """Return who asks, or the user that they act as.

        :raises NotAllowed: if it is not the administrator, on the socket or by the password.
        :raises BadRequest: if roles and grants are off, or the header names nobody, or somebody
            who cannot sign in.
        """
        identity = await self._guard(request)
        names = request.requestHeaders.getRawHeaders(AS_USER)
        if not names:
            return identity
        if identity.assurance not in {Assurance.SOCKET, Assurance.PASSWORD}:
            raise NotAllowed("only the administrator may act as another user, and not by a token")
        self._authorisation.authorise(identity, Right.ADMIN)
        if not self._authorisation.is_enabled:
            raise BadRequest("acting as a user needs roles and grants, see [rbac] enabled")
        if len(names) > 1 or not names[0].strip() or not names[0].isprintable():
            raise BadRequest(f"{AS_USER} has to name one user")
        name = names[0].strip()
        acting = identity_named(name, self._groups_of(name))
        if not acting.is_anonymous:
            self._check_user(name)
        return msgspec.structs.replace(acting, actor=identity.user_id)


class AdminGuard:
    """Admits the administrator and API tokens, to this server's own names, and no browser."""

    def __init__(
        self,
        credentials: ICredentials,
        tokens: IAPITokens,
        proxies: TrustedProxies,
        hosts: Iterable[str],
    ) -> None:
        self._credentials = credentials
        self._tokens = tokens
        self._proxies = proxies
        self._hosts = frozenset(hosts)

    async def __call__(self, request: Request) -> Identity:
        """Return the administrator, or the user of a token.

        :raises NotAllowed: if the Host is not ours, which a rebound DNS name would be, or a
            browser made the request.
        :raises NotAuthenticated: if the credentials are missing, or are neither the administrator's
            nor a token.
        :raises LockedOut: if there were too many failures.
        """
        host = request.getHeader("host") or ""
        if not self._is_ours(host_name(host)):
            raise NotAllowed(f"{host} is no name of this server, see security.admin_hosts")
        refuse_browsers(request)
        address = self._proxies.peer_of(request).ip
        authorization = read_authorization(request.getHeader("authorization"))
        if authorization.token is not None:
            return await self._tokens.prove(authorization.token, address)
        if authorization.password is None:
            raise NotAuthenticated("Unauthorized")
        user_id = await self._credentials.check(*authorization.password, address)
        return Identity(user_id=user_id, name=user_id, assurance=Assurance.PASSWORD)

    def _is_ours(self, name: str) -> bool:
        # A page can make a browser send a name that it controls, but not an address as the Host.
        return name in self._hosts or is_address(name)
