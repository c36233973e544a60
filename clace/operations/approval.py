"""What a source asks for, held against what was approved."""

from __future__ import annotations

from msgspec.structs import replace

from clace.model.app import App, AppMetadata, Demands
from clace.model.results import Approval


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


def approving(metadata: AppMetadata, demands: Demands) -> AppMetadata:
    """The metadata with exactly ``demands`` approved."""
    return replace(metadata, loads=demands.loads, permissions=demands.permissions)
