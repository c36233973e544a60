"""Lockouts: users and addresses that may not sign in for a while after too many failures."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from clace.admin_api.operation import DryRun, DryRunnable, Nothing, Operation, Right


class ClearLockouts(DryRunnable, frozen=True):
    """Failures from an address, of a user, or with two empty texts all."""

    address: str = ""
    user: str = ""


class LockedName(Struct, frozen=True):
    """A user who may not sign in from an address or network; without a user, the whole network."""

    address: str
    user: str
    tries: int
    until: datetime


class LockoutList(Struct, frozen=True):
    """The locks that last longest, and the number of all."""

    lockouts: tuple[LockedName, ...] = ()
    total: int = 0


class LockoutsCleared(DryRun, frozen=True):
    """The number of users and addresses whose failed sign-ins were forgotten."""

    cleared: int = 0


def _cleared(query: ClearLockouts, _result: LockoutsCleared | None) -> str:
    return " from ".join(filter(None, (query.user, query.address))) or "all"


LIST_LOCKOUTS = Operation(
    name="list_lockouts",
    method="GET",
    path="/lockouts",
    summary="Users and addresses that may not sign in for a while, the longest first",
    right=Right.ADMIN,
    query=Nothing,
    result=LockoutList,
)
CLEAR_LOCKOUTS = Operation(
    name="clear_lockouts",
    method="DELETE",
    path="/lockouts",
    summary="Forget failed sign-ins: from an address, of a user, or all",
    right=Right.ADMIN,
    query=ClearLockouts,
    result=LockoutsCleared,
    target=_cleared,
)
OPERATIONS = (LIST_LOCKOUTS, CLEAR_LOCKOUTS)
