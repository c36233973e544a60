"""A list of users in the formats that scripts and people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clace.admin_api import UserListed
from clace.cli.formats import BASIC, Render, columns, row_formats


def _basic(users: Sequence[UserListed]) -> str:
    rows = [("Username", "Groups"), *((each.username, _groups(each)) for each in users)]
    return columns(rows, (30,))


def _row(user: UserListed) -> tuple[str, ...]:
    overridden = "true" if user.overridden else "false"
    return user.username, _groups(user), user.source, overridden, ",".join(user.factors)


def _groups(user: UserListed) -> str:
    return ",".join(user.groups)


FORMATS: Mapping[str, Render] = {
    **row_formats(
        ("Username", "Groups", "Source", "Overridden", "Factors"), (30, 40, 10, 10), _row
    ),
    BASIC: _basic,
}
