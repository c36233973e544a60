"""Effective values for people: each with its origin, secrets hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from clace.config.exposure import TELLING
from clace.config.loading import Config
from clace.config.places import Origin, Steps
from clace.config.schema import Entry, Shape, entries, plain
from clace.config.sections import Settings
from clace.errors import BadRequest
from clace.model import references

HIDDEN = "<redacted>"


class Shown(Struct, frozen=True):
    """A value that holds, as TOML would say it, and who said so."""

    at: Steps
    value: object
    origin: Origin


def effective(config: Config) -> tuple[Shown, ...]:
    """Every key with its value, in the order of the sections."""
    return tuple(
        Shown(at, value, config.origins.get(at, Origin()))
        for at, value in _values(Settings, config, ())
    )


def _values(kind: type[Struct], section: object, at: Steps) -> Iterator[tuple[Steps, object]]:
    for entry in entries(kind):
        yield from _entry(entry, getattr(section, entry.attribute), (*at, entry.name))


def _entry(entry: Entry, value: object, at: Steps) -> Iterator[tuple[Steps, object]]:
    match entry.shape, value:
        case Shape.KEY, _:
            yield at, _hidden(plain(value)) if entry.of.secret else plain(value)
        case Shape.BLOCKS, tuple():
            for number, block in enumerate(value, 1):
                yield from _values(entry.of, block, (*at, str(number)))
        case Shape.FREE_KEYS, dict():
            yield from _free(value, at)
        case Shape.SECTION, _:
            yield from _values(entry.of, value, at)
        case _, dict():
            for name, section in value.items():
                yield from _named(entry, section, at, name)


def _named(entry: Entry, section: Any, at: Steps, name: str) -> Iterator[tuple[Steps, object]]:
    """A section of one of the shapes whose sections have names."""
    if entry.shape is Shape.NAMED_SECTIONS:
        yield from _values(entry.of, section, (*at, name))
    elif entry.shape is Shape.ACCOUNTS:
        yield from _values(entry.of, section, (*at[:-1], at[-1] + name))
    else:
        yield from _free(section, (*at[:-1], name))


def _free(keys: Mapping[str, object], at: Steps) -> Iterator[tuple[Steps, object]]:
    for name, value in keys.items():
        yield (*at, name), _without_secrets(name, value)


def _without_secrets(name: str, value: object) -> object:
    """Free keys have no rule that says what is secret: their names do."""
    if TELLING.search(name):
        return _hidden(value)
    match value:
        case dict():
            return {key: _without_secrets(key, item) for key, item in value.items()}
        case list():
            return [_without_secrets("", item) for item in value]
        case _:
            return value


def _hidden(value: object) -> object:
    """Return a mark for a secret; its absence, or where it is kept, may be seen."""
    if not value or (isinstance(value, str) and _is_one_reference(value)):
        return value
    return HIDDEN


def _is_one_reference(text: str) -> bool:
    try:
        return [each.text for each in references(text)] == [text]
    except BadRequest:
        return False
