"""The keys in which two configurations differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import to_builtins

from clace.config.places import Steps, dotted
from clace.config.sections import Settings


def changed_keys(before: Settings, after: Settings) -> tuple[str, ...]:
    """Return the dotted keys whose values differ, without the values."""
    return tuple(map(dotted, _different(_plain(before), _plain(after), ())))


def _plain(settings: Settings) -> dict[str, Any]:
    names = Settings.__struct_fields__
    return {name: to_builtins(getattr(settings, name), enc_hook=str) for name in names}


def _different(before: Any, after: Any, at: Steps) -> Iterator[Steps]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            yield from _different(before.get(name), after.get(name), (*at, name))
    elif before != after:
        yield at
