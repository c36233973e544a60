"""Users as apps are told of them: facts for apps of ours, headers for those behind the proxy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import lru_cache

from msgspec.structs import replace

from clace.admin_api import Right
from clace.interfaces import IAuthorisation
from clace.model import App, Identity, Visitor, identity_headers
from clace.text import one_line

IssueToken = Callable[[Identity, str], Awaitable[str]]
"""Signs an identity token for the app of an id."""

_NOBODY = Visitor()


class TokenUse(StrEnum):
    """The apps that get a signed identity token with each request of a signed-in user."""

    PROXIED = "proxied"
    ALWAYS = "always"
    NEVER = "never"


class Visitors:
    """Puts together what an app may know of its visitor."""

    def __init__(
        self, authorisation: IAuthorisation | None = None, issue: IssueToken | None = None
    ) -> None:
        self._authorisation = authorisation
        self._issue = issue

    async def visitor(self, identity: Identity, app: App, *, token: bool) -> Visitor | None:
        """Return the facts besides the user's id; None if nothing is known.

        :raises ClaceError: if a token is wanted and cannot be signed.
        """
        authorisation = self._authorisation
        is_enabled = authorisation is not None and authorisation.is_enabled
        if not is_enabled and identity.is_anonymous:
            return None
        permissions: tuple[str, ...] = ()
        if authorisation is not None and is_enabled:
            permissions = authorisation.custom_permissions(identity, str(app.main_address))
        signed = ""
        if token and self._issue is not None and not identity.is_anonymous:
            signed = await self._issue(identity, app.id)
        return Visitor(
            subject=identity.subject,
            email=identity.email,
            groups=identity.groups,
            permissions=permissions,
            is_rbac_enabled=is_enabled,
            is_admin=authorisation is not None
            and authorisation.decide(identity, Right.ADMIN).is_allowed,
            scope=identity.scope,
            token=signed,
        )

    async def lines(self, identity: Identity, app: App, *, token: bool) -> bytes:
        """Return the lines of headers for a server behind this one; those without a value are
        left out.

        :raises ClaceError: if a token is wanted and cannot be signed.
        """
        visitor = await self.visitor(identity, app, token=token)
        if visitor is None:
            return _lines(identity.user_id, _NOBODY)
        if not visitor.token:
            return _lines(identity.user_id, visitor)
        # The token is different each time, all else is the same for each request of a user.
        known = _lines(identity.user_id, replace(visitor, token=""))
        return b"%bX-Clace-Identity: %b\r\n" % (known, visitor.token.encode())


@lru_cache(maxsize=1024)
def _lines(user_id: str, visitor: Visitor) -> bytes:
    said = identity_headers(user_id, visitor)
    return b"".join(f"{name}: {one_line(value)}\r\n".encode() for name, value in said.items())
