"""Syncs, webhooks, and what was delivered to these."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _add_syncs()
    _add_webhooks()
    _add_deliveries()


def _add_syncs() -> None:
    op.create_table(
        "syncs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("is_scheduled", sa.Boolean, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("due", sa.Float),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("lease", sa.Float, nullable=False),
        sa.Column("running_since", sa.DateTime(timezone=True)),
    )


def _add_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("app_id", sa.Text, sa.ForeignKey("apps.id", ondelete="CASCADE")),
        sa.Column("sync_id", sa.Text, sa.ForeignKey("syncs.id", ondelete="CASCADE")),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("branches", sa.Text, nullable=False),
        sa.Column("paths", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("app_id", "kind", name="webhooks_app"),
        sa.UniqueConstraint("sync_id", name="webhooks_sync"),
    )


def _add_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "webhook_id",
            sa.Text,
            sa.ForeignKey("webhooks.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("receive_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finish_time", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("webhook_id", "fingerprint", name="deliveries_fingerprint"),
    )
    op.create_index("deliveries_receive_time", "deliveries", ["webhook_id", "receive_time"])
