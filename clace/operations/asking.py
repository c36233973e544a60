"""A request to the operations: who asks, by which rights, and of which apps it may be."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve, frozen

from clace.admin_api import Right
from clace.interfaces import IAuthorisation
from clace.model import App, Identity


@frozen
class OperationRequest:
    """Somebody who asks for an operation, which needs each of the rights."""

    identity: Identity
    rights: tuple[str, ...]
    authorisation: IAuthorisation

    @property
    def user_id(self) -> str:
        return self.identity.user_id

    def needing(self, right: str) -> OperationRequest:
        return evolve(self, rights=(*self.rights, right))

    def check(self, target: str = "") -> None:
        for right in self.rights:
            self.authorisation.authorise(self.identity, right, target)

    def check_apps(self, apps: Iterable[App]) -> None:
        for app in apps:
            self.check(str(app.main_address))

    def may_see(self, app: App) -> bool:
        return self.may(str(app.main_address))

    def may_read(self, app: App) -> bool:
        target = str(app.main_address)
        return self.authorisation.decide(self.identity, Right.APP_READ, target).is_allowed

    def may(self, target: str = "") -> bool:
        return all(
            self.authorisation.decide(self.identity, right, target).is_allowed
            for right in self.rights
        )
