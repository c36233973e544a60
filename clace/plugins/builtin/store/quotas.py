"""Quotas: a sum that changes in the transaction that changes the entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

from attrs import frozen
from msgspec import json
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    MetaData,
    Table,
    Text,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.schema import CreateTable

from clace.model import INTEGERS, DocType
from clace.plugins.builtin.store.statements import Statement, StoreConnection
from clace.plugins.kit import CallFailed
from clace.units import MEBIBYTE

USAGE = Table(
    "store_usage",
    MetaData(),
    Column("app_id", Text, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
)
_ROW = 100
_INDEXED = 20
_own = USAGE.c.app_id == bindparam("owner")
_used = USAGE.c.bytes + bindparam("by", type_=BigInteger)
_CHANGE = update(USAGE).where(_own, _used <= bindparam("limit")).values(bytes=_used)


@cache
def _change_for(dialect: Dialect) -> Statement:
    return Statement(_CHANGE, dialect)


@frozen
class SpaceQuota:
    """The space that one owner uses and may use, over all types together."""

    owner: str
    max_mb: int

    def prepare(self, connection: Connection) -> None:
        """The sum is there."""
        connection.execute(CreateTable(USAGE, if_not_exists=True))
        if connection.scalar(select(USAGE.c.bytes).where(_own), {"owner": self.owner}) is None:
            connection.execute(insert(USAGE).values(app_id=self.owner, bytes=0))

    def change(self, link: StoreConnection, by: int) -> None:
        """Keep so many bytes more. To keep less is allowed in any case.

        :raises CallFailed: if that would be too much.
        """
        limit = self.max_mb * MEBIBYTE if by > 0 else INTEGERS[-1]
        values = {"owner": self.owner, "by": by, "limit": limit}
        if not link.change(_change_for(link.dialect), values):
            told = f"the app may keep {self.max_mb} MB of documents (max_mb_per_app)"
            raise CallFailed(told, limit="store_size")


class Weights:
    """Weights of entries of a type: about their size in the database, with indexes."""

    def __init__(self, doc_type: DocType) -> None:
        self._indexed = Counter(name for index in doc_type.indexes for name, _ in index.parts)

    def of(self, fields: Mapping[str, Any], document: str) -> int:
        """The bytes of an entry with these fields, whose JSON is ``document``."""
        copies = (
            count * (_INDEXED + len(json.encode(fields[name])))
            for name, count in self._indexed.items()
        )
        return _ROW + len(document.encode()) + sum(copies)
