"""Access to apps."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from clace.interfaces import IAPITokens, IAppAuthentication
from clace.model import NOBODY, App, AppResponse, Identity, Visitor, identity_named
from clace.web.apps.forwarding import ForwardedApps
from clace.web.apps.open_requests import OpenRequests
from clace.web.apps.rights import AppRights
from clace.web.apps.visitors import Visitors
from clace.web.http1 import DirectRequest
from clace.web.login import AskingHead

Depart = Callable[[str, AskingHead], AppResponse]
"""Sends a browser to sign in, for apps of a setting."""


class TokensForApps(NamedTuple):
    """API tokens, and the apps whose settings allow them."""

    tokens: IAPITokens
    are_taken_by: Callable[[App], bool]


class AppAccess:
    """Admits who the app's auth setting and their rights let in; keeps their requests in sight."""

    def __init__(
        self,
        auth: IAppAuthentication,
        rights: AppRights,
        tokens: TokensForApps,
        depart: Depart | None = None,
        open_requests: OpenRequests | None = None,
        visitors: Visitors | None = None,
        forwarded: ForwardedApps | None = None,
    ) -> None:
        self._auth = auth
        self._rights = rights
        self._tokens = tokens
        self._depart = depart
        self._open = open_requests
        self.visitors = visitors or Visitors()
        self.forwarded = forwarded or ForwardedApps(auth, {})

    def is_open(self, app: App) -> bool:
        """Return true if nobody is asked who they are. Unknown settings are closed."""
        return self._auth.is_open(app.settings.authn_type)

    async def admit(self, app: App, request: DirectRequest) -> Identity:
        """Return who asks, decided from the head of the request.

        :raises NotAuthenticated: if the app's setting does not let them in.
        :raises SignInNeeded: if a browser is to be sent to sign in.
        :raises LockedOut: if there were too many failures.
        :raises NotAllowed: if roles and grants, or the grants of a token, do not let them in.
        """
        is_open = self._auth.is_open(app.settings.authn_type)
        identity = NOBODY if is_open else await self._identified(app, request)
        self._rights.check(identity, app, request.peer.ip)
        if self._open is not None:
            self._open.enter(request, identity, app)
        return identity

    async def _identified(self, app: App, request: DirectRequest) -> Identity:
        setting, head = app.settings.authn_type, AskingHead(request)
        token = head.authorization.token
        if token is not None and self._tokens.are_taken_by(app) and self._auth.ways(setting):
            return await self._of_token(app, token, head.address)
        return await self._auth.of(setting).identify(head)

    async def _of_token(self, app: App, token: str, address: str) -> Identity:
        """Return the user of a token: one whom the app lets in without it too, or an administrator.

        :raises NotAllowed: if it is another user's.
        """
        identity = await self._tokens.tokens.prove(token, address)
        user = replace(identity, scope=None)
        is_known = self._lets_in(app.settings.authn_type, user.user_id)
        if not is_known and not self._rights.is_admin(user):
            raise self._rights.refusal(identity, app, address)
        return identity

    def is_told(self, app: App, identity: Identity) -> bool:
        """Tell whether a visitor may see why the app fails: an administrator, or anybody in dev."""
        return app.is_dev or self._rights.is_admin(identity)

    def is_listed(self, app: App, user_id: str, visitor: Visitor | None) -> bool:
        """Tell whether an app is listed for a visitor of another app: if they may open or see it,
        as far as that is known without their signing in to it.
        """
        setting = app.settings.authn_type
        if visitor is None:
            return self._auth.is_open(setting)
        identity = identity_named(user_id, visitor.groups, visitor.scope)
        if self._rights.are_given:
            return self._rights.may_see(identity, app)
        if not self._rights.may_open(identity, app):
            return False
        return visitor.is_admin or self._auth.is_open(setting) or self._lets_in(setting, user_id)

    def _lets_in(self, setting: str, user_id: str) -> bool:
        """Tell whether a user has signed in by a way of the setting."""
        kind = user_id.partition(":")[0]
        return user_id == setting or any(way.name == kind for way in self._auth.ways(setting))

    def leave(self, request: DirectRequest) -> None:
        """Forget a request that was admitted and has ended."""
        if self._open is not None:
            self._open.leave(request)

    def depart(self, setting: str, request: DirectRequest) -> AppResponse | None:
        """Return the answer that sends a browser to sign in, if there is a place to do it."""
        return None if self._depart is None else self._depart(setting, AskingHead(request))
