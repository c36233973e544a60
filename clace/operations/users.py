"""Users, as operators manage them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator

from msgspec import UNSET
from zope.interface import implementer

from clace.admin_api import (
    ChangeUser,
    FactorsReset,
    NamedUser,
    Nothing,
    ResetFactors,
    UserChanged,
    UserDeleted,
    UserList,
    UserListed,
)
from clace.errors import BadRequest, NoSuchUser
from clace.interfaces import (
    IAPITokens,
    ISecondFactors,
    IUserOperations,
    IUsers,
    UserEntry,
    user_id_of,
)
from clace.model import App
from clace.near import did_you_mean

Apps = Callable[[], Awaitable[Iterable[App]]]
_NAMED = 5


@implementer(IUserOperations)
class UserOperations:
    """Operations on the users of ``builtin`` apps."""

    def __init__(
        self,
        users: IUsers,
        factors: ISecondFactors,
        tokens: IAPITokens,
        link: Callable[[str], str],
        admin: Callable[[], str],
        apps: Apps,
    ) -> None:
        """``link`` makes the URL at which the secret of an invitation is used, ``admin`` tells the
        id of the administrator, ``apps`` gives those that are installed.
        """
        self._apps = apps
        self._users = users
        self._factors = factors
        self._tokens = tokens
        self._admin = admin
        self._link = link

    async def change_user(self, query: ChangeUser) -> UserChanged:
        name, wanted = query.username, query.body
        would = tuple(self._would_change(query)) if query.dry_run else UNSET
        how = {"invite": wanted.invite, "dry_run": query.dry_run}
        if query.update:
            invitation = await self._users.update(name, wanted.password, wanted.groups, **how)
        else:
            invitation = await self._users.add(name, wanted.password, wanted.groups or (), **how)
        link = self._link(invitation.token) if invitation else UNSET
        until = invitation.until if invitation else UNSET
        owned = "" if query.update else await self._owned(name)
        told = (
            f"{name} owns {owned} of an earlier user of that name; to give them to somebody else: "
            "clace app update-settings owner"
        )
        return UserChanged(
            name,
            query.update,
            link,
            until,
            (told,) if owned else (),
            dry_run=query.dry_run or UNSET,
            would_change=would,
        )

    def _would_change(self, query: ChangeUser) -> Iterator[str]:
        """Tell what the change of a user would be."""
        name, wanted = query.username, query.body
        before = self._users.find(name)
        if before is None:
            yield f"+ user {name}"
        elif wanted.password:
            yield f"~ user {name}: another password"
        if wanted.invite:
            yield f"~ user {name}: no password until the invitation is used"
        groups = before.groups if before else ()
        if wanted.groups is not None and set(wanted.groups) != set(groups):
            yield f"~ user {name}: groups {_joined(groups)} -> {_joined(wanted.groups)}"

    async def list_users(self, _query: Nothing) -> UserList:
        return UserList(tuple(map(self._listed, self._users.entries())))

    async def delete_user(self, query: NamedUser) -> UserDeleted:
        await self._users.delete(query.username, dry_run=query.dry_run)
        if query.dry_run:
            would = (f"- user {query.username}",)
            return UserDeleted(query.username, dry_run=True, would_change=would)
        if self._users.find(query.username) is not None:
            left = f"user {query.username} of the configuration file counts again"
            return UserDeleted(query.username, (left,))
        # Another user of the name must not begin with these.
        await self._factors.reset(user_id_of(query.username))
        await self._revoke_tokens(user_id_of(query.username))
        owned = await self._owned(query.username)
        told = (
            f"{query.username} owned {owned}: a new user of the name would own them; to give them "
            "to somebody else: clace app update-settings owner"
        )
        return UserDeleted(query.username, (told,) if owned else ())

    async def _owned(self, name: str) -> str:
        """Return the apps that a user of the name owns, of many the first."""
        user_id = user_id_of(name)
        mains = [app for app in await self._apps() if not app.main_app]
        owned = sorted(str(app) for app in mains if app.user_id == user_id)
        more = f" and {len(owned) - _NAMED} more" if len(owned) > _NAMED else ""
        return ", ".join(owned[:_NAMED]) + more

    async def _revoke_tokens(self, user_id: str) -> None:
        for token in await self._tokens.tokens():
            if token.user_id == user_id:
                await self._tokens.revoke(token.id)

    async def reset_factors(self, query: ResetFactors) -> FactorsReset:
        if bool(query.username) is query.system:
            raise BadRequest("expected the name of a user, or system")
        user_id = self._admin() if query.system else user_id_of(query.username)
        if not query.system and self._users.find(query.username) is None:
            known = (entry.user.name for entry in self._users.entries())
            hint = did_you_mean(query.username, known)
            raise NoSuchUser(f"user {query.username} does not exist{hint}")
        if query.dry_run:
            found = await self._factors.listed(user_id)
            would = tuple(f"- second factor {each.kind} of {user_id}" for each in found)
            return FactorsReset(query.username, len(found), dry_run=True, would_change=would)
        return FactorsReset(query.username, await self._factors.reset(user_id))

    def _listed(self, entry: UserEntry) -> UserListed:
        user = entry.user
        return UserListed(
            user.name,
            user.groups,
            "static" if user.is_static else "dynamic",
            entry.overridden,
            bool(user.password),
            tuple(sorted(map(str, self._factors.kinds(user.user_id)))),
        )


def _joined(groups: Iterable[str]) -> str:
    return ", ".join(groups) or "none"
