"""Webhooks in the metadata database: digests of tokens, and secrets that are sealed."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict
from sqlalchemy import ColumnElement, Row, delete, insert, select
from zope.interface import implementer

from clace.database import transaction
from clace.interfaces import IWebhookRows, StoredWebhook
from clace.metadata.database_rows import DatabaseRows
from clace.metadata.tables import webhooks

_FIELDS = [webhooks.c[name] for name in StoredWebhook.__struct_fields__]


def open_webhook_rows(url: str) -> WebhookRows:
    """Return the rows in a metadata database. Nothing is opened yet.

    :raises StoreError: if the URL is not a database's.
    """
    return WebhookRows.at(url)


@implementer(IWebhookRows)
class WebhookRows(DatabaseRows):
    """The table of webhooks; whoever asks waits, so it is asked in threads."""

    title = "webhook rows"

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

    def _one(self, which: ColumnElement[bool]) -> StoredWebhook | None:
        with transaction(self._reading, "look up a webhook") as connection:
            row = connection.execute(select(*_FIELDS).where(which)).one_or_none()
        return None if row is None else _webhook(row)


def _of(kind: str, target: str) -> ColumnElement[bool]:
    is_target = (webhooks.c.app_id == target) | (webhooks.c.sync_id == target)
    return (webhooks.c.kind == kind) & is_target


def _webhook(row: Row[Any]) -> StoredWebhook:
    return StoredWebhook(**row._mapping)  # noqa: SLF001 - a row as a mapping
