"""A list of secrets in the formats that scripts and people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clace.admin_api import SecretDescription
from clace.cli.formats import (
    JSON_RENDERS,
    Render,
    columns,
    csv_text,
)

_TIME = "%Y-%m-%d %H:%M:%S"


def _table(secrets: Sequence[SecretDescription]) -> str:
    rows = [("Name", "KeyId", "CreatedBy", "UpdateTime", "Description"), *map(_row, secrets)]
    return columns(rows, (40, 20, 20, 20))


def _basic(secrets: Sequence[SecretDescription]) -> str:
    rows = [("Name", "Description"), *((each.name, each.description) for each in secrets)]
    return columns(rows, (40,))


def _csv(secrets: Sequence[SecretDescription]) -> str:
    return csv_text(map(_row, secrets))


def _row(secret: SecretDescription) -> tuple[str, ...]:
    return (
        secret.name,
        secret.key_id,
        secret.created_by,
        secret.update_time.strftime(_TIME),
        secret.description,
    )


FORMATS: Mapping[str, Render] = {
    "table": _table,
    "basic": _basic,
    "csv": _csv,
    **JSON_RENDERS,
}
