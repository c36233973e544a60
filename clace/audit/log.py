"""The audit log: events wait in a bounded queue and are written in batches by a thread."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import islice
from math import inf
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from twisted.application.internet import TimerService
from twisted.application.service import MultiService
from twisted.internet.defer import CancelledError, Deferred, DeferredLock, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from clace.audit import table
from clace.audit.chain import Chain
from clace.audit.chained import append, stored_head, take_out
from clace.audit.fitting import fitted
from clace.audit.keys import ChainKey
from clace.audit.retention import AuditRetention, nanoseconds, trimmed
from clace.audit.verifying import ChainWalk
from clace.database import (
    MigratedSchema,
    UpgradeOptions,
    moment,
    sqlite_path,
    transaction,
    writing_engine,
)
from clace.errors import ClaceError
from clace.interfaces import IAuditChain, IAuditLog, IAuditTrail
from clace.model import AuditEntry, AuditEvent, AuditFilter, AuditHead, AuditVerification
from clace.threads import InThread, ThreadPool

SCHEMA = MigratedSchema("clace.audit:migrations")
QUEUE = 1000
BATCH = 200
TRIES = 3
TRY_AGAIN_SECONDS = 5
RETAIN_SECONDS = 3600
_log = Logger()


def open_audit(
    url: str,
    options: UpgradeOptions,
    retention: AuditRetention,
    reactor: Any,
    read_key: Callable[[], bytes],
    key_made: Callable[[], float] = lambda: inf,
) -> AuditLog:
    """Open the log at a ``sqlite:<path>`` URL, with the newest schema; a service to be started.

    ``read_key`` returns the key of its hash chain, or raises a ``ClaceError``; threads call it.
    ``key_made`` returns when that was made.
    Blocks while it looks at the schema. Nothing is left open, so forking afterwards is safe.

    :raises StoreError: the database cannot be opened or upgraded; the text names it.
    """
    path = sqlite_path(url)
    SCHEMA.prepare(path, options, moment(reactor))
    threads = ThreadPool(reactor, "audit")
    log = AuditLog(path, reactor, threads.run, retention, ChainKey(read_key, key_made))
    threads.setServiceParent(log)
    return log


@implementer(IAuditLog, IAuditTrail, IAuditChain)
class AuditLog(MultiService):
    """Writes what it can and never waits: events beyond the queue are lost, and counted."""

    def __init__(
        self,
        path: Path,
        clock: IReactorTime,
        in_thread: InThread,
        retention: AuditRetention,
        key: ChainKey,
    ) -> None:
        super().__init__()
        self.setName("audit")
        self._engine = writing_engine(path)
        self._clock, self._in_thread = clock, in_thread
        self._retention = retention
        self._key = key
        self._waiting: deque[AuditEvent] = deque()
        self._writing = DeferredLock()
        self._failures = self._lost = self._told = 0
        timer = TimerService(RETAIN_SECONDS, self._retain_now)
        timer.clock = clock
        timer.setServiceParent(self)

    def record(self, event: AuditEvent) -> None:
        if len(self._waiting) >= QUEUE:
            self._lost += 1
            return
        self._waiting.append(fitted(event))
        self._wake()

    async def query(self, wanted: AuditFilter) -> tuple[AuditEvent, ...]:
        """With those recorded just now."""
        return tuple(entry.event for entry in await self.entries(wanted))

    async def entries(self, wanted: AuditFilter) -> tuple[AuditEntry, ...]:
        """With those recorded just now."""
        await self.flush()
        return await self._in_thread(partial(self._found, wanted))

    async def pages(self, wanted: AuditFilter) -> AsyncIterator[tuple[AuditEntry, ...]]:
        """With those recorded just now; one page at a time is in memory."""
        await self.flush()
        after: int | None = 0
        while after is not None:
            page, after = await self._in_thread(partial(self._page, wanted, after))
            if page:
                yield page

    async def verify(self, known: AuditHead | None) -> AuditVerification:
        """With what was recorded just now."""
        await self.flush()
        walk = ChainWalk(await self._in_thread(self._key.chain), known)
        while not walk.is_done:
            await self._in_thread(partial(self._step, walk))
        return walk.found

    async def operations(self) -> tuple[str, ...]:
        """With those recorded just now."""
        await self.flush()
        return await self._in_thread(self._operations)

    async def retain(self, now: float) -> None:
        """Forget what is older than it is to be kept; a failure is logged, and the last of it."""
        try:
            count = await self._forget_all(nanoseconds(now))
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a timer that fails once would never come back
            _log.failure("Cannot remove old audit events")
        else:
            if count:
                _log.info("Removed {count} old audit events", count=count)
            await self._tell_head()

    async def flush(self) -> None:
        """Write what waits; what cannot be written is tried again later, and then lost."""
        await self._writing.acquire()
        try:
            while self._waiting and await self._write(tuple(islice(self._waiting, BATCH))):
                self._tell_lost()
        finally:
            self._writing.release()

    async def _write(self, batch: tuple[AuditEvent, ...]) -> bool:
        """Write one batch; return false when the log has stopped."""
        try:
            await self._in_thread(partial(self._put, batch))
        except ClaceError:
            _log.failure("Cannot write {count} audit events", count=len(batch))
            self._failures += 1
            if self._failures < TRIES:
                self._clock.callLater(TRY_AGAIN_SECONDS, self._wake)
                return False
            self._lost += len(batch)
        self._failures = 0
        for _ in batch:
            self._waiting.popleft()
        return True

    def _tell_lost(self) -> None:
        if self._lost:
            _log.warn("The audit log lost {count} events", count=self._lost)
            self._lost = 0

    def _wake(self) -> None:
        if self.running and self._waiting and not self._writing.locked:
            writing = Deferred.fromCoroutine(self.flush())
            writing.addErrback(lambda failure: _log.failure("Audit events stay", failure))

    def _put(self, batch: tuple[AuditEvent, ...]) -> None:
        chain = self._key.chain_if_possible()
        with transaction(self._engine, "write audit events") as connection:
            append(connection, batch, chain)
            most = self._retention.max_bytes
            if most > 0 and table.size(connection) > most:
                self._trim(connection, chain)

    def _trim(self, connection: Connection, chain: Chain | None) -> None:
        rows = table.oldest(connection)
        take_out(connection, rows, chain)
        newest = max((row.create_time for row in rows), default=0)
        most, now = self._retention.max_bytes, self._clock.seconds()
        event = trimmed(len(rows), newest, most, now)
        append(connection, [event], chain)
        _log.warn("The audit log is full: {detail}", detail=event.detail)

    def _found(self, wanted: AuditFilter) -> tuple[AuditEntry, ...]:
        with transaction(self._engine, "look up audit events") as connection:
            return table.found(connection, wanted)

    def _page(self, wanted: AuditFilter, after: int) -> tuple[tuple[AuditEntry, ...], int | None]:
        with transaction(self._engine, "read audit events") as connection:
            return table.page(connection, wanted, after)

    def _operations(self) -> tuple[str, ...]:
        with transaction(self._engine, "look up audit operations") as connection:
            return table.operations(connection)

    def _step(self, walk: ChainWalk) -> None:
        with transaction(self._engine, "verify the audit log") as connection:
            walk.step(connection)

    async def _forget_all(self, now: int) -> int:
        """Remove old events, some thousand in each transaction: others write between these."""
        count = some = await self._in_thread(partial(self._forget, now))
        while some == table.MOST_REMOVED:
            some = await self._in_thread(partial(self._forget, now))
            count += some
        return count

    def _forget(self, now: int) -> int:
        with transaction(self._engine, "remove old audit events") as connection:
            rows = table.outdated(connection, self._retention, now)
            if rows:
                take_out(connection, rows, self._key.chain_if_possible())
            return len(rows)

    async def _tell_head(self) -> None:
        """Log the end of the chain: kept elsewhere, it shows that an old copy was put back."""
        end = await self._in_thread(self._head)
        if end and end.sequence != self._told:
            self._told = end.sequence
            _log.info("The audit log ends with row {head}", head=str(end))

    def _head(self) -> AuditHead | None:
        with transaction(self._engine, "look up the end of the audit log") as connection:
            known = stored_head(connection)
            return AuditHead(known.sequence, known.hash) if known else None

    def _retain_now(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self.retain(self._clock.seconds()))

    def startService(self) -> None:
        """Also writes what was recorded before."""
        super().startService()
        self._wake()

    def stopService(self) -> Deferred[None]:
        """Fires when what waits is written and the database is closed."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self.flush()
        self._lost += len(self._waiting)
        self._tell_lost()
        await maybeDeferred(super().stopService)
        self._engine.dispose()
