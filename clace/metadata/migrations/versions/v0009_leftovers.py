"""Removed apps whose data are still to be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "leftovers",
        sa.Column("app_id", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("due_time", sa.DateTime(timezone=True), nullable=False),
    )
