"""The data of removed apps, deleted in the background when their time has come."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from clace.interfaces import IAppData, IAuditEvents, ILeftovers, Leftovers
from clace.model import AppPath, Deed
from clace.service import RegularWork

_LOOKED_EVERY = 10


class DataRemoval(RegularWork):
    """Deletes what removed apps have left. Looks every few seconds, also for what an earlier
    server did not come to; what cannot be deleted is tried again.
    """

    def __init__(
        self, leftovers: ILeftovers, data: IAppData, clock: IReactorTime, audit: IAuditEvents
    ) -> None:
        self._leftovers = leftovers
        self._data = data
        self._audit = audit
        self._told: set[str] = set()
        problem = "Data of apps stay"
        super().__init__(clock, self._remove_due, seconds=_LOOKED_EVERY, problem=problem)

    async def _remove_due(self) -> None:
        for one in await self._leftovers.due():
            if not self.running:
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
