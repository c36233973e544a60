"""Document types of an app, as its ``schema.star`` declares them.

An app's host sends this to the daemon, so that all of it is checked wherever it is made.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

RESERVED = ("_id", "_version", "_created_by", "_updated_by", "_created_at", "_updated_at")
"""What every entry has beside its fields."""
INTEGERS = range(-(1 << 63), 1 << 63)
_NOT_FIELDS = frozenset({*RESERVED, "_json"})
_DIRECTIONS = {"": False, "asc": False, "desc": True}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


class FieldType(StrEnum):
    """The type of a field's values; any of them may be missing."""

    INT = "INT"
    STRING = "STRING"
    BOOLEAN = "BOOLEAN"
    LIST = "LIST"
    DICT = "DICT"

    def takes(self, value: Any) -> bool:
        """Return true if the value is of the type, or missing."""
        if value is None:
            return True
        if self is FieldType.INT:
            return type(value) is int and value in INTEGERS
        return isinstance(value, _CLASSES[self])


_CLASSES: dict[FieldType, type | tuple[type, ...]] = {
    FieldType.STRING: str,
    FieldType.BOOLEAN: bool,
    FieldType.LIST: (list, tuple),
    FieldType.DICT: dict,
}


class DocumentField(Struct, frozen=True, forbid_unknown_fields=True):
    """A field of a document; one without a default has to be given."""

    name: str
    type: FieldType
    default: Any = None

    def __post_init__(self) -> None:
        """:raises ValueError: the name cannot be used, or the default is of another type."""
        _check_name(self.name)
        if self.name in _NOT_FIELDS:
            raise ValueError(f"field name {self.name} is reserved")
        if not self.type.takes(self.default):
            raise ValueError(f"default of field {self.name} is not of type {self.type}")


class DocumentIndex(Struct, frozen=True, forbid_unknown_fields=True):
    """Fields to find and sort by, each ``field``, ``field:asc`` or ``field:desc``."""

    fields: Annotated[tuple[str, ...], Meta(min_length=1, max_length=8)]
    unique: bool = False

    @property
    def parts(self) -> tuple[tuple[str, bool], ...]:
        """Names of fields, each with whether it descends.

        :raises ValueError: if a direction is unknown.
        """
        return tuple(map(sort_key, self.fields))


class DocType(Struct, frozen=True, forbid_unknown_fields=True):
    """A type of document: the entries of one table."""

    name: str
    fields: Annotated[tuple[DocumentField, ...], Meta(max_length=256)]
    indexes: Annotated[tuple[DocumentIndex, ...], Meta(max_length=32)] = ()

    def __post_init__(self) -> None:
        """:raises ValueError: a field is there twice, or an index is of no field."""
        _check_name(self.name)
        for name in _repeated(field.name for field in self.fields):
            raise ValueError(f"duplicate field {name} in type {self.name}")
        names = {field.name for field in self.fields}
        for index in self.indexes:
            for name, _descends in index.parts:
                if name not in names:
                    raise ValueError(f"index field {name} not defined in type {self.name}")

    def field(self, name: str) -> DocumentField | None:
        return next((field for field in self.fields if field.name == name), None)


class AppSchema(Struct, frozen=True, forbid_unknown_fields=True):
    """All that an app declares; without types it has no ``schema.star``, or an empty one."""

    types: Annotated[tuple[DocType, ...], Meta(max_length=100)] = ()

    def __post_init__(self) -> None:
        """:raises ValueError: a type is there twice."""
        for name in _repeated(one.name for one in self.types):
            raise ValueError(f"duplicate type {name}")

    def type(self, name: str) -> DocType | None:
        return next((one for one in self.types if one.name == name), None)

    @property
    def names(self) -> frozenset[str]:
        """The attributes that entries may have."""
        fields = (field.name for one in self.types for field in one.fields)
        return frozenset((*fields, *RESERVED)) if self.types else frozenset()


def sort_key(written: str) -> tuple[str, bool]:
    """``field`` or ``field:DESC`` as the field's name and whether it descends.

    :raises ValueError: if the direction is unknown.
    """
    name, _, direction = written.partition(":")
    if direction.lower() not in _DIRECTIONS or written.endswith(":"):
        raise ValueError(f"invalid index field {written}, expected field, field:asc or field:desc")
    return name, _DIRECTIONS[direction.lower()]


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"invalid name {name!r:.99}, expected at most 63 ASCII letters, digits and _"
        )


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
