"""Old versions of apps, deleted in the background after operations that made newer ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from clace.errors import ClaceError
from clace.interfaces import IAppStore
from clace.model import App


class VersionRetention(Service):
    """Keeps so many versions of an app besides its current one; the rest goes, one at a time.

    No operation waits for it. Stopping the server waits for the version that is being deleted.
    """

    _log = Logger()

    def __init__(self, store: IAppStore, keep: Callable[[App], int]) -> None:
        self._store = store
        self._keep = keep
        self._waiting: dict[str, App] = {}
        self._work: Deferred[None] | None = None
        self._stopped = False

    def note(self, apps: Iterable[App]) -> None:
        """Look through the versions of apps that were changed, as they are now."""
        self._waiting.update((app.id, app) for app in apps if not app.is_dev)
        if self._waiting and self._work is None and not self._stopped:
            self._work = Deferred.fromCoroutine(self._run())
            self._work.addErrback(lambda failure: self._log.failure("Old versions stay", failure))
            self._work.addBoth(self._ended)

    def stopService(self) -> Deferred[None]:
        self._stopped = True
        super().stopService()
        ended: Deferred[None] = Deferred()
        if self._work is None:
            ended.callback(None)
        else:
            self._work.addBoth(ended.callback)
        return ended

    async def _run(self) -> None:
        while self._waiting and not self._stopped:
            app_id = next(iter(self._waiting))
            app = self._waiting[app_id]
            try:
                more = await self._store.trim(app_id, self._keep(app))
            except ClaceError as error:
                self._log.warn("Old versions of {app} stay: {why}", app=str(app), why=error.message)
                more = 0
            if not more and self._waiting.get(app_id) is app:
                del self._waiting[app_id]

    def _ended(self, _result: None) -> None:
        self._work = None
