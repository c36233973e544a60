"""The admin API's reference page, from the table of routes that serves it."""

import msgspec

from clace.errors import BY_CODE
from clace.web.routes import PREFIX, ROUTES, Route
from clace.web.statuses import status_of


def admin_api_reference() -> str:
    """The page as Markdown."""
    parts = ["# Admin API reference\n", *(_section(route) for route in ROUTES), _errors()]
    return "\n".join(parts)


def _section(route: Route) -> str:
    lines = [f"## {route.method} {PREFIX}{route.path}\n", f"{route.summary}.\n"]
    parameters = msgspec.structs.fields(route.query)
    if parameters:
        lines += ["| query parameter | type | |", "| --- | --- | --- |"]
        lines += [
            f"| `{field.encode_name}` | {'boolean' if field.type is bool else 'text'} "
            f"| {'required' if field.required else ''} |"
            for field in parameters
        ]
        lines.append("")
    if route.body:
        lines.append(_fields("Request body", route.body))
    lines.append(_fields("Answer", route.result))
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
