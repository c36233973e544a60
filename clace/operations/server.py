"""The server that performs all operations, and who may not sign in to it."""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import implementer

from clace.admin_api import (
    ClearLockouts,
    LockoutList,
    LockoutsCleared,
    Nothing,
    ServerStatus,
    Stopping,
    StopServer,
)
from clace.interfaces import ILockoutOperations, ILockouts, IServerOperations


@implementer(IServerOperations)
class ServerOperations:
    """Operations on the process that runs them."""

    def __init__(self, status: Callable[[], ServerStatus], stop: Callable[[], object]) -> None:
        self._status = status
        self._stop = stop

    async def server_status(self, _query: Nothing) -> ServerStatus:
        return self._status()

    async def stop_server(self, _query: StopServer) -> Stopping:
        stopping = Stopping(self._status().pid)
        self._stop()
        return stopping


@implementer(ILockoutOperations)
class LockoutOperations:
    """Operations on failed sign-ins."""

    def __init__(self, lockouts: ILockouts) -> None:
        self._lockouts = lockouts

    async def list_lockouts(self, _query: Nothing) -> LockoutList:
        return self._lockouts.list_lockouts()

    async def clear_lockouts(self, query: ClearLockouts) -> LockoutsCleared:
        return self._lockouts.clear_lockouts(query.address, query.user, dry_run=query.dry_run)
