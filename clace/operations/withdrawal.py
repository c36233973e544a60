"""Approvals that dev apps lose while they run, since their folders stopped asking for them."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from clace.errors import ChangedMeanwhile
from clace.interfaces import IAppStore, IAuditEvents, IInstalledApps, PointApp
from clace.model import App, Deed, Demands, permission_text

_log = Logger()


class ApprovalWithdrawal:
    """Stores the loss of approvals of dev apps, so that it outlives the server."""

    def __init__(
        self,
        store: IAppStore,
        installed: IInstalledApps,
        audit: IAuditEvents,
    ) -> None:
        self._store = store
        self._installed = installed
        self._audit = audit

    def __call__(self, app: App, dropped: Demands) -> None:
        done = Deferred.fromCoroutine(self._withdraw(app, dropped))
        done.addErrback(lambda failure: _log.failure("Approvals of {app} stay", failure, app=app))

    async def _withdraw(self, app: App, dropped: Demands) -> None:
        while not await self._withdrawn(app.id, dropped):
            pass
        _log.info("{app} no longer asks for all that was approved for it", app=str(app))
        self._audit.record(_deed(app, dropped))

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


def _deed(app: App, dropped: Demands) -> Deed:
    lost = (
        *(f"plugin {load}" for load in dropped.loads),
        *map(permission_text, dropped.permissions),
    )
    return Deed(
        operation="drop_approvals",
        target=str(app),
        app_id=app.id,
        detail=f"no longer approved: {'; '.join(lost)}",
    )
