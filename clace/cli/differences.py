"""Values that differ, as a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clace.text import one_line

if TYPE_CHECKING:
    from clace.admin_api import Difference


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
