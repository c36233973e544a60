"""The chain in the database: rows are added at its end, and removed with a cut in their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from twisted.logger import Logger

from clace.audit import table
from clace.audit.chain import BROKEN, Chain, ChainCut, ChainHead, merged, runs
from clace.audit.table import audit, schema
from clace.model import AuditEvent

_ID = 1
_log = Logger()

head = Table(
    "audit_head",
    schema,
    Column("id", Integer, primary_key=True),
    Column("start", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("seal", Text, nullable=False),
)
cuts = Table(
    "audit_cuts",
    schema,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("seal", Text, nullable=False),
)


def append(connection: Connection, events: Sequence[AuditEvent], chain: Chain | None) -> None:
    """Add rows at the end; without a ``chain``, whose key is missing, they have no hash."""
    known = stored_head(connection)
    newest = connection.scalar(select(func.max(audit.c.sequence))) or 0
    sequence = max(newest, known.sequence if known else 0)
    previous = _end(known, chain, sequence) if chain else ""
    rows = []
    for event in events:
        sequence += 1
        if chain:
            previous = chain.hash(previous, sequence, event)
        rows.append({"sequence": sequence, "hash": previous, **msgspec.structs.asdict(event)})
    connection.execute(insert(audit), rows)
    if chain:
        start = known.start if known else newest
        _store_head(connection, chain.sealed_head(start, sequence, previous), is_new=known is None)


def take_out(connection: Connection, rows: Sequence[Any], chain: Chain | None) -> None:
    """Remove rows, given in order, and leave cuts that say so."""
    known = stored_head(connection)
    table.remove(connection, [row.sequence for row in rows])
    start = known.start if known else 0
    new = tuple(runs((row.sequence, row.hash) for row in rows if row.sequence > start))
    if known and new:
        _put_cuts(connection, new, chain)


def stored_head(connection: Connection) -> ChainHead | None:
    """Return the head, and let no other server change it before the end of the transaction."""
    fields = [head.c[name] for name in ChainHead.__struct_fields__]
    row = connection.execute(select(*fields).where(head.c.id == _ID).with_for_update()).first()
    return ChainHead(**row._mapping) if row else None  # noqa: SLF001 - a row as a mapping


def stored_cuts(connection: Connection, first: int, last: int) -> tuple[ChainCut, ...]:
    """Return the cuts that touch a span, in order."""
    touching = (cuts.c.first <= last, cuts.c.last >= first)
    rows = connection.execute(select(cuts).where(*touching).order_by(cuts.c.first))
    return tuple(ChainCut(**row._mapping) for row in rows)  # noqa: SLF001 - as above


def _end(known: ChainHead | None, chain: Chain, sequence: int) -> str:
    """Return the hash that the next row follows."""
    if known is None:
        _log.info("A hash chain over audit events begins after row {sequence}", sequence=sequence)
        return ""
    if chain.made_head(known):
        return known.hash
    reason = "sealed with another key" if known.key_id != chain.key_id else "tampered with"
    _log.error(
        "The head of the audit log was {reason}: its chain breaks after row {sequence}",
        reason=reason,
        sequence=sequence,
    )
    return BROKEN


def _store_head(connection: Connection, made: ChainHead, *, is_new: bool) -> None:
    values = msgspec.structs.asdict(made)
    if is_new:
        connection.execute(insert(head).values(id=_ID, **values))
    else:
        connection.execute(update(head).where(head.c.id == _ID).values(**values))


def _put_cuts(connection: Connection, new: Sequence[ChainCut], chain: Chain | None) -> None:
    """Store cuts, joined with those beside them; what was forged is joined with nothing."""
    beside = stored_cuts(connection, new[0].first - 1, new[-1].last + 1)
    own = {cut for cut in beside if chain and chain.made_cut(cut)}
    result = set(merged((*own, *new)))
    joined, outdated = result - own, own - result
    firsts = {cut.first for cut in joined}
    gone = [cut.first for cut in beside if cut in outdated or cut.first in firsts]
    for start in range(0, len(gone), table.MOST_REMOVED):
        some = gone[start : start + table.MOST_REMOVED]
        connection.execute(delete(cuts).where(cuts.c.first.in_(some)))
    sealed = [
        chain.sealed_cut(cut.first, cut.last, cut.hash) if chain else cut
        for cut in sorted(joined, key=lambda each: each.first)
    ]
    connection.execute(insert(cuts), [msgspec.structs.asdict(cut) for cut in sealed])
