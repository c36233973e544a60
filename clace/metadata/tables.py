"""The tables as the newest schema has them; a test holds them against the migrations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

from clace.admin_api import SyncMetadata, SyncStatus
from clace.model import AppMetadata, AppSettings, Identity

T = TypeVar("T")


class UTCMoment(TypeDecorator[datetime]):
    """A time with its zone; what comes out is in UTC, exact to the microsecond."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        # SQLite forgets the zone.
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


class FrozenJSON(TypeDecorator[T]):
    """A frozen value as JSON text; names that a newer server wrote are passed over."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[T]) -> None:
        super().__init__()
        self.kind = kind
        # Two threads that decode a kind for the first time at once crash in msgspec: what it has to
        # know of the kind is made here, before there are threads.
        self._decoder = msgspec.json.Decoder(kind)

    def process_bind_param(self, value: T | None, dialect: Any) -> str:  # noqa: ARG002
        return msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Any) -> T:  # noqa: ARG002
        return self._decoder.decode(value or "")


schema = MetaData()

pruned_apps = Table(
    "pruned_apps",
    schema,
    Column("app_id", Text, primary_key=True),
    Column("path", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("source_url", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("prune_time", UTCMoment, nullable=False),
)

leftovers = Table(
    "leftovers",
    schema,
    Column("app_id", Text, primary_key=True),
    Column("path", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("due_time", UTCMoment, nullable=False),
)

apps = Table(
    "apps",
    schema,
    Column("id", Text, primary_key=True),
    Column("path", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("main_app", Text, nullable=False),
    Column("source_url", Text, nullable=False),
    Column("is_dev", Boolean, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("create_time", UTCMoment, nullable=False),
    Column("update_time", UTCMoment, nullable=False),
    Column("settings", FrozenJSON(AppSettings), nullable=False),
    Column("metadata", FrozenJSON(AppMetadata), nullable=False),
    UniqueConstraint("path", "domain", name="apps_address"),
)

versions = Table(
    "app_versions",
    schema,
    Column("app_id", Text, ForeignKey("apps.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("metadata", FrozenJSON(AppMetadata), nullable=False),
    Column("create_time", UTCMoment, nullable=False),
)

contents = Table(
    "files",
    schema,
    Column("sha256", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("compression", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

encoded = Table(
    "file_encodings",
    schema,
    Column("sha256", Text, ForeignKey("files.sha256", ondelete="CASCADE"), primary_key=True),
    Column("encoding", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

names = Table(
    "app_files",
    schema,
    Column("app_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("sha256", Text, ForeignKey("files.sha256"), nullable=False),
    ForeignKeyConstraint(
        ["app_id", "version"],
        ["app_versions.app_id", "app_versions.version"],
        ondelete="CASCADE",
    ),
    Index("app_files_sha256", "sha256"),
)

secrets = Table(
    "secrets",
    schema,
    Column("name", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("create_time", UTCMoment, nullable=False),
    Column("update_time", UTCMoment, nullable=False),
    Column("description", Text, nullable=False),
    Column("source_file", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

sessions = Table(
    "sessions",
    schema,
    Column("digest", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("host", Text, nullable=False),
    Column("setting", Text, nullable=False),
    Column("identity", FrozenJSON(Identity), nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("made", Float, nullable=False),
    Column("seen", Float, nullable=False),
    Column("until", Float, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

users = Table(
    "users",
    schema,
    Column("name", Text, primary_key=True),
    Column("password", Text, nullable=False),
    Column("groups", FrozenJSON(tuple[str, ...]), nullable=False),
    Column("create_time", UTCMoment, nullable=False),
    Column("update_time", UTCMoment, nullable=False),
)

user_links = Table(
    "user_links",
    schema,
    Column("digest", Text, primary_key=True),
    Column("name", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("until", UTCMoment, nullable=False),
    Index("user_links_name", "name"),
)

tokens = Table(
    "tokens",
    schema,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("user_id", Text, nullable=False),
    Column("groups", FrozenJSON(tuple[str, ...]), nullable=False),
    Column("permissions", FrozenJSON(tuple[str, ...]), nullable=False),
    Column("apps", FrozenJSON(tuple[str, ...]), nullable=False),
    Column("description", Text, nullable=False),
    Column("create_time", UTCMoment, nullable=False),
    Column("expire_time", UTCMoment, nullable=False),
    Column("use_time", UTCMoment),
)

user_factors = Table(
    "user_factors",
    schema,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("create_time", UTCMoment, nullable=False),
    Column("use_time", UTCMoment, nullable=False),
    Index("user_factors_user", "user_id"),
)

syncs = Table(
    "syncs",
    schema,
    Column("id", Text, primary_key=True),
    Column("path", Text, nullable=False),
    Column("is_scheduled", Boolean, nullable=False),
    Column("identity", FrozenJSON(Identity), nullable=False),
    Column("create_time", UTCMoment, nullable=False),
    Column("metadata", FrozenJSON(SyncMetadata), nullable=False),
    Column("status", FrozenJSON(SyncStatus), nullable=False),
    Column("due", Float),
    Column("holder", Text, nullable=False),
    Column("lease", Float, nullable=False),
    Column("running_since", UTCMoment),
)

webhooks = Table(
    "webhooks",
    schema,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("app_id", Text, ForeignKey("apps.id", ondelete="CASCADE")),
    Column("sync_id", Text, ForeignKey("syncs.id", ondelete="CASCADE")),
    Column("proof", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("branches", FrozenJSON(tuple[str, ...]), nullable=False),
    Column("paths", FrozenJSON(tuple[str, ...]), nullable=False),
    Column("identity", FrozenJSON(Identity), nullable=False),
    Column("create_time", UTCMoment, nullable=False),
    UniqueConstraint("app_id", "kind", name="webhooks_app"),
    UniqueConstraint("sync_id", name="webhooks_sync"),
)

deliveries = Table(
    "deliveries",
    schema,
    Column("id", Text, primary_key=True),
    Column("webhook_id", Text, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("receive_time", UTCMoment, nullable=False),
    Column("finish_time", UTCMoment),
    UniqueConstraint("webhook_id", "fingerprint", name="deliveries_fingerprint"),
    Index("deliveries_receive_time", "webhook_id", "receive_time"),
)
