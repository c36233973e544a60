"""Syncs: their rows, which say who runs them, and the proof of whoever calls a webhook."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from zope.interface import Interface

from clace.admin_api import SyncMetadata, SyncStatus
from clace.model import Identity


class StoredSync(Struct, frozen=True, kw_only=True):
    """A sync as it is stored. ``due`` is when it runs next, in seconds; without one it does not run
    by itself. Until ``lease`` only the process named ``holder`` may run it.
    """

    id: str
    path: str
    is_scheduled: bool
    identity: Identity
    create_time: datetime
    metadata: SyncMetadata
    status: SyncStatus = SyncStatus()
    due: float | None = None
    holder: str = ""
    lease: float = 0
    running_since: datetime | None = None


class SyncOutcome(Struct, frozen=True):
    """The status of a sync after a run, and when it is due again."""

    status: SyncStatus
    due: float | None


class DueSyncs(Struct, frozen=True):
    """The ids of syncs to run now, and when the next of all syncs is due."""

    ids: tuple[str, ...]
    upcoming: float | None


class ISyncRows(Interface):
    """The place of syncs, shared by all processes; whoever asks waits, so it is asked in threads.

    :raises StoreError: from every method, if the database fails.
    """

    def add(sync: StoredSync) -> None:
        """Keep a new one.

        :raises StoreError: if there is one of this id.
        """

    def find(sync_id: str) -> StoredSync | None:
        """Return the one of this id."""

    def all() -> tuple[StoredSync, ...]:
        """Return all, the oldest first."""

    def delete(sync_id: str) -> bool:
        """Remove one; return false if it was not there."""

    def due(now: float) -> DueSyncs:
        """Return those whose time has come and that are free, the oldest first, and the time of the
        next, be it in the past.
        """

    def claim(sync_id: str, holder: str, now: float, until: float) -> bool:
        """Let ``holder`` run one until then; return false if somebody runs it, or it is gone.

        Of any number of processes that ask at once, one gets it.
        """

    def renew(sync_id: str, holder: str, until: float) -> bool:
        """Let ``holder`` go on until then; return false if it holds the sync no more."""

    def finish(sync_id: str, holder: str, outcome: SyncOutcome | None) -> bool:
        """Free a sync and keep the outcome of its run, if it came to one; return false as
        ``renew`` does.
        """
