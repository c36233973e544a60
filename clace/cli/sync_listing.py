"""A list of syncs in the formats that scripts and people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from clace.admin_api import SyncEntry
from clace.cli.formats import JSON_RENDERS, Render, columns, csv_text
from clace.text import one_line

_TIME = "%Y-%m-%d %H:%M:%S"
_COMMIT = 12
_ID, _STATE, _TYPE, _PATH, _MOMENT = 35, 9, 12, 50, 19


def _basic(syncs: Sequence[SyncEntry]) -> str:
    rows = [("Id", "State", "SyncType", "Path", "LastRun", "Commit", "Error")]
    rows += [
        (each.id, _state(each), _type(each), each.path, _last(each), _commit(each), _error(each))
        for each in syncs
    ]
    return columns(rows, (_ID, _STATE, _TYPE, _PATH, _MOMENT, _COMMIT))


def _table(syncs: Sequence[SyncEntry]) -> str:
    rows = [
        (
            *("Id", "State", "SyncType", "Reload", "Promote", "Approve", "Clobber"),
            *("GitAuth", "Branch", "LastRun", "NextRun", "Commit", "Failures", "User"),
            *("Path", "Error"),
        ),
        *map(_row, syncs),
    ]
    widths = (_ID, _STATE, _TYPE, 8, 7, 7, 7, 15, 15, _MOMENT, _MOMENT, _COMMIT, 8, 20, _PATH)
    return columns(rows, widths)


def _row(each: SyncEntry) -> tuple[str, ...]:
    options, status = each.metadata, each.status
    return (
        each.id,
        _state(each),
        _type(each),
        options.reload or "updated",
        *(str(flag).lower() for flag in (options.promote, options.approve, options.clobber)),
        options.git_auth,
        options.git_branch,
        _last(each),
        _time(status.next_execution_time),
        _commit(each),
        str(status.failure_count),
        each.user_id,
        each.path,
        _error(each),
    )


def _state(each: SyncEntry) -> str:
    return "Running" if each.status.running_since else each.status.state


def _type(each: SyncEntry) -> str:
    return f"{each.metadata.schedule_frequency} (mins)" if each.is_scheduled else "Webhook"


def _last(each: SyncEntry) -> str:
    """Return when it began to run, now or the last time."""
    return _time(each.status.running_since or each.status.last_execution_time)


def _commit(each: SyncEntry) -> str:
    return each.status.commit_id[:_COMMIT]


def _error(each: SyncEntry) -> str:
    return one_line(each.status.error)


def _time(moment: datetime | None) -> str:
    return moment.strftime(_TIME) if moment else ""


FORMATS: Mapping[str, Render] = {
    "table": _table,
    "basic": _basic,
    "csv": lambda syncs: csv_text(map(_row, syncs)),
    **JSON_RENDERS,
}
