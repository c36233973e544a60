"""Sources that clients send, for apps that they are about to create."""

from __future__ import annotations

from zope.interface import implementer

from clace.admin_api import SendSource, SourceReceived
from clace.interfaces import Asking, ISendingOperations, ISentSources
from clace.model import AppPath
from clace.operations.rooms import OperationRooms


@implementer(ISendingOperations)
class SendingOperations:
    """Takes sources that are sent in parts."""

    def __init__(
        self, rooms: OperationRooms, sent: ISentSources, default_domain: str = "localhost"
    ) -> None:
        self._rooms = rooms
        self._sent = sent
        self._default_domain = default_domain

    async def send_source(self, query: SendSource, request: Asking) -> SourceReceived:
        address = AppPath.parse(query.app_path, self._default_domain)
        address.check_installable()
        request.check(str(address))
        taken = await self._sent.take(request.user_id, query.body)
        if taken.folder:
            used = {app.source_url for app in await self._rooms.store.apps()}
            await self._sent.prune(used)
        return SourceReceived(taken.id, taken.files, taken.size, taken.folder)
