"""Runs of syncs: by time, one at a time for each sync, in whichever process claims it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from msgspec import Struct
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from clace.admin_api import (
    APPLY_FILES,
    DISABLED,
    ApplyFiles,
    FilesApplied,
    SyncMetadata,
    SyncStatus,
)
from clace.errors import (
    ClaceError,
    InternalError,
    NoSuchSync,
    ServerStopping,
    SyncRunning,
)
from clace.interfaces import (
    IAuditEvents,
    IDeclarationOperations,
    ISyncRows,
    StoredSync,
    SyncOutcome,
)
from clace.model import FAILED, Deed, Identity, proof_of
from clace.operations.makers import MakerRights, again, change_deeds
from clace.operations.sync_schedule import SyncLimits, failed, succeeded
from clace.telling import unheard
from clace.threads import InThread

T = TypeVar("T")
LEASE = 30.0
_RENEWED_EVERY = LEASE / 3
_SOONEST, _LATEST = 1.0, 60.0
_AT_ONCE = 4


class SyncSurroundings(Struct, frozen=True):
    """The time, threads for the rows, chance between 0 and 1, and the name of this process."""

    clock: IReactorTime
    in_thread: InThread
    random: Callable[[], float]
    holder: str
    new_id: Callable[[], str]

    def ask(self, question: Callable[..., T], *arguments: object) -> Awaitable[T]:
        """Return the answer of rows, which block, from a thread."""
        return self.in_thread(partial(question, *arguments))

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.seconds(), UTC)


class SyncRuns(Service):
    """Runs what is due. Whatever fails, it looks again within a minute."""

    _log = Logger()

    def __init__(
        self,
        rows: ISyncRows,
        apply: IDeclarationOperations,
        around: SyncSurroundings,
        rights: MakerRights,
        limits: SyncLimits,
        events: IAuditEvents,
    ) -> None:
        self.setName("sync runs")
        self._rows = rows
        self._apply = apply
        self._around = around
        self._rights = rights
        self._limits = limits
        self._events = events
        self._timer: IDelayedCall | None = None
        self._looking: Deferred[None] | None = None
        self._running: dict[str, Deferred[None]] = {}
        # The applies that are under way, and the ends of their runs, whoever asked for them.
        self._applies: dict[Deferred[SyncStatus], Deferred[None]] = {}

    def startService(self) -> None:
        super().startService()
        self.look()

    def stopService(self) -> Deferred[None]:
        """Fires when runs have ended; those that cannot go on are free for the next process."""
        super().stopService()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        ends = [*self._running.values(), *self._applies.values()]
        if self._looking is not None:
            ends.append(self._looking)
            self._looking.cancel()
        for apply in list(self._applies):
            apply.cancel()
        return DeferredList(ends).addCallback(lambda _: None)

    def look(self) -> None:
        """Run what is due now, and be back when the next one is."""
        if not self.running or self._looking is not None:
            return
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        with unheard():
            self._looking = Deferred.fromCoroutine(self._look())
        self._looking.addBoth(self._looked)

    async def apply(
        self, metadata: SyncMetadata, path: str, identity: Identity, *, dry_run: bool = False
    ) -> FilesApplied:
        """Apply files as a sync of these options does, with the rights that its maker has now."""
        query = query_of(metadata, path, dry_run=dry_run)
        request = self._rights.request(identity, APPLY_FILES, query)
        return await again(partial(self._apply.apply_files, query, request))

    async def run(self, sync_id: str) -> SyncStatus:
        """Run a sync and keep the outcome; what it is refused for is raised too.

        :raises NoSuchSync: if it is missing.
        :raises SyncRunning: if it runs already.
        :raises ServerStopping: if it did not end before the server stopped.
        """
        around, now = self._around, self._around.clock.seconds()
        if not await around.ask(self._rows.claim, sync_id, around.holder, now, now + LEASE):
            found = await self.found(sync_id)
            since = found.running_since
            raise SyncRunning(
                f"sync {sync_id} is running"
                + (f" since {since:%Y-%m-%d %H:%M:%S}" if since else "")
            )
        renewing = LoopingCall(self._renew, sync_id)
        renewing.clock = self._around.clock
        renewing.start(_RENEWED_EVERY, now=False).addErrback(self._not_renewed, sync_id)
        ended: Deferred[None] = Deferred()
        try:
            return await self._applied(await self.found(sync_id), now, ended)
        except BaseException:
            # Without an outcome that is kept, it is free for whoever comes next.
            await self._around.ask(self._rows.finish, sync_id, self._around.holder, None)
            raise
        finally:
            if renewing.running:
                renewing.stop()
            ended.callback(None)

    async def _applied(self, sync: StoredSync, began: float, ended: Deferred[None]) -> SyncStatus:
        """Apply the files of a sync, unless the server stops meanwhile."""
        apply = Deferred.fromCoroutine(self._claimed(sync, began))
        self._applies[apply] = ended
        try:
            return await apply
        except CancelledError:
            raise ServerStopping(
                f"the server is stopping; sync {sync.id} is as it was before this run"
            ) from None
        finally:
            del self._applies[apply]

    async def found(self, sync_id: str) -> StoredSync:
        """:raises NoSuchSync: if it is missing."""
        sync = await self._around.ask(self._rows.find, sync_id)
        if sync is None:
            raise NoSuchSync(f"there is no sync {sync_id}")
        return sync

    async def _claimed(self, sync: StoredSync, began: float) -> SyncStatus:
        try:
            applied = await self.apply(sync.metadata, sync.path, sync.identity)
        except CancelledError:
            raise
        except ClaceError as error:
            await self._fail(sync, error.message, began)
            raise
        except Exception as error:
            incident = self._around.new_id()
            self._log.failure(
                "Sync {id} failed, incident {incident}", id=sync.id, incident=incident
            )
            await self._fail(sync, InternalError.under(incident).message, began)
            raise InternalError.under(incident) from error
        self.record(sync.id, sync.identity, applied)
        outcome = succeeded(sync, applied, began, self._around.random)
        await self._keep(sync, outcome)
        return outcome.status

    async def _fail(self, sync: StoredSync, reason: str, began: float) -> None:
        outcome = failed(sync, reason, began, self._limits, self._around.random)
        await self._keep(sync, outcome)
        self._events.record(_failure(sync, reason))
        is_over = outcome.status.state == DISABLED != sync.status.state
        self._log.error(
            "Sync {id} of {path} failed {count} times{over}: {reason}",
            id=sync.id,
            path=sync.path,
            count=outcome.status.failure_count,
            over=" and is disabled" if is_over else "",
            reason=reason,
        )

    async def _keep(self, sync: StoredSync, outcome: SyncOutcome) -> None:
        holder = self._around.holder
        kept = await self._around.ask(self._rows.finish, sync.id, holder, outcome)
        if not kept:
            self._log.warn(
                "The outcome of sync {id} is not kept: it was deleted, or another process runs it",
                id=sync.id,
            )

    def record(self, sync_id: str, identity: Identity, applied: FilesApplied) -> None:
        """Record the apps that a run changed; one that changed nothing leaves no event."""
        rid = self._around.new_id()
        for deed in change_deeds("apply_files", identity, f"sync {sync_id}", applied.changes):
            self._events.record(deed, rid)

    async def _look(self) -> None:
        due = await self._around.ask(self._rows.due, self._around.clock.seconds())
        for sync_id in due.ids:
            if len(self._running) >= _AT_ONCE:
                return
            if sync_id not in self._running:
                work = self._running[sync_id] = Deferred.fromCoroutine(self._run_due(sync_id))
                work.addBoth(self._ran, sync_id)
        now = self._around.clock.seconds()
        self._wait(_LATEST if due.upcoming is None else due.upcoming - now)

    def _wait(self, seconds: float) -> None:
        if self.running:
            wait = min(max(seconds, _SOONEST), _LATEST)
            self._timer = self._around.clock.callLater(wait, self.look)

    def _looked(self, failure: object) -> None:
        self._looking = None
        if failure is not None and self.running:
            self._log.failure("Nothing is synced before the next look", failure)  # type: ignore[arg-type]
        if self._timer is None or not self._timer.active():
            self._wait(_LATEST)

    async def _run_due(self, sync_id: str) -> None:
        try:
            await self.run(sync_id)
        except ClaceError as error:
            # It is in the status, or another process has run the sync.
            self._log.debug("Sync {id} was not done: {why}", id=sync_id, why=error.message)

    def _ran(self, failure: object, sync_id: str) -> None:
        del self._running[sync_id]
        if failure is not None and self.running:
            self._log.failure("Sync {id}", failure, id=sync_id)  # type: ignore[arg-type]
        self.look()

    async def _renew(self, sync_id: str) -> None:
        until = self._around.clock.seconds() + LEASE
        try:
            await self._around.ask(self._rows.renew, sync_id, self._around.holder, until)
        except ClaceError as error:
            # The lease outlasts two renewals that fail.
            self._log.warn(
                "The lease of sync {id} is not renewed, it is tried again: {why}",
                id=sync_id,
                why=error.message,
            )

    def _not_renewed(self, failure: object, sync_id: str) -> None:
        self._log.failure("Sync {id} may be run twice", failure, id=sync_id)  # type: ignore[arg-type]


def query_of(metadata: SyncMetadata, path: str, *, dry_run: bool) -> ApplyFiles:
    """Return the apply that a sync of these options makes."""
    return ApplyFiles(
        apply_path=path,
        dry_run=dry_run,
        approve=metadata.approve,
        promote=metadata.promote,
        reload=metadata.reload,
        branch=metadata.git_branch,
        git_auth=metadata.git_auth,
        clobber=metadata.clobber,
        prune=metadata.prune,
        force_reload=metadata.force_reload,
    )


def _failure(sync: StoredSync, reason: str) -> Deed:
    return Deed(
        operation="run_sync",
        target=sync.id,
        user_id=sync.identity.user_id,
        status=FAILED,
        detail="; ".join(filter(None, (sync.path, proof_of(sync.identity), reason))),
    )
