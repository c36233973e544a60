"""Webhooks in the metadata database: digests of tokens, and secrets that are sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import ColumnElement, Row, delete, insert, select
from twisted.application.service import Service
from zope.interface import implementer

from clace.database import reading_engine, sqlite_path, transaction, writing_engine
from clace.interfaces import IWebhookRows, StoredWebhook
from clace.metadata.tables import webhooks

_READERS = 2
_FIELDS = [webhooks.c[name] for name in StoredWebhook.__struct_fields__]


def open_webhook_rows(url: str) -> WebhookRows:
    """The rows in a metadata database that ``open_store`` has prepared. Nothing is opened yet.

    :raises StoreError: if the URL is not a database's.
    """
    return WebhookRows(sqlite_path(url))


@implementer(IWebhookRows)
class WebhookRows(Service):
    """The table of webhooks; whoever asks waits, so it is asked in threads."""

    def __init__(self, path: Path) -> None:
        self.setName("webhook rows")
        self._writing = writing_engine(path)
        self._reading = reading_engine(path, _READERS)

    def put(self, webhook: StoredWebhook) -> bool:
        target = webhook.app_id or webhook.sync_id or ""
        with transaction(self._writing, "keep a webhook") as connection:
            before = delete(webhooks).where(_of(webhook.kind, target))
            replaced = connection.execute(before).rowcount > 0
            connection.execute(insert(webhooks).values(**asdict(webhook)))
        return replaced

    def find(self, kind: str, target: str) -> StoredWebhook | None:
        return self._one(_of(kind, target))

    def named(self, webhook_id: str) -> StoredWebhook | None:
        return self._one(webhooks.c.id == webhook_id)

    def of_app(self, app_id: str) -> tuple[StoredWebhook, ...]:
        found = select(*_FIELDS).where(webhooks.c.app_id == app_id).order_by(webhooks.c.kind)
        with transaction(self._reading, "list the webhooks of an app") as connection:
            return tuple(map(_webhook, connection.execute(found).all()))

    def delete(self, webhook_id: str) -> bool:
        with transaction(self._writing, "delete a webhook") as connection:
            found = connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))
            return found.rowcount > 0

    def stopService(self) -> None:
        """Close the connections."""
        super().stopService()
        self.close()

    def close(self) -> None:
        """Leave nothing open; a process that forks must not hand connections down."""
        self._reading.dispose()
        self._writing.dispose()

    def _one(self, which: ColumnElement[bool]) -> StoredWebhook | None:
        with transaction(self._reading, "look up a webhook") as connection:
            row = connection.execute(select(*_FIELDS).where(which)).one_or_none()
        return None if row is None else _webhook(row)


def _of(kind: str, target: str) -> ColumnElement[bool]:
    is_target = (webhooks.c.app_id == target) | (webhooks.c.sync_id == target)
    return (webhooks.c.kind == kind) & is_target


def _webhook(row: Row[Any]) -> StoredWebhook:
    return StoredWebhook(**row._mapping)  # noqa: SLF001 - a row as a mapping
