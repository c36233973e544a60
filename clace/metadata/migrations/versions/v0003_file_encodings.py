"""File contents in further encodings, made when they are first asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "file_encodings",
        sa.Column(
            "sha256", sa.Text, sa.ForeignKey("files.sha256", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("encoding", sa.Text, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
