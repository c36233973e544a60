"""Data of apps in memory."""

from zope.interface import implementer

from clace.interfaces.app_data import IAppData


@implementer(IAppData)
class MemoryAppData:
    """Knows how many bytes each app has; what ``stays`` cannot be deleted, or not yet."""

    def __init__(self):
        self.sizes = {}
        self.stays = {}

    async def size(self, app_id):
        return self.sizes.get(app_id, 0)

    async def remove(self, app_id):
        if app_id in self.stays:
            if error := self.stays[app_id]:
                raise error
            return None
        return self.sizes.pop(app_id, 0)
