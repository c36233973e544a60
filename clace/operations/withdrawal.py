"""Approvals that dev apps lose while they run, since their folders stopped asking for them."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from clace.errors import ChangedMeanwhile
from clace.interfaces import IAppStore, IAuditLog, IInstalledApps, PointApp
from clace.model.app import App, Demands
from clace.model.traffic import AuditEvent
from clace.model.wording import permission_text

_NANOSECONDS = 1_000_000_000
_log = Logger()


class Withdrawal:
    """Stores the loss of approvals of dev apps, so that it outlives the server."""

    def __init__(
        self,
        store: IAppStore,
        installed: IInstalledApps,
        audit: IAuditLog,
        seconds: Callable[[], float],
    ) -> None:
        self._store = store
        self._installed = installed
        self._audit = audit
        self._seconds = seconds

    def __call__(self, app: App, dropped: Demands) -> None:
        done = Deferred.fromCoroutine(self._withdraw(app, dropped))
        done.addErrback(lambda failure: _log.failure("Approvals of {app} stay", failure, app=app))

    async def _withdraw(self, app: App, dropped: Demands) -> None:
        while not await self._withdrawn(app.id, dropped):
            pass
        _log.info("{app} no longer asks for all that was approved for it", app=str(app))
        self._audit.record(self._event(app, dropped))

    async def _withdrawn(self, app_id: str, dropped: Demands) -> bool:
        """Return false if somebody else changed the app meanwhile: it is to be tried again."""
        stored = next((one for one in await self._store.apps() if one.id == app_id), None)
        if stored is None or (left := stored.metadata.without(dropped)) is stored.metadata:
            return True
        try:
            made = await self._store.commit((PointApp(stored, left, stored.settings),))
        except ChangedMeanwhile:
            return False
        self._installed.change((app_id,), made)
        return True

    def _event(self, app: App, dropped: Demands) -> AuditEvent:
        lost = (
            *(f"plugin {load}" for load in dropped.loads),
            *map(permission_text, dropped.permissions),
        )
        return AuditEvent(
            rid="",
            app_id=app.id,
            create_time=int(self._seconds() * _NANOSECONDS),
            user_id="",
            event_type="system",
            operation="drop_approvals",
            target=str(app),
            status="Success",
            detail=f"no longer approved: {'; '.join(lost)}",
        )
