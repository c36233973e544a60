"""The schema: facts that the sections declare about their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from msgspec import Struct, structs

from clace.config.places import Steps
from clace.config.rules import Rule, declared
from clace.config.sections import Account, OtherName, Settings


class Shape(Enum):
    """The shape of a field in a file."""

    KEY = auto()
    SECTION = auto()
    BLOCKS = auto()
    NAMED_SECTIONS = auto()
    FREE_KEYS = auto()
    ACCOUNTS = auto()
    """Sections beside the entry's, whose names begin with that of the entry."""
    OTHERS = auto()
    """Sections of free keys beside the entries', under names that are known to be meant."""


class Entry(NamedTuple):
    """A field: ``name`` is that in a file, ``of`` the rule of a key or the struct of a section."""

    name: str
    attribute: str
    shape: Shape
    of: Any
    default: Any


class Key(NamedTuple):
    """A key that a file can set, with what it takes and has by default (as TOML would say it)."""

    at: Steps
    rule: Rule
    default: object


@cache
def entries(kind: type[Struct]) -> tuple[Entry, ...]:
    """The fields of a section, in order."""
    return tuple(
        Entry(found.encode_name, found.name, *_shape(found.type), found.default)
        for found in structs.fields(kind)
    )


def keys(kind: type[Struct] = Settings, at: Steps = ()) -> Iterator[Key]:
    """All keys with a fixed place."""
    for entry in entries(kind):
        here = (*at, entry.name)
        if entry.shape is Shape.KEY:
            yield Key(here, entry.of, plain(entry.default))
        elif entry.shape is Shape.SECTION:
            yield from keys(entry.of, here)


def plain(value: object) -> object:
    """A read value as TOML would say it; no path is an empty text."""
    match value:
        case None:
            return ""
        case Path():
            return str(value)
        case tuple():
            return [plain(item) for item in value]
        case _:
            return value


def _shape(kind: Any) -> tuple[Shape, Any]:
    if get_origin(kind) is Annotated:
        return Shape.KEY, declared(kind)
    if get_origin(kind) is tuple:
        return Shape.BLOCKS, get_args(kind)[0]
    if get_origin(kind) is Mapping:
        name, inner = get_args(kind)
        if name is Account:
            return Shape.ACCOUNTS, inner
        if name is OtherName:
            return Shape.OTHERS, declared(inner)
        named = isinstance(inner, type) and issubclass(inner, Struct)
        return (Shape.NAMED_SECTIONS, inner) if named else (Shape.FREE_KEYS, declared(inner))
    return Shape.SECTION, kind
