"""The audit log: events wait in a bounded queue and are written in batches by a thread."""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from twisted.application.internet import TimerService
from twisted.application.service import MultiService
from twisted.internet.defer import CancelledError, Deferred, DeferredLock, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from clace.audit import table
from clace.audit.fitting import fitted
from clace.audit.retention import Retention, nanoseconds, trimmed
from clace.database.engine import transaction, writing_engine
from clace.database.place import sqlite_path
from clace.database.schema import MigratedSchema, UpgradeOptions, moment
from clace.errors import ClaceError
from clace.interfaces import IAuditLog, IAuditTrail
from clace.model.audit_filter import AuditFilter
from clace.model.traffic import AuditEvent
from clace.threads import InThread, ThreadPool

SCHEMA = MigratedSchema("clace.audit:migrations")
QUEUE = 1000
BATCH = 200
TRIES = 3
TRY_AGAIN_SECONDS = 5
RETAIN_SECONDS = 3600
_log = Logger()


def open_audit(url: str, options: UpgradeOptions, retention: Retention, reactor: Any) -> AuditLog:
    """The log at a ``sqlite:<path>`` URL, with the newest schema; a service to be started.

    Blocks while it looks at the schema. Nothing is left open, so forking afterwards is safe.

    :raises StoreError: the database cannot be opened or upgraded; the text names it.
    """
    path = sqlite_path(url)
    SCHEMA.prepare(path, options, moment(reactor))
    threads = ThreadPool(reactor, "audit")
    log = AuditLog(path, reactor, threads.run, retention)
    threads.setServiceParent(log)
    return log


@implementer(IAuditLog, IAuditTrail)
class AuditLog(MultiService):
    """Writes what it can and never waits: events beyond the queue are lost, and counted."""

    def __init__(
        self, path: Path, clock: IReactorTime, in_thread: InThread, retention: Retention
    ) -> None:
        super().__init__()
        self.setName("audit")
        self._engine = writing_engine(path)
        self._clock, self._in_thread = clock, in_thread
        self._retention = retention
        self._waiting: deque[AuditEvent] = deque()
        self._writing = DeferredLock()
        self._failures = self._lost = 0
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
        await self.flush()
        return await self._in_thread(partial(self._found, wanted))

    async def operations(self) -> tuple[str, ...]:
        """With those recorded just now."""
        await self.flush()
        return await self._in_thread(self._operations)

    async def retain(self, now: float) -> None:
        """Forget what is older than it is to be kept; a failure is logged, and the last of it."""
        try:
            count = await self._in_thread(partial(self._forget, nanoseconds(now)))
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a timer that fails once would never come back
            _log.failure("Cannot remove old audit events")
        else:
            if count:
                _log.info("Removed {count} old audit events", count=count)

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
        with transaction(self._engine, "write audit events") as connection:
            table.put(connection, batch)
            most = self._retention.max_bytes
            if most > 0 and table.size(connection) > most:
                count, newest = table.trim(connection)
                event = trimmed(count, newest, most, self._clock.seconds())
                table.put(connection, [event])
                _log.warn("The audit log is full: {detail}", detail=event.detail)

    def _found(self, wanted: AuditFilter) -> tuple[AuditEvent, ...]:
        with transaction(self._engine, "look up audit events") as connection:
            return table.found(connection, wanted)

    def _operations(self) -> tuple[str, ...]:
        with transaction(self._engine, "look up audit operations") as connection:
            return table.operations(connection)

    def _forget(self, now: int) -> int:
        with transaction(self._engine, "remove old audit events") as connection:
            return table.forget(connection, self._retention, now)

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
