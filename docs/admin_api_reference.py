"""The reference page of the admin API, from the operations that the server serves.

``python docs/admin_api_reference.py`` writes ``docs/admin-api.md``; a test compares the two.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from clace.admin_api import (
    apps,
    audit,
    backups,
    declarations,
    history,
    lockouts,
    previews,
    programs,
    roles,
    secrets,
    sending,
    server,
    sessions,
    settings,
    sync,
    tokens,
    users,
    versions,
    webhooks,
)
from clace.admin_api.catalogue import OPERATIONS, AnyOperation
from clace.admin_api.operation import PREFIX
from clace.errors import BY_CODE
from clace.web.statuses import status_of

PAGE = Path(__file__).parent / "admin-api.md"
_NOUNS = (
    apps,
    sending,
    programs,
    versions,
    history,
    previews,
    settings,
    declarations,
    sync,
    webhooks,
    secrets,
    users,
    sessions,
    tokens,
    lockouts,
    roles,
    audit,
    backups,
    server,
)
_INTRODUCTION = """\
# Operations of the admin API

<!-- Made by docs/admin_api_reference.py from clace/admin_api; do not edit. -->

[The admin API](reference/admin-api.md) tells how to reach it. Each operation needs a right, by its
name of 2026, and the options `approve` and `promote` need `app:approve` and `app:promote` besides;
the administrator has all of them. An operation that is recorded has events in the
audit log under its name.
"""


def admin_api_reference() -> str:
    """Return the page as Markdown."""
    return "\n".join([_INTRODUCTION, *_nouns(), *_values(), *_errors()])


def _nouns() -> Iterator[str]:
    for noun in _NOUNS:
        title, _, summary = (noun.__doc__ or "").partition(":")
        yield f"## {title}\n\n{summary.strip().capitalize()}\n"
        for operation in noun.OPERATIONS:
            yield from _operation(operation)


def _operation(operation: AnyOperation) -> Iterator[str]:
    recorded = "recorded" if operation.target else "not recorded"
    yield f"### {operation.method} {PREFIX}{operation.path}\n"
    yield f"{operation.summary}.\n"
    yield f"`{operation.name}`, needs `{operation.right}`, is {recorded}.\n"
    if operation.parameters:
        yield "| parameter | type | |\n|---|---|---|"
        for field in operation.parameters:
            kind = "boolean" if field.type is bool else "text"
            yield f"| `{field.encode_name}` | {kind} | {'required' if field.required else ''} |"
        yield ""
    if operation.body:
        yield f"Body: {_link(operation.body.__name__)}.\n"
    lines = ", any number of them, each on a line" if operation.streams else ""
    yield f"Answer: {_link(operation.result.__name__)}{lines}.\n"


def _values() -> Iterator[str]:
    """Describe each type of value that a body or an answer has in it."""
    kinds = [kind for each in OPERATIONS for kind in (each.body, each.result) if kind]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="{name}")
    yield "## Values\n"
    for name, schema in sorted(schemas.items()):
        yield f"### {name}\n"
        if text := " ".join(schema.get("description", "").split()):
            yield f"{text}\n".replace("``", "`")
        yield "| field | type | |\n|---|---|---|"
        required = schema.get("required", ())
        for field, kind in schema["properties"].items():
            yield f"| `{field}` | {_type(kind)} | {'required' if field in required else ''} |"
        yield ""


def _type(schema: dict[str, Any]) -> str:
    match schema:
        case {"$ref": name}:
            told = _link(name)
        case {"enum": values}:
            told = " or ".join(f"`{value}`" for value in values)
        case {"anyOf": kinds}:
            told = " or ".join(map(_type, kinds))
        case {"type": "array", "items": kind}:
            told = f"list of {_type(kind)}"
        case {"type": "object", "additionalProperties": kind}:
            told = f"map of {_type(kind)}"
        case _:
            kind = schema.get("type", "anything")
            told = {"string": schema.get("format", "text")}.get(kind, kind)
    return told


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _errors() -> Iterable[str]:
    yield "## Errors\n"
    yield "Every error is a JSON object with `message`, `code` (the HTTP status) and `error`:\n"
    yield "| `error` | status | meaning |\n|---|---|---|"
    for code, kind in sorted(BY_CODE.items()):
        meaning = (kind.__doc__ or "").splitlines()[0]
        yield f"| `{code}` | {int(status_of(kind))} | {meaning} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(admin_api_reference(), "utf-8")
