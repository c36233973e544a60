"""Users, as operators manage them."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET
from zope.interface import implementer

from clace.admin_api.operation import Nothing
from clace.admin_api.users import (
    ChangeUser,
    NamedUser,
    UserChanged,
    UserDeleted,
    UserList,
    UserListed,
)
from clace.interfaces import IUserOperations, IUsers, UserEntry


@implementer(IUserOperations)
class UserOperations:
    """Operations on the users of ``builtin`` apps."""

    def __init__(self, users: IUsers, link: Callable[[str], str]) -> None:
        """``link`` makes the URL at which the secret of an invitation is used."""
        self._users = users
        self._link = link

    async def change_user(self, query: ChangeUser) -> UserChanged:
        name, wanted = query.username, query.body
        if query.update:
            invitation = await self._users.update(
                name, wanted.password, wanted.groups, invite=wanted.invite
            )
        else:
            invitation = await self._users.add(
                name, wanted.password, wanted.groups or (), invite=wanted.invite
            )
        link = self._link(invitation.token) if invitation else UNSET
        until = invitation.until if invitation else UNSET
        return UserChanged(name, query.update, link, until)

    async def list_users(self, _query: Nothing) -> UserList:
        return UserList(tuple(map(_listed, self._users.entries())))

    async def delete_user(self, query: NamedUser) -> UserDeleted:
        await self._users.delete(query.username)
        return UserDeleted(query.username)


def _listed(entry: UserEntry) -> UserListed:
    user = entry.user
    return UserListed(
        user.name,
        user.groups,
        "static" if user.is_static else "dynamic",
        entry.overridden,
        bool(user.password),
    )
