"""Apps, their versions, the files of each version, and file contents."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "apps",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("main_app", sa.Text, nullable=False),
        sa.Column("source_url", sa.Text, nullable=False),
        sa.Column("is_dev", sa.Boolean, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.UniqueConstraint("path", "domain", name="apps_address"),
    )
    op.create_table(
        "app_versions",
        sa.Column(
            "app_id", sa.Text, sa.ForeignKey("apps.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "files",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("compression", sa.Text, nullable=False),
        # Last: SQLite reads the columns before a large one without reading it.
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "app_files",
        sa.Column("app_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, sa.ForeignKey("files.sha256"), nullable=False),
        sa.ForeignKeyConstraint(
            ["app_id", "version"],
            ["app_versions.app_id", "app_versions.version"],
            ondelete="CASCADE",
        ),
    )
    op.create_index("app_files_sha256", "app_files", ["sha256"])
