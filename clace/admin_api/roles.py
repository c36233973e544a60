"""Roles and grants: why a user may do something, and who may do something with an app."""

from __future__ import annotations

from msgspec import Struct

from clace.admin_api.operation import Operation, Query, Right


class CheckPermission(Query, frozen=True):
    """A permission of a user on a target: an app's path, ``sync ID``, or nothing for the server.

    ``groups`` are those that the sign-in of the user would tell, separated by commas.
    """

    user: str
    permission: str
    target: str = ""
    groups: str = ""


class PermissionChecked(Struct, frozen=True):
    """The answer, and a line for each rule that was looked at; the last is the answer again."""

    is_allowed: bool = False
    reasons: tuple[str, ...] = ()


class HoldersOf(Query, frozen=True):
    """The app at a path."""

    app_path: str


class HolderShown(Struct, frozen=True, kw_only=True):
    """A user, a group or a pattern of users, their permissions on an app, and where these are from.

    ``admin`` stands for all permissions.
    """

    user: str
    permissions: tuple[str, ...]
    source: str


class HolderList(Struct, frozen=True):
    """``enabled`` tells if roles and grants decide; else only the administrator is listed.
    ``warnings`` tell of an app that is missing.
    """

    enabled: bool = False
    holders: tuple[HolderShown, ...] = ()
    warnings: tuple[str, ...] = ()


CHECK_PERMISSION = Operation(
    name="check_permission",
    method="GET",
    path="/rbac/check",
    summary="Whether a user may do something, and why",
    right=Right.CONFIG_READ,
    query=CheckPermission,
    result=PermissionChecked,
)
LIST_HOLDERS = Operation(
    name="list_holders",
    method="GET",
    path="/rbac/who",
    summary="Who may do what with an app",
    right=Right.CONFIG_READ,
    query=HoldersOf,
    result=HolderList,
)
OPERATIONS = (CHECK_PERMISSION, LIST_HOLDERS)
