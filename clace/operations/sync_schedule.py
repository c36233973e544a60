"""The times at which syncs run, and what becomes of them after a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from clace.admin_api import DISABLED, ENABLED, FAILING, FilesApplied, SyncStatus
from clace.interfaces import StoredSync, SyncOutcome

DAY = 86_400.0
MINUTE = 60.0
# Of a period; syncs that were made at one moment are not due at one moment for ever.
_EARLY = 0.1
_SPREAD = 0.5


class SyncLimits(Struct, frozen=True):
    """The period of syncs that say none, and the number of failures after which one is disabled."""

    minutes: int = 15
    failures: int = 5


def succeeded(
    sync: StoredSync, applied: FilesApplied, began: float, random: Callable[[], float]
) -> SyncOutcome:
    """Return the outcome of a run that began then and succeeded.

    The next run begins within a period of this one; runs that were missed are not made up for.
    """
    moment = datetime.fromtimestamp(began, UTC)
    applied = without_news(sync, applied)
    status = SyncStatus(
        state=ENABLED,
        last_execution_time=moment,
        last_success_time=moment,
        commit_id=applied.commit_id,
        is_apply=True,
        app_apply_response=replace(applied, changes=()),
    )
    due = began + _period(sync) * (1 - _EARLY * random()) if sync.is_scheduled else None
    return SyncOutcome(status, due)


def without_news(sync: StoredSync, applied: FilesApplied) -> FilesApplied:
    """Return the outcome of an apply; without a newer commit and without a change it is a skipped
    one, as in 2025.
    """
    done = (
        applied.create_results,
        applied.update_results,
        applied.reload_results,
        applied.approve_results,
        applied.promote_results,
        applied.changes,
    )
    is_same = bool(applied.commit_id) and applied.commit_id == sync.status.commit_id
    if not is_same or any(done):
        return applied
    return replace(applied, skipped_apply=True, skipped_results=())


def failed(
    sync: StoredSync, reason: str, began: float, limits: SyncLimits, random: Callable[[], float]
) -> SyncOutcome:
    """Return the outcome of a run that began then and failed.

    After each failure in a row the wait is twice as long, and not the same for all syncs.
    """
    failures = sync.status.failure_count + 1
    is_over = failures >= limits.failures or sync.status.state == DISABLED
    status = replace(
        sync.status,
        state=DISABLED if is_over else FAILING,
        failure_count=failures,
        last_execution_time=datetime.fromtimestamp(began, UTC),
        error=reason,
    )
    if is_over or not sync.is_scheduled:
        return SyncOutcome(status, None)
    period = _period(sync)
    wait = min(period * 2.0 ** min(failures - 1, 30), max(period, DAY))
    return SyncOutcome(status, began + wait * (1 - _SPREAD / 2 + _SPREAD * random()))


def _period(sync: StoredSync) -> float:
    return sync.metadata.schedule_frequency * MINUTE
