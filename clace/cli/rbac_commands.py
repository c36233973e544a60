"""``clace rbac``: explain who may do what."""

from __future__ import annotations

from collections.abc import Sequence

import click

from clace.admin_api import (
    CHECK_PERMISSION,
    LIST_HOLDERS,
    CheckPermission,
    HolderShown,
    HoldersOf,
)
from clace.cli.commands import FAILED, Group
from clace.cli.formats import (
    JSON_RENDERS,
    columns,
    csv_text,
    list_format_option,
    result_format_option,
    say_list,
    say_result,
)
from clace.cli.servers import ChosenServer, for_server
from clace.cli.text import warn
from clace.text import one_line


@click.group(cls=Group)
def rbac() -> None:
    """Explain who may do what."""


@rbac.command()
@click.option(
    "--group", "groups", multiple=True, metavar="NAME", help="A group that the sign-in would tell."
)
@result_format_option
@click.argument("user")
@click.argument("permission")
@click.argument("target", default="")
@for_server
def check(
    server: ChosenServer,
    user: str,
    permission: str,
    target: str,
    form: str,
    groups: tuple[str, ...],
) -> int:
    """Explain line by line whether USER has PERMISSION on TARGET, an app or by default the server.

    The exit status is 1 if not.
    """
    query = CheckPermission(user, permission, target, ",".join(groups))
    result = server.ask(CHECK_PERMISSION, query)
    say_result(result, tuple(map(one_line, result.reasons)), form)
    return 0 if result.is_allowed else FAILED


@rbac.command()
@list_format_option
@click.argument("app")
@for_server
def who(server: ChosenServer, app: str, form: str | None) -> None:
    """List who may do what with APP: users, groups and patterns, and by which grant."""
    result = server.ask(LIST_HOLDERS, HoldersOf(app))
    say_list(result.holders, form or server.config.client.default_format, _FORMATS)
    for warning in result.warnings:
        warn(warning)
    if not result.enabled:
        warn("roles and grants are off: the sign-in of the app decides who may open it")


def _columns(holders: Sequence[HolderShown]) -> str:
    rows = [("User", "Source", "Permissions"), *((a, c, b) for a, b, c in map(_row, holders))]
    return columns(rows, (30, 30))


def _csv(holders: Sequence[HolderShown]) -> str:
    return csv_text(map(_row, holders))


def _row(holder: HolderShown) -> tuple[str, str, str]:
    return holder.user, " ".join(holder.permissions), holder.source


_FORMATS = {
    "basic": _columns,
    "table": _columns,
    "csv": _csv,
    **JSON_RENDERS,
}
