"""Access to apps."""

from __future__ import annotations

from collections.abc import Callable

from clace.errors import NotAuthenticated
from clace.interfaces import ICredentials
from clace.model.app import App
from clace.model.traffic import ANONYMOUS
from clace.web.credentials import basic_credentials


class AppAccess:
    """Admits everybody to apps with authentication ``none`` and the administrator to all others."""

    def __init__(
        self, credentials: ICredentials, default_type: str, is_admin: Callable[[str], bool]
    ) -> None:
        self._credentials = credentials
        self._default_type = default_type
        self._is_admin = is_admin

    def is_told(self, app: App, user: str) -> bool:
        """Tell whether the user may see why the app fails: the administrator, or anybody in dev."""
        return app.is_dev or self._is_admin(user)

    def is_open(self, app: App) -> bool:
        """Return true if nobody is asked who they are. Unknown apps are closed."""
        kind = app.settings.authn_type
        return (self._default_type if kind == "default" else kind) == "none"

    async def admit(self, app: App, authorization: str | None, address: str) -> str:
        """The user's id.

        :raises NotAuthenticated: if the credentials are missing or not the administrator's.
        :raises LockedOut: if there were too many failures.
        """
        if self.is_open(app):
            return ANONYMOUS
        given = basic_credentials(authorization)
        if given is None:
            raise NotAuthenticated("Authentication failed")
        return await self._credentials.check(*given, address)
