"""Explanations of who may do what."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import asdict
from zope.interface import implementer

from clace.admin_api import (
    CheckPermission,
    HolderList,
    HolderShown,
    HoldersOf,
    PermissionChecked,
)
from clace.errors import BadRequest
from clace.interfaces import IAuthorisation, IInstalledApps, IRoleOperations
from clace.model import (
    OTHER_TARGETS,
    AppPath,
    Identity,
    identity_named,
    is_glob,
    is_pattern,
    problem_of,
)

GroupsOf = Callable[[str], tuple[str, ...]]
"""The groups of a user whom the server knows; nothing for others."""


@implementer(IRoleOperations)
class RoleOperations:
    """Explains decisions; nothing of it changes anything."""

    def __init__(
        self,
        authorisation: IAuthorisation,
        installed: IInstalledApps,
        groups_of: GroupsOf,
        check_user: Callable[[str], object] = str,
    ) -> None:
        """``check_user`` raises ``BadRequest`` for ids that no way to sign in gives."""
        self._authorisation = authorisation
        self._installed = installed
        self._groups_of = groups_of
        self._check_user = check_user

    async def check_permission(self, query: CheckPermission) -> PermissionChecked:
        wanted = query.permission
        problem = "expected one permission" if is_pattern(wanted) else problem_of(wanted)
        if problem:
            raise BadRequest(f"{wanted}: {problem}")
        given = tuple(filter(None, map(str.strip, query.groups.split(","))))
        groups = tuple(dict.fromkeys((*self._groups_of(query.user), *given)))
        identity = identity_named(query.user, groups)
        target = self._target(query.target)
        decision = self._authorisation.decide(identity, wanted, target)
        reasons = (*self._doubts(identity), *decision.reasons)
        return PermissionChecked(decision.is_allowed, reasons)

    async def list_holders(self, query: HoldersOf) -> HolderList:
        target = self._target(query.app_path)
        found = self._authorisation.holders(target)
        return HolderList(
            self._authorisation.is_enabled,
            tuple(HolderShown(**asdict(one)) for one in found),
            tuple(self._missing(query.app_path)),
        )

    def _missing(self, text: str) -> Iterator[str]:
        """Yield a warning for the path of no app; who may do what there is known all the same."""
        if not _is_other(text) and self._installed.at(AppPath.parse(text)) is None:
            yield f"no app is installed at {text}"

    def _doubts(self, identity: Identity) -> tuple[str, ...]:
        """Tell that nobody signs in with the id; a policy may be tried for one all the same."""
        try:
            if not identity.is_anonymous:
                self._check_user(identity.user_id)
        except BadRequest as doubt:
            return (doubt.message,)
        return ()

    def _target(self, text: str) -> str:
        """Return the address that rights on an app are about; other targets as they are.

        :raises BadRequest: if it is invalid as a path.
        """
        if _is_other(text):
            return text
        if is_glob(text):
            raise BadRequest(f"{text} is a glob, and this takes the path of one app")
        address = AppPath.parse(text)
        app = self._installed.at(address)
        return str(app.main_address if app else address)


def _is_other(target: str) -> bool:
    """Tell a target that is about something else than an app, or is empty."""
    return not target or target.startswith(("sync ", *OTHER_TARGETS))
