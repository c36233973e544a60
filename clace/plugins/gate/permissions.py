"""Permissions of an app that cover a call, and the refusal when none does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clace.errors import BadRequest, PluginRefused
from clace.model import App, Permission
from clace.plugins.gate.patterns import matches
from clace.plugins.kit import shown

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def text_of(value: Any) -> str:
    """A value as Starlark's ``str`` has it, which is what permissions are compared with.

    :raises BadRequest: if it is nested too deeply to be written.
    """
    try:
        return value if isinstance(value, str) else _quoted(value)
    except RecursionError as error:
        raise BadRequest("an argument is nested too deeply") from error


def _quoted(value: Any) -> str:
    match value:
        case str():
            return f'"{value.translate(_ESCAPES)}"'
        case list() | tuple():
            return f"[{', '.join(map(_quoted, value))}]"
        case dict():
            pairs = (f"{_quoted(key)}: {_quoted(item)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        case _:
            return str(value)


def not_permitted(app: App, plugin: str, method: str) -> str:
    """Return the beginning of a refusal of a call."""
    return f"app {app} is not permitted to call {plugin}.{method}"


def approved(app: App, plugin: str, method: str) -> tuple[Permission, ...]:
    """The permissions of an app that are about this function, whatever else they ask for."""
    return tuple(
        permission
        for permission in app.metadata.permissions
        if (permission.plugin, permission.method) == (plugin, method)
    )


def covering(
    app: App, plugin: str, method: str, candidates: Sequence[Permission], args: Sequence[Any]
) -> tuple[Permission, ...]:
    """Return the ``approved`` that cover the call as far as its positional arguments go.

    :raises PluginRefused: if no permission covers it; the text is about the closest one.
    """
    constrained = max((len(p.arguments) for p in candidates), default=0)
    texts = tuple(map(text_of, args[:constrained]))
    found = tuple(p for p in candidates if _agreeing(p, texts) == len(p.arguments))
    if found:
        return found
    call = not_permitted(app, plugin, method)
    if not candidates:
        raise PluginRefused(f"{call}. Audit the app and approve permissions")
    closest = max(candidates, key=lambda candidate: _agreeing(candidate, texts))
    raise PluginRefused(f"{call} with {_difference(closest, texts)}")


def _agreeing(permission: Permission, texts: Sequence[str]) -> int:
    """Count the leading arguments that are as the permission expects."""
    agreeing = 0
    for expected, text in zip(permission.arguments, texts, strict=False):
        if not matches(expected, text):
            break
        agreeing += 1
    return agreeing


def _difference(permission: Permission, texts: Sequence[str]) -> str:
    index = _agreeing(permission, texts)
    if index == len(texts):
        return (
            f"{len(texts)} arguments, {len(permission.arguments)} or more positional arguments are"
            " required (permissions checks are not supported for kwargs). Audit the app and"
            " approve permissions"
        )
    return (
        f'argument {index} having value "{shown(texts[index])}", expected'
        f' "{permission.arguments[index]}". Update the app or audit and approve permissions'
    )
