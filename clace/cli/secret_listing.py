"""A list of secrets in the formats that scripts and people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clace.admin_api import SecretDescription
from clace.cli.formats import BASIC, Render, columns, row_formats

_TIME = "%Y-%m-%d %H:%M:%S"


def _basic(secrets: Sequence[SecretDescription]) -> str:
    rows = [("Name", "Description"), *((each.name, each.description) for each in secrets)]
    return columns(rows, (40,))


def _row(secret: SecretDescription) -> tuple[str, ...]:
    return (
        secret.name,
        secret.key_id,
        secret.created_by,
        secret.update_time.strftime(_TIME),
        secret.description,
    )


FORMATS: Mapping[str, Render] = {
    **row_formats(
        ("Name", "KeyId", "CreatedBy", "UpdateTime", "Description"), (40, 20, 20, 20), _row
    ),
    BASIC: _basic,
}
