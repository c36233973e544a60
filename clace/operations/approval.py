"""Demands of a source, compared with what was approved."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from clace.admin_api import Approval
from clace.errors import (
    AppBroken,
    AppFailed,
    AppTimedOut,
    NeedsApproval,
    NoSuchVersion,
    SourceError,
)
from clace.model import App, Demands, permission_text
from clace.operations.rooms import OperationRooms
from clace.text import one_line, shortened

_UNREADABLE = (AppBroken, AppFailed, AppTimedOut, NoSuchVersion, SourceError)
_MOST_LINES = 50
_MOST_APPS = 20
_LONGEST_LINE = 500


async def held(app: App, rooms: OperationRooms) -> Demands:
    """The approvals that the stored version of ``app`` asks for.

    Versions of older servers kept approvals that they had stopped asking for: those count no
    longer. A version that cannot be read any more asks for nothing.
    """
    approved = app.metadata.approved
    if not approved or app.is_dev:
        return approved
    try:
        audited = await rooms.audit(app)
    except _UNREADABLE:
        return Demands()
    return audited.demands.granted_by(approved)


def report(app: App, demands: Demands, approved: Demands, *, approve: bool) -> Approval:
    """The comparison as operators see it; with ``approve`` all demands are approved by it."""
    missing = demands.missing_from(approved)
    granted = demands if approve else approved
    return Approval(
        id=app.id,
        app_path_domain=app.address,
        new_loads=demands.loads,
        new_permissions=demands.permissions,
        approved_loads=granted.loads,
        approved_permissions=granted.permissions,
        needs_approval=bool(missing),
    )


def needs_approval(app: App, missing: Demands, *command: str) -> NeedsApproval:
    """The refusal that lists what is new, and the command that approves it."""
    new = list(_lines(missing))
    shown = new[:_MOST_LINES]
    if len(new) > len(shown):
        shown.append(f"and {len(new) - len(shown)} more")
    typed = shlex.join(("clace", *command, str(app)))
    listed = "\n".join(f"  {shortened(one_line(line), _LONGEST_LINE)}" for line in shown)
    return NeedsApproval(f"app {app} needs approval. New:\n{listed}\nto approve it: {typed}")


def unapproved(app: App, missing: Demands) -> str:
    """The warning that an app's next version lacks approvals, and the command that gives them."""
    listed = shortened(", ".join(_lines(missing)), _LONGEST_LINE)
    typed = shlex.join(("clace", "app", "approve", str(app)))
    return f"app {app} needs approval: {listed}; to approve it: {typed}"


def check_approved(refusals: Sequence[NeedsApproval]) -> None:
    """Refuse an operation on several apps for all of them that need approval.

    :raises NeedsApproval: if there is any; names each app, up to a bound.
    """
    if refusals:
        texts = [each.message for each in refusals[:_MOST_APPS]]
        if more := len(refusals) - len(texts):
            texts.append(f"and {more} more app(s) need approval")
        raise NeedsApproval("\n".join(texts))


def _lines(demands: Demands) -> Iterator[str]:
    yield from (f"plugin {load}" for load in demands.loads)
    yield from map(permission_text, demands.permissions)
