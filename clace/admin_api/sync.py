"""Syncs: files of declarations that are applied again and again, by time or when a webhook is
called.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from clace.admin_api.declarations import FilesApplied
from clace.admin_api.operation import Nothing, Operation, Query, Right
from clace.admin_api.webhooks import DeliveryShown

MOST_MINUTES = 366 * 24 * 60
"""How seldom a sync may run."""
ENABLED, FAILING, DISABLED = "Enabled", "Failing", "Disabled"


class SyncMetadata(Struct, frozen=True, kw_only=True):
    """The options of a sync: those of an apply, and how often it runs, in minutes.

    ``webhook_auth`` is the proof that its webhook takes, empty for a sync without a webhook;
    ``webhook_paths`` are globs of files, one of which a push has to touch.
    """

    git_branch: str = ""
    git_auth: str = ""
    promote: bool = False
    approve: bool = False
    reload: str = ""
    clobber: bool = False
    prune: bool = False
    force_reload: bool = False
    webhook_url: str = ""
    webhook_secret: str = ""
    schedule_frequency: int = 0
    webhook_auth: Literal["", "bearer", "hmac"] = ""
    webhook_paths: tuple[str, ...] = ()


class NewSync(SyncMetadata, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a sync to make; of its webhook the server chooses URL and secret."""


class SyncStatus(Struct, frozen=True, kw_only=True):
    """The outcome of the last run, and the times of this and the next one.

    ``error`` is the reason of the last failure and stays until a run succeeds; ``commit_id`` is the
    commit of the files that were applied last.
    """

    state: str = ENABLED
    failure_count: int = 0
    last_execution_time: datetime | None = None
    error: str = ""
    commit_id: str = ""
    is_apply: bool = False
    app_apply_response: FilesApplied | None = None
    last_success_time: datetime | None = None
    next_execution_time: datetime | None = None
    running_since: datetime | None = None


class SyncEntry(Struct, frozen=True, kw_only=True):
    """A sync as it is kept. It runs with the rights that ``user_id`` has when it runs.

    ``deliveries`` are the last calls of its webhook, the newest first.
    """

    id: str
    path: str
    is_scheduled: bool
    user_id: str
    create_time: datetime
    metadata: SyncMetadata
    status: SyncStatus
    deliveries: tuple[DeliveryShown, ...] = ()


class CreateSync(Query, frozen=True, kw_only=True):
    """A sync to make: ``scheduled`` runs by time."""

    path: str
    scheduled: bool = False
    dry_run: bool = False
    body: NewSync

    @property
    def is_dry(self) -> bool:
        return self.dry_run


class NamedSync(Query, frozen=True):
    """One sync, by its id."""

    id: str
    dry_run: bool = False

    @property
    def is_dry(self) -> bool:
        return self.dry_run


class SyncCreated(Struct, frozen=True, kw_only=True):
    """The sync and the outcome of its first run. ``webhook_secret`` is told only here."""

    dry_run: bool = False
    id: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""
    schedule_minutes: int = 0
    sync_job_status: SyncStatus = SyncStatus()

    def __repr__(self) -> str:
        return f"SyncCreated({self.id!r})"


class SyncRan(SyncStatus, frozen=True, kw_only=True):
    """The outcome of a run that was asked for."""

    dry_run: bool = False


class SyncDeleted(Struct, frozen=True):
    dry_run: bool
    id: str


class SyncList(Struct, frozen=True):
    entries: tuple[SyncEntry, ...] = ()


def _made(query: CreateSync, created: SyncCreated | None) -> str:
    return (created.id if created else "") or query.path


def _id(query: NamedSync, _result: Struct | None) -> str:
    return query.id


CREATE_SYNC = Operation(
    name="create_sync",
    method="POST",
    path="/sync",
    summary="Apply files of declarations now, and again by time or when a webhook is called",
    right=Right.SYNC_CREATE,
    query=CreateSync,
    result=SyncCreated,
    target=_made,
    tells=True,
)
RUN_SYNC = Operation(
    name="run_sync",
    method="POST",
    path="/sync/run",
    summary="Run a sync now; one that was disabled is enabled if it succeeds",
    right=Right.SYNC_RUN,
    query=NamedSync,
    result=SyncRan,
    target=_id,
    tells=True,
)
DELETE_SYNC = Operation(
    name="delete_sync",
    method="DELETE",
    path="/sync",
    summary="End a sync; the apps that it applied stay",
    right=Right.SYNC_DELETE,
    query=NamedSync,
    result=SyncDeleted,
    target=_id,
)
LIST_SYNCS = Operation(
    name="list_syncs",
    method="GET",
    path="/sync",
    summary="The syncs, with the outcomes of their last runs",
    right=Right.SYNC_READ,
    query=Nothing,
    result=SyncList,
)
OPERATIONS = (CREATE_SYNC, RUN_SYNC, DELETE_SYNC, LIST_SYNCS)
