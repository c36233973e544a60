"""Values that differ, as a line each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from clace.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clace.admin_api import AppChange, Difference
    from clace.model import Permission


_SIGNS = {"created": "+", "updated": "~", "deleted": "-"}


def value_line(each: Difference) -> str:
    """Say what was added, removed, or changed from what to what."""
    what = one_line(f"{each.kind} {each.name}".rstrip())
    if each.hidden:
        return f"~ {what} (hidden)"
    if each.old is None:
        return f"+ {what}: {one_line(each.new or '')}"
    if each.new is None:
        return f"- {what}: {one_line(each.old)}"
    return f"~ {what}: {one_line(each.old)} to {one_line(each.new)}"


def would_change(result: Any) -> Iterator[str]:
    """Tell what a dry run would change, from the server's answer."""
    lines = list(getattr(result, "would_change", ()) or ())
    for change in getattr(result, "changes", ()):
        lines += _of_app(change)
    if lines:
        yield "Would change:"
        yield from (f"  {line}" for line in lines)


def _of_app(change: AppChange) -> Iterator[str]:
    version = str(change.version)
    if change.change == "updated" and change.previous_version != change.version:
        version = f"{change.previous_version} to {version}"
    yield f"{_SIGNS[change.change]} {change.app_path_domain} version {version}"
    if change.change != "deleted":
        yield from (f"  {line}" for line in map(value_line, change.values))
        yield from signed("+", change.approved_loads, change.approved_permissions, "  ")
        yield from signed("-", change.dropped_loads, change.dropped_permissions, "  ")


def signed(
    sign: str, loads: Iterable[str], permissions: Iterable[Permission], indent: str = "    "
) -> Iterator[str]:
    """Tell approvals that are gained or lost."""
    from clace.model import permission_text  # noqa: PLC0415 - most commands tell none

    yield from (f"{indent}{sign} plugin {load}" for load in loads)
    yield from (f"{indent}{sign} permission {permission_text(each)}" for each in permissions)
