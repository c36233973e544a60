"""Users that this server knows itself: their rows, their sign-in, and the ways to change them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from zope.interface import Attribute, Interface


class StoredUser(Struct, frozen=True, kw_only=True):
    """A user in the database; an empty ``password`` lets nobody in with one."""

    name: str
    password: str = ""
    groups: tuple[str, ...] = ()
    create_time: datetime
    update_time: datetime

    def __repr__(self) -> str:
        return f"StoredUser({self.name!r})"


class UserLink(Struct, frozen=True):
    """A way to set a password once: the hash of a secret that only the user has."""

    digest: str
    name: str
    until: datetime


class IUserRows(Interface):
    """Users and their one-time links in a database. It blocks.

    :raises StoreError: from every method, if the database fails.
    """

    def all() -> tuple[StoredUser, ...]:
        """Return all users in the order of their names."""

    def change(
        name: str,
        change: Callable[[StoredUser | None], StoredUser],
        link: UserLink | None = None,
    ) -> StoredUser:
        """Store and return what ``change`` makes of a row, and a link, in one transaction.

        Older links go with an older password. What ``change`` raises changes nothing.
        """

    def delete(name: str) -> bool:
        """Delete a user with the links; return false if it was not there."""

    def link(digest: str, now: datetime) -> UserLink | None:
        """Return the link of this hash, unless it is too old."""

    def use_link(digest: str, now: datetime, password: str) -> StoredUser | None:
        """Delete the links of the user and set the password, which may be empty; None if the link
        is gone or too old.
        """


class User(Struct, frozen=True, kw_only=True):
    """A user as it counts now: that of the database, else that of the configuration."""

    name: str
    password: str = ""
    groups: tuple[str, ...] = ()
    is_static: bool = False

    @property
    def user_id(self) -> str:
        return user_id_of(self.name)

    def __repr__(self) -> str:
        return f"User({self.name!r})"


BUILTIN = "builtin"
"""The setting of apps for these users, and the first part of their ids."""


def user_id_of(name: str) -> str:
    """Return the id of the user of this name."""
    return f"{BUILTIN}:{name}"


class UserEntry(Struct, frozen=True):
    """A user and the place it is from; one that is overridden does not count."""

    user: User
    overridden: bool = False


class Invitation(Struct, frozen=True):
    """A secret for a link that sets a password once, and the end of its time."""

    token: str
    until: datetime

    def __repr__(self) -> str:
        return "Invitation()"


class IUsers(Interface):
    """The users of ``builtin`` apps. Changes hold at once, and end the sessions of a user."""

    def find(name: str) -> User | None:
        """Return the user of this name."""

    def of(user_id: str) -> User | None:
        """Return the user of an id such as ``builtin:ann``."""

    def fingerprint(user_id: str) -> str:
        """Return a text that changes with the password of a user; empty if it is gone."""

    def hash_costs() -> tuple[int, ...]:
        """Return the cost of each user's bcrypt hash, for names that have none."""

    def entries() -> tuple[UserEntry, ...]:
        """Return all users by name, those of the database before those of the configuration."""

    async def add(
        name: str,
        password: str,
        groups: tuple[str, ...],
        *,
        invite: bool = False,
        dry_run: bool = False,
    ) -> Invitation | None:
        """Add a user, with a bcrypt hash or an invitation; a dry run only checks.

        :raises BadRequest: if a name, group or hash is malformed, or neither hash nor invitation
            is asked for.
        :raises UserExists: if the name is taken.
        """

    async def update(
        name: str,
        password: str,
        groups: tuple[str, ...] | None,
        *,
        invite: bool = False,
        dry_run: bool = False,
    ) -> Invitation | None:
        """Change a user; an empty hash and None leave what there is. An invitation takes the
        password away.

        :raises BadRequest: as above.
        :raises NoSuchUser: if the name is unknown.
        """

    async def delete(name: str, *, dry_run: bool = False) -> None:
        """
        :raises NoSuchUser: if the name is unknown.
        :raises BadRequest: if the configuration has the user.
        """

    async def invited(token: str) -> User:
        """Return the user of a link.

        :raises LinkUsed: if it was used, is too old or never was.
        """

    async def accept(token: str, password: str) -> User:
        """Use a link: set the password of its user.

        :raises BadRequest: if it breaks a rule; the link stays.
        :raises LinkUsed: if the link was used, is too old or never was.
        """

    async def accept_without_password(token: str) -> User:
        """Use a link up for a user who will sign in by a passkey alone.

        :raises LinkUsed: if the link was used, is too old or never was.
        """

    async def change_password(name: str, password: str) -> User:
        """Let a user choose another password, whose old one has just been checked.

        :raises BadRequest: if it breaks a rule.
        :raises NoSuchUser: if the user is gone.
        """

    changed: Callable[[str], None] = Attribute("called with the id of a user whose sessions end")
