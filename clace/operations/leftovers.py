"""The data of removed apps, deleted in the background when their time has come."""

from __future__ import annotations

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from clace.interfaces import IAppData, IAuditEvents, ILeftovers, Leftovers
from clace.model import AppPath, Deed

_LOOKED_EVERY = 10


class DataRemoval(Service):
    """Deletes what removed apps have left. Looks every few seconds, also for what an earlier
    server did not come to; what cannot be deleted is tried again.
    """

    _log = Logger()

    def __init__(
        self, leftovers: ILeftovers, data: IAppData, clock: IReactorTime, audit: IAuditEvents
    ) -> None:
        self._leftovers = leftovers
        self._data = data
        self._audit = audit
        self._told: set[str] = set()
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def startService(self) -> None:
        super().startService()
        # Threads would be begun before the reactor runs, while parts that follow still fork.
        self._looking.start(_LOOKED_EVERY, now=False)

    def stopService(self) -> Deferred[None]:
        """Fires when nothing is being deleted."""
        super().stopService()
        ended = self._looking.deferred
        if not self._looking.running or ended is None:
            return succeed(None)
        self._looking.stop()
        return ended.addBoth(lambda _looking: None)

    def _look(self) -> Deferred[None]:
        done = Deferred.fromCoroutine(self._remove_due())
        return done.addErrback(lambda failure: self._log.failure("Data of apps stay", failure))

    async def _remove_due(self) -> None:
        for one in await self._leftovers.due():
            if not self._looking.running:
                return
            await self._remove(one)

    async def _remove(self, one: Leftovers) -> None:
        app = str(AppPath(one.path, one.domain))
        try:
            size = await self._data.remove(one.app_id)
        except OSError as error:
            if one.app_id not in self._told:
                self._told.add(one.app_id)
                self._log.error("Data of deleted app {app} stay: {why}", app=app, why=error)
            return
        if size is None:
            return
        await self._leftovers.forget(one.app_id)
        if size:
            detail = f"{size} bytes of data"
            deed = Deed(operation="delete_data", target=app, app_id=one.app_id, detail=detail)
            self._audit.record(deed)
