"""The rights of visitors on apps, after they said who they are."""

from __future__ import annotations

from clace.admin_api import Right
from clace.errors import NoAccess
from clace.interfaces import IAuditEvents, IAuthorisation
from clace.model import App, Identity, access_denied


class AppRights:
    """Asks roles and grants, where they are on, and the grants of tokens anyway."""

    def __init__(self, authorisation: IAuthorisation, audit: IAuditEvents) -> None:
        self._authorisation = authorisation
        self._audit = audit

    def check(self, identity: Identity, app: App, address: str) -> None:
        """Refuse who may not open the app; the attempt is recorded.

        :raises NoAccess: if a permission is missing.
        """
        # Without both nothing is to be decided, which is so for most requests.
        is_asked = self._authorisation.is_enabled or identity.scope is not None
        if is_asked and not self._opens(identity, app):
            raise self.refusal(identity, app, address)

    def refusal(self, identity: Identity, app: App, address: str) -> NoAccess:
        """Return the refusal of a visitor, which is recorded."""
        target = str(app.main_address)
        denied = access_denied(identity, Right.APP_ACCESS, target, address=address, app_id=app.id)
        self._audit.record(denied)
        return NoAccess(
            f"Forbidden : {identity.user_id} does not have access to {target}",
            has_session=bool(identity.session_id),
        )

    def may_open(self, identity: Identity, app: App) -> bool:
        """Tell whether a visitor whom the app's sign-in let in may open it."""
        is_asked = self._authorisation.is_enabled or identity.scope is not None
        return not is_asked or self._opens(identity, app)

    def may_see(self, identity: Identity, app: App) -> bool:
        """Tell whether roles and grants let a visitor open the app, or see it."""
        target = str(app.main_address)
        return any(
            self._authorisation.decide(identity, right, target).is_allowed
            for right in (Right.APP_ACCESS, Right.APP_READ)
        )

    def is_admin(self, identity: Identity) -> bool:
        """Tell whether a visitor has all permissions."""
        if identity.is_anonymous:
            return False
        return self._authorisation.decide(identity, Right.ADMIN).is_allowed

    @property
    def are_given(self) -> bool:
        """Tell whether roles and grants are on."""
        return self._authorisation.is_enabled

    def _opens(self, identity: Identity, app: App) -> bool:
        target = str(app.main_address)
        return self._authorisation.decide(identity, Right.APP_ACCESS, target).is_allowed
