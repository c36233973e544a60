"""What a source asks for, held against what was approved."""

from __future__ import annotations

from clace.errors import AppBroken, AppFailed, AppTimedOut, NoSuchVersion, SourceError
from clace.interfaces import IAppStore, IRuntime, ISources
from clace.model.app import App, Demands
from clace.model.results import Approval
from clace.operations.served import served_files

_UNREADABLE = (AppBroken, AppFailed, AppTimedOut, NoSuchVersion, SourceError)


async def held(app: App, store: IAppStore, sources: ISources, runtime: IRuntime) -> Demands:
    """The approvals that the stored version of ``app`` asks for.

    Versions of older servers kept approvals that they had stopped asking for: those count no
    longer. A version that cannot be read any more asks for nothing.
    """
    approved = app.metadata.approved
    if not approved or app.is_dev:
        return approved
    try:
        audited = await runtime.audit(app, await served_files(app, store, sources))
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
