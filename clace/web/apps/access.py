"""Access to apps."""

from __future__ import annotations

from collections.abc import Callable

from clace.interfaces import IAppAuthentication
from clace.model.app import App
from clace.model.identity import NOBODY, Identity
from clace.model.traffic import AppResponse
from clace.web.apps.open_requests import OpenRequests
from clace.web.apps.visitors import Visitors
from clace.web.http1.direct import DirectRequest
from clace.web.login.heads import AskingHead

Depart = Callable[[str, AskingHead], AppResponse]
"""Sends a browser to sign in, for apps of a setting."""


class AppAccess:
    """Admits who the app's auth setting lets in, and keeps their requests in sight."""

    def __init__(
        self,
        auth: IAppAuthentication,
        is_admin: Callable[[str], bool],
        depart: Depart | None = None,
        open_requests: OpenRequests | None = None,
        visitors: Visitors | None = None,
    ) -> None:
        self._auth = auth
        self._is_admin = is_admin
        self._depart = depart
        self._open = open_requests
        self.visitors = visitors or Visitors()

    def is_told(self, app: App, user: str) -> bool:
        """Tell whether the user may see why the app fails: the administrator, or anybody in dev."""
        return app.is_dev or self._is_admin(user)

    def is_open(self, app: App) -> bool:
        """Return true if nobody is asked who they are. Unknown settings are closed."""
        return self._auth.is_open(app.settings.authn_type)

    async def admit(self, app: App, request: DirectRequest) -> Identity:
        """Return who asks, decided from the head of the request.

        :raises NotAuthenticated: if the app's setting does not let them in.
        :raises SignInNeeded: if a browser is to be sent to sign in.
        :raises LockedOut: if there were too many failures.
        """
        identity = await self._auth.of(app.settings.authn_type).identify(AskingHead(request))
        if self._open is not None and identity is not NOBODY:
            self._open.enter(request, identity, app)
        return identity

    def leave(self, request: DirectRequest) -> None:
        """Forget a request that was admitted and has ended."""
        if self._open is not None:
            self._open.leave(request)

    def depart(self, setting: str, request: DirectRequest) -> AppResponse | None:
        """Return the answer that sends a browser to sign in, if there is a place to do it."""
        return None if self._depart is None else self._depart(setting, AskingHead(request))
