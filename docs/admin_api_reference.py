"""The admin API's reference page, from the operations that the server serves."""

import msgspec

from clace.admin_api.catalogue import OPERATIONS, AnyOperation
from clace.admin_api.operation import PREFIX
from clace.errors import BY_CODE
from clace.web.statuses import status_of


def admin_api_reference() -> str:
    """Return the page as Markdown."""
    parts = ["# Admin API reference\n", *map(_section, OPERATIONS), _errors()]
    return "\n".join(parts)


def _section(operation: AnyOperation) -> str:
    lines = [f"## {operation.method} {PREFIX}{operation.path}\n", f"{operation.summary}.\n"]
    if operation.parameters:
        lines += ["| query parameter | type | |", "| --- | --- | --- |"]
        lines += [
            f"| `{field.encode_name}` | {'boolean' if field.type is bool else 'text'} "
            f"| {'required' if field.required else ''} |"
            for field in operation.parameters
        ]
        lines.append("")
    if operation.body:
        lines.append(_fields("Request body", operation.body))
    lines.append(_fields("Answer", operation.result))
    return "\n".join(lines)


def _fields(title: str, kind: type[msgspec.Struct]) -> str:
    names = ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(kind))
    return f"{title}: JSON object with {names}.\n"


def _errors() -> str:
    lines = [
        "## Errors\n",
        "Every error is a JSON object with `message`, `code` (the HTTP status) and `error`:\n",
        "| `error` | status | meaning |",
        "| --- | --- | --- |",
    ]
    for code, kind in sorted(BY_CODE.items()):
        status = int(status_of(kind))
        meaning = (kind.__doc__ or "").splitlines()[0]
        lines.append(f"| `{code}` | {status} | {meaning} |")
    return "\n".join([*lines, ""])
