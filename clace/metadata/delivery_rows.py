"""Deliveries to webhooks in the metadata database; of each webhook so many are kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Connection, Row, Select, delete, insert, select, update
from zope.interface import implementer

from clace.database import transaction
from clace.interfaces import IDeliveryRows, StoredDelivery
from clace.metadata.database_rows import DatabaseRows
from clace.metadata.tables import deliveries

_FIELDS = [deliveries.c[name] for name in StoredDelivery.__struct_fields__]
_UNFINISHED = ("queued", "running")


def open_delivery_rows(url: str) -> DeliveryRows:
    """Return the rows in a metadata database. Nothing is opened yet.

    :raises StoreError: if the URL is not a database's.
    """
    return DeliveryRows.at(url)


@implementer(IDeliveryRows)
class DeliveryRows(DatabaseRows):
    """The table of deliveries; whoever asks waits, so it is asked in threads."""

    title = "delivery rows"

    def receive(
        self, delivery: StoredDelivery, most: int, since: datetime
    ) -> StoredDelivery | None:
        with transaction(self._writing, "keep a delivery") as connection:
            _trim(connection, delivery.webhook_id, most - 1, since)
            same = (deliveries.c.webhook_id == delivery.webhook_id) & (
                deliveries.c.fingerprint == delivery.fingerprint
            )
            row = connection.execute(select(*_FIELDS).where(same)).one_or_none()
            if row is not None:
                return _delivery(row)
            connection.execute(insert(deliveries).values(**asdict(delivery)))
        return None

    def settle(
        self, ids: Collection[str], state: str, detail: str, finished: datetime | None
    ) -> None:
        values = {"state": state, "detail": detail, "finish_time": finished}
        change = update(deliveries).where(deliveries.c.id.in_(ids)).values(values)
        with transaction(self._writing, "keep the state of a delivery") as connection:
            connection.execute(change)

    def find(self, delivery_id: str) -> StoredDelivery | None:
        found = self._all(select(*_FIELDS).where(deliveries.c.id == delivery_id))
        return found[0] if found else None

    def of(self, webhook_id: str, most: int) -> tuple[StoredDelivery, ...]:
        return self._all(_newest_first(webhook_id).limit(most))

    def unfinished(self) -> tuple[StoredDelivery, ...]:
        waiting = select(*_FIELDS).where(deliveries.c.state.in_(_UNFINISHED))
        return self._all(waiting.order_by(deliveries.c.receive_time, deliveries.c.id))

    def _all(self, wanted: Select[Any]) -> tuple[StoredDelivery, ...]:
        with transaction(self._reading, "look up deliveries") as connection:
            return tuple(map(_delivery, connection.execute(wanted).all()))


def _newest_first(webhook_id: str) -> Select[Any]:
    of = select(*_FIELDS).where(deliveries.c.webhook_id == webhook_id)
    return of.order_by(deliveries.c.receive_time.desc(), deliveries.c.id.desc())


def _trim(connection: Connection, webhook_id: str, most: int, since: datetime) -> None:
    kept = _newest_first(webhook_id).with_only_columns(deliveries.c.id).limit(most)
    is_old = deliveries.c.id.not_in(kept) | (deliveries.c.receive_time < since)
    connection.execute(delete(deliveries).where(deliveries.c.webhook_id == webhook_id, is_old))


def _delivery(row: Row[Any]) -> StoredDelivery:
    return StoredDelivery(**row._mapping)  # noqa: SLF001 - a row as a mapping
