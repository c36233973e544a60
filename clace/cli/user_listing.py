"""A list of users in the formats that scripts and people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clace.admin_api import UserListed
from clace.cli.formats import JSON_RENDERS, Render, columns, csv_text


def _basic(users: Sequence[UserListed]) -> str:
    rows = [("Username", "Groups"), *((each.username, _groups(each)) for each in users)]
    return columns(rows, (30,))


def _table(users: Sequence[UserListed]) -> str:
    rows = [("Username", "Groups", "Source", "Overridden", "Factors"), *map(_row, users)]
    return columns(rows, (30, 40, 10, 10))


def _csv(users: Sequence[UserListed]) -> str:
    return csv_text(map(_row, users))


def _row(user: UserListed) -> tuple[str, ...]:
    overridden = "true" if user.overridden else "false"
    return user.username, _groups(user), user.source, overridden, ",".join(user.factors)


def _groups(user: UserListed) -> str:
    return ",".join(user.groups)


FORMATS: Mapping[str, Render] = {
    "table": _table,
    "basic": _basic,
    "csv": _csv,
    **JSON_RENDERS,
}
