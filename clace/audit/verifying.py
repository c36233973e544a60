"""A walk along the chain that stops at its first fault."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import msgspec
from sqlalchemy import Connection, func, select

from clace.audit import table
from clace.audit.chain import Chain, ChainCut, ChainHead
from clace.audit.chained import stored_cuts, stored_head
from clace.audit.table import audit
from clace.model import AuditEntry, AuditFault, AuditHead, AuditVerification
from clace.units import NANOSECONDS

SPAN = 1000
_Item = AuditEntry | ChainCut


class ChainWalk:
    """Looks at so many rows in each step; others may write between two steps.

    ``known`` is a head from before that somebody kept elsewhere: the log has to have it still.
    """

    def __init__(self, chain: Chain, known: AuditHead | None) -> None:
        self._chain = chain
        self._known = known
        self._previous = ""
        self._next = 0
        self.is_done = False
        self.found = AuditVerification()

    def step(self, connection: Connection) -> None:
        """Look at the next rows."""
        head = stored_head(connection)
        if head is None:
            self._end_without_head(connection)
            return
        if not self._next:
            self._begin(connection, head)
        if self.is_done:
            return
        begun = self._next
        for item in _span(connection, begun):
            fault = self._fault_of(item)
            if fault:
                self._finish(fault)
                return
        if self._next == begun:
            self._end(connection, head)

    def _begin(self, connection: Connection, head: ChainHead) -> None:
        self._next = head.start + 1
        if self._known and self._known.sequence <= head.start:
            self._finish(_fault(self._next, "the chain began after the given head"))
            return
        self._look_before(connection, head.start)

    def _look_before(self, connection: Connection, start: int) -> None:
        """Count rows from before the chain; one that is younger than its key is not of them."""
        before = audit.c.sequence <= start
        self._count(unchained=connection.scalar(select(func.count()).where(before)) or 0)
        if self._chain.made == inf:
            return
        young = audit.c.create_time >= int(self._chain.made * NANOSECONDS)
        found = connection.scalar(select(func.min(audit.c.sequence)).where(before, young))
        if found is not None:
            self._finish(_fault(found, "without a hash, and recorded after the chain began"))

    def _fault_of(self, item: _Item) -> AuditFault | None:
        """Return the fault of a row or cut; without one, go past it."""
        first, last = _ends(item)
        if first > self._next:
            return _fault(self._next, f"missing: rows {self._next} to {first - 1} were removed")
        if isinstance(item, ChainCut):
            if not self._chain.made_cut(item):
                return _fault(first, f"missing: no server removed rows {first} to {last}")
            self._count(removed=max(0, last - self._next + 1))
        elif not item.hash:
            return _fault(first, "without a hash: added by hand, or without the key", item)
        elif item.hash != self._chain.hash(self._previous, first, item.event):
            return _fault(first, "changed, or not the row that followed the one before", item)
        else:
            self._count(rows=1)
        self._previous = item.hash or self._previous
        self._next = max(self._next, last + 1)
        return self._fault_of_known(first, last, item)

    def _fault_of_known(self, first: int, last: int, item: _Item) -> AuditFault | None:
        """Compare a row with the known head; for one in the middle of a cut nobody can."""
        known = self._known
        if known is None or not first <= known.sequence <= last:
            return None
        if isinstance(item, ChainCut) and known.sequence < last:
            return None
        if self._previous == known.hash:
            return None
        return _fault(known.sequence, "not the row that the given head is of")

    def _end(self, connection: Connection, head: ChainHead) -> None:
        last = self._next - 1
        newest = connection.scalar(select(func.max(audit.c.sequence))) or 0
        if newest > last:
            self._finish(_fault(self._next, f"missing: rows {self._next} and on were removed"))
        elif not self._chain.made_head(head):
            self._finish(_fault(self._next, self._reason(head)))
        elif (head.sequence, head.hash) != (last, self._previous):
            self._finish(
                _fault(self._next, f"missing: rows {self._next} to {head.sequence} were removed")
            )
        elif self._known and self._known.sequence > last:
            lost = f"rows {self._next} to {self._known.sequence}"
            self._finish(_fault(self._next, f"missing: the log ends before the given head, {lost}"))
        else:
            self._finish(None)

    def _end_without_head(self, connection: Connection) -> None:
        newest, hashed = connection.execute(
            select(func.max(audit.c.sequence), func.max(audit.c.hash)).select_from(audit)
        ).one()
        if hashed or self._known:
            self._finish(_fault(1, "the head of the chain was removed"))
            return
        self._look_before(connection, newest or 0)
        if not self.is_done:
            self._finish(None)

    def _reason(self, head: ChainHead) -> str:
        if head.key_id != self._chain.key_id:
            return f"the head was sealed with the key {head.key_id}, not {self._chain.key_id}"
        return "the head of the chain was changed"

    def _count(self, *, rows: int = 0, removed: int = 0, unchained: int = 0) -> None:
        self.found = msgspec.structs.replace(
            self.found,
            rows=self.found.rows + rows,
            removed=self.found.removed + removed,
            unchained=self.found.unchained + unchained,
        )

    def _finish(self, fault: AuditFault | None) -> None:
        end = AuditHead(self._next - 1, self._previous) if self._previous and not fault else None
        self.found = msgspec.structs.replace(self.found, fault=fault, head=end)
        self.is_done = True


def _span(connection: Connection, begun: int) -> Iterator[_Item]:
    """Rows and cuts of the next numbers, in order."""
    last = begun + SPAN - 1
    items: list[_Item] = [
        *table.between(connection, begun, last),
        *stored_cuts(connection, begun, last),
    ]
    return iter(sorted(items, key=_ends))


def _ends(item: _Item) -> tuple[int, int]:
    if isinstance(item, ChainCut):
        return item.first, item.last
    return item.sequence, item.sequence


def _fault(sequence: int, reason: str, entry: AuditEntry | None = None) -> AuditFault:
    return AuditFault(sequence=sequence, reason=reason, event=entry.event if entry else None)
