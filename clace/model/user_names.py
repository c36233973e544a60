"""Names of users and of their groups."""

from __future__ import annotations

from collections.abc import Iterable

from clace.errors import BadRequest

MAX_NAME = 128
MAX_GROUPS = 500


def check_name(name: str) -> None:
    """:raises BadRequest: if no user can have the name."""
    if not name:
        raise BadRequest("username cannot be empty")
    if ":" in name or any(map(str.isspace, name)):
        raise BadRequest("username cannot contain ':' or whitespace")
    if len(name) > MAX_NAME or not name.isprintable():
        raise BadRequest(f"username has at most {MAX_NAME} printable characters")


def tidy_groups(groups: Iterable[str]) -> tuple[str, ...]:
    """Return groups without repetitions.

    :raises BadRequest: if one is malformed, or there are too many.
    """
    found = tuple(dict.fromkeys(groups))
    for group in found:
        if not group or group != group.strip() or "," in group:
            raise BadRequest(f'group "{group[:MAX_NAME]}": expected a name without commas')
        if len(group) > MAX_NAME or not group.isprintable():
            raise BadRequest(f"a group has at most {MAX_NAME} printable characters")
    if len(found) > MAX_GROUPS:
        raise BadRequest(f"a user has at most {MAX_GROUPS} groups")
    return found
