"""Rows of syncs in memory."""

from datetime import UTC, datetime

from msgspec.structs import asdict, replace
from zope.interface import implementer

from clace.errors import StoreError
from clace.interfaces import DueSyncs, ISyncRows

FREE = {"holder": "", "lease": 0, "running_since": None}


@implementer(ISyncRows)
class MemorySyncRows:
    """Keeps what every row of syncs promises; ``broken`` makes each question fail once,
    and ``unrenewed`` each renewal.
    """

    def __init__(self):
        self._rows = {}
        self.broken = self.unrenewed = 0

    def add(self, sync):
        if sync.id in self._rows:
            raise StoreError("cannot keep a sync")
        self._rows[sync.id] = sync

    def find(self, sync_id):
        return self._rows.get(sync_id)

    def all(self):
        return tuple(sorted(self._rows.values(), key=lambda one: (one.create_time, one.id)))

    def delete(self, sync_id):
        return self._rows.pop(sync_id, None) is not None

    def due(self, now):
        if self.broken:
            self.broken -= 1
            raise StoreError("cannot look for syncs to run")
        waiting = [
            one
            for one in self._rows.values()
            if one.due is not None and one.due <= now and one.lease <= now
        ]
        ids = tuple(one.id for one in sorted(waiting, key=lambda one: (one.due, one.id)))
        times = (one.due for one in self._rows.values() if one.due is not None)
        return DueSyncs(ids, min(times, default=None))

    def claim(self, sync_id, holder, now, until):
        row = self._rows.get(sync_id)
        if row is None or row.lease > now:
            return False
        since = datetime.fromtimestamp(now, UTC)
        self._rows[sync_id] = replace(row, holder=holder, lease=until, running_since=since)
        return True

    def renew(self, sync_id, holder, until):
        if self.unrenewed:
            self.unrenewed -= 1
            raise StoreError("cannot hold a sync")
        return self._change(sync_id, holder, lease=until)

    def finish(self, sync_id, holder, outcome):
        return self._change(sync_id, holder, **asdict(outcome) if outcome else {}, **FREE)

    def _change(self, sync_id, held_by, /, **values):
        row = self._rows.get(sync_id)
        if row is None or row.holder != held_by:
            return False
        self._rows[sync_id] = replace(row, **values)
        return True
