"""A list of secrets in the formats that scripts and people read."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from clace.cli.formats import as_json, as_json_lines, as_pretty_lines, columns, rendered
from clace.model.results import SecretDescription

_TIME = "%Y-%m-%d %H:%M:%S"


def render(secrets: Sequence[SecretDescription], form: str) -> str:
    """:raises BadRequest: there is no such format; the text names those that there are."""
    return rendered(secrets, form, _FORMATS)


def _table(secrets: Sequence[SecretDescription]) -> str:
    rows = [("Name", "KeyId", "CreatedBy", "UpdateTime", "Description"), *map(_row, secrets)]
    return columns(rows, (40, 20, 20, 20))


def _basic(secrets: Sequence[SecretDescription]) -> str:
    rows = [("Name", "Description"), *((each.name, each.description) for each in secrets)]
    return columns(rows, (40,))


def _csv(secrets: Sequence[SecretDescription]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_row, secrets))
    return text.getvalue()


def _row(secret: SecretDescription) -> tuple[str, ...]:
    return (
        secret.name,
        secret.key_id,
        secret.created_by,
        secret.update_time.strftime(_TIME),
        secret.description,
    )


_FORMATS = {
    "table": _table,
    "basic": _basic,
    "csv": _csv,
    "json": as_json,
    "jsonl": as_json_lines,
    "jsonl_pretty": as_pretty_lines,
}
