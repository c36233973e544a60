"""The users that the server knows itself: add, change, list and delete them."""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from clace.admin_api.operation import DryRun, DryRunnable, Nothing, Operation, Right


class UserChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user to add, or changes of one: ``password`` is a bcrypt hash.

    Without ``groups`` an update keeps them. ``invite`` makes a link with which the user sets a
    password once; until then no password lets the user in.
    """

    password: str = ""
    groups: tuple[str, ...] | None = None
    invite: bool = False

    def __repr__(self) -> str:
        return "UserChange()"


class ChangeUser(DryRunnable, frozen=True):
    """With ``update`` a user that exists is changed."""

    body: UserChange
    username: str
    update: bool = False


class NamedUser(DryRunnable, frozen=True):
    """One user to delete."""

    username: str


class UserChanged(DryRun, frozen=True):
    """``link`` sets a password once, before ``link_until``; it is told this one time.

    A new user whose name has apps already, of an earlier user, is warned of.
    """

    username: str
    updated: bool = False
    link: str | UnsetType = UNSET
    link_until: datetime | UnsetType = UNSET
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"UserChanged({self.username!r})"


class ResetFactors(DryRunnable, frozen=True):
    """The second factors of a user, or with ``system`` of the administrator's account."""

    username: str = ""
    system: bool = False


class FactorsReset(DryRun, frozen=True):
    """The number of second factors that were removed."""

    username: str
    removed: int = 0


class UserDeleted(DryRun, frozen=True):
    """A deletion, which warns of a user of the same name in the configuration, and of apps that
    the user owned.
    """

    username: str
    warnings: tuple[str, ...] = ()


class UserListed(Struct, frozen=True):
    """A user; ``source`` is ``dynamic`` in the database and ``static`` in the configuration, where
    it is ``overridden`` by one of the same name in the database. ``factors`` are the kinds of
    second factors.
    """

    username: str
    groups: tuple[str, ...] = ()
    source: str = ""
    overridden: bool = False
    has_password: bool = True
    factors: tuple[str, ...] = ()


class UserList(Struct, frozen=True):
    users: tuple[UserListed, ...] = ()


def _changed(query: ChangeUser, _result: UserChanged | None) -> str:
    return query.username


def _named(query: NamedUser, _result: UserDeleted | None) -> str:
    return query.username


def _reset(query: ResetFactors, _result: FactorsReset | None) -> str:
    return query.username or "administrator"


CHANGE_USER = Operation(
    name="change_user",
    method="POST",
    path="/user",
    summary="Add a user, or change the password or groups of one",
    right=Right.CONFIG_UPDATE,
    widens=True,
    query=ChangeUser,
    result=UserChanged,
    target=_changed,
)
LIST_USERS = Operation(
    name="list_users",
    method="GET",
    path="/users",
    summary="The users that this server knows itself, without their passwords",
    right=Right.CONFIG_UPDATE,
    query=Nothing,
    result=UserList,
)
DELETE_USER = Operation(
    name="delete_user",
    method="DELETE",
    path="/user",
    summary="Delete a user and end the user's sessions",
    right=Right.CONFIG_UPDATE,
    query=NamedUser,
    result=UserDeleted,
    target=_named,
)
RESET_FACTORS = Operation(
    name="reset_factors",
    method="POST",
    path="/user/reset_factors",
    summary="Remove the second factors of a user who has lost them",
    right=Right.CONFIG_UPDATE,
    widens=True,
    query=ResetFactors,
    result=FactorsReset,
    target=_reset,
)
OPERATIONS = (CHANGE_USER, LIST_USERS, DELETE_USER, RESET_FACTORS)
