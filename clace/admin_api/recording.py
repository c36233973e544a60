"""Changes of apps in words, as the audit log keeps them."""

from __future__ import annotations

from collections.abc import Iterator

from clace.admin_api.changes import AppChange
from clace.model import permission_text
from clace.text import printable

# A little less than the audit log keeps of a detail.
_LONGEST = 4000
_MOST = 20


def change_details(change: AppChange) -> Iterator[str]:
    """Describe a change in as many texts as the log needs to keep it whole."""
    whole = printable("; ".join(_parts(change)))
    pieces = [whole[start : start + _LONGEST] for start in range(0, len(whole), _LONGEST)]
    yield from (f"continued: {piece}" if at else piece for at, piece in enumerate(pieces[:_MOST]))
    if left := sum(map(len, pieces[_MOST:])):
        yield f"continued: {left} more characters"


def _parts(change: AppChange) -> Iterator[str]:
    yield f"{change.change}, version {change.version}"
    if change.change == "updated" and change.previous_version != change.version:
        yield f"was version {change.previous_version}"
    yield from (f"approved plugin {load}" for load in change.approved_loads)
    yield from (f"approved {permission_text(one)}" for one in change.approved_permissions)
    yield from (f"no longer approved plugin {load}" for load in change.dropped_loads)
    yield from (f"no longer approved {permission_text(one)}" for one in change.dropped_permissions)
    yield from (f"changed {what}" for what in change.changed)
