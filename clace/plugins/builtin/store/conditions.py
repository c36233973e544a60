"""Filters as apps write them, read into conditions that know nothing of SQL."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from clace.model import INTEGERS, RESERVED, DocType, DocumentField, FieldType, sort_key
from clace.plugins.kit import CallFailed, quoted, shown

OPERATORS = ("$gt", "$lt", "$gte", "$lte", "$eq", "$ne", "$like")
LIKE_ESCAPE = "\\"
_LOGICAL = ("$and", "$or")
_TEXTS = frozenset({"_created_by", "_updated_by"})
_SORTED = frozenset({FieldType.INT, FieldType.STRING, FieldType.BOOLEAN})
_NO_KEY = re.compile(r"[\x00-\x1f\"\\]")
_DEPTH = 10
_CONDITIONS = 200
_PATTERNS = 1_000
_SORTS = 8
Scalar = str | int | float | bool | None


class EntryColumn(Struct, frozen=True):
    """One of the values that every entry has."""

    name: str


class FieldValue(Struct, frozen=True):
    """A field, or with a path something inside of one."""

    field: DocumentField
    path: tuple[str, ...] = ()


Place = EntryColumn | FieldValue


class Comparison(Struct, frozen=True):
    """A comparison of a place with an operand; ``operator`` is one of ``OPERATORS``."""

    place: Place
    operator: str
    operand: Scalar


class AllOf(Struct, frozen=True):
    """True if all of the parts are."""

    parts: tuple[Condition, ...]


class AnyOf(Struct, frozen=True):
    """True if one of the parts is."""

    parts: tuple[Condition, ...]


Condition = Comparison | AllOf | AnyOf


class SortOrder(Struct, frozen=True):
    """A place to sort by."""

    place: Place
    descends: bool


def read_filter(given: Mapping[str, Any], doc_type: DocType) -> Condition:
    """:raises CallFailed: if it is not a filter for entries of this type."""
    return _FilterReader(doc_type).condition(given, 0)


def read_sort(given: Sequence[str], doc_type: DocType) -> tuple[SortOrder, ...]:
    """:raises CallFailed: if one of the texts is nothing to sort by."""
    if len(given) > _SORTS:
        raise CallFailed(f"cannot sort by more than {_SORTS} fields")
    return tuple(_order(written, doc_type) for written in given)


def _order(written: str, doc_type: DocType) -> SortOrder:
    try:
        name, descends = sort_key(written)
    except ValueError:
        raise CallFailed(f"invalid sort field {shown(written)}") from None
    place = _place(name, doc_type)
    if isinstance(place, FieldValue) and (place.path or place.field.type not in _SORTED):
        raise CallFailed(f"cannot sort by {name}, only by fields of type INT, STRING or BOOLEAN")
    return SortOrder(place, descends)


class _FilterReader:
    """One filter being read; counts its conditions, and the characters of its patterns."""

    def __init__(self, doc_type: DocType) -> None:
        self._doc_type = doc_type
        self._left = _CONDITIONS
        self._patterns_left = _PATTERNS

    def condition(self, given: Mapping[str, Any], depth: int) -> Condition:
        if depth > _DEPTH:
            raise CallFailed("invalid logical condition: nested too deeply")
        self._count()
        return AllOf(tuple(self._part(name, value, depth) for name, value in given.items()))

    def _part(self, name: str, value: Any, depth: int) -> Condition:
        if name.lower() in _LOGICAL:
            parts = _conditions(name, value)
            return _joined(name, [self.condition(part, depth + 1) for part in parts])
        if name.startswith("$"):
            raise CallFailed(
                f"operator {shown(name)} supported for field conditions only: {_shown(value)}"
            )
        return self._field(name, value)

    def _field(self, name: str, value: Any) -> Condition:
        place = _place(name, self._doc_type)
        if not isinstance(value, Mapping):
            return self._comparison(name, place, "$eq", value)
        if not value:
            raise CallFailed(f"invalid query condition for {name}, there is no operator")
        return AllOf(tuple(self._of_field(name, place, *one) for one in value.items()))

    def _of_field(self, name: str, place: Place, operator: str, value: Any) -> Condition:
        if operator.lower() not in _LOGICAL:
            return self._comparison(name, place, operator, value)
        parts = _conditions(f"{name} {operator}", value)
        if any(len(part) != 1 for part in parts):
            raise CallFailed(
                f"invalid logical condition for {name} {operator}, each needs exactly one operator"
            )
        comparisons = [
            self._comparison(name, place, *one) for part in parts for one in part.items()
        ]
        return _joined(operator, comparisons)

    def _comparison(self, name: str, place: Place, operator: str, operand: Any) -> Comparison:
        self._count()
        if operator not in OPERATORS:
            raise CallFailed(
                f"invalid query condition for {name} {shown(operator)}, no such operator"
            )
        if not (_is_scalar(operand) and _fits(place, operator, operand)):
            raise CallFailed(f"invalid condition for {name} {operator}, value {_shown(operand)}")
        if operator == "$like":
            self._count_pattern(str(operand))
        return Comparison(place, operator, operand)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise CallFailed(f"a filter cannot have more than {_CONDITIONS} conditions")

    def _count_pattern(self, pattern: str) -> None:
        """No database can be interrupted while it looks for a pattern in one text."""
        self._patterns_left -= len(pattern)
        if self._patterns_left < 0:
            raise CallFailed(f"$like cannot look for more than {_PATTERNS} characters in a filter")


def _conditions(name: str, value: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list | tuple) or not value:
        raise CallFailed(f"invalid logical condition for {name}, expected a list of conditions")
    if not all(isinstance(part, Mapping) for part in value):
        raise CallFailed(f"invalid logical condition for {name}, expected dicts in the list")
    return value


def _joined(operator: str, parts: Sequence[Condition]) -> Condition:
    return AllOf(tuple(parts)) if operator.lower() == "$and" else AnyOf(tuple(parts))


def _place(name: str, doc_type: DocType) -> Place:
    if "'" in name:
        raise CallFailed(f"field path cannot contain ': {shown(name)}")
    if name == "_json":
        raise CallFailed("querying _json directly is not supported")
    if name in RESERVED:
        return EntryColumn(name)
    first, *path = name.split(".")
    field = doc_type.field(first)
    if field is None:
        raise CallFailed(f"type {doc_type.name} has no field {shown(name)}")
    if path and field.type is not FieldType.DICT:
        raise CallFailed(f"invalid field path {shown(name)}, {first} is not of type DICT")
    if not all(path) or len(path) > _DEPTH or _NO_KEY.search(name):
        raise CallFailed(f"invalid field path {shown(name)}")
    return FieldValue(field, tuple(path))


def _shown(value: Any) -> str:
    """A value for an error: short, however much was given."""
    if isinstance(value, str):
        return quoted(value)
    plain = isinstance(value, int | float) or value is None
    return str(value) if plain else f"of type {type(value).__name__}"


def _is_scalar(operand: Any) -> bool:
    match operand:
        case None | bool():
            return True
        case int():
            return operand in INTEGERS
        case float():
            return math.isfinite(operand)
        case str():
            return "\0" not in operand
        case _:
            return False


def _fits(place: Place, operator: str, operand: Scalar) -> bool:
    """Return true if the operator takes the operand, and the place can have such values."""
    if operator == "$like":
        in_text = not isinstance(place, EntryColumn) or place.name in _TEXTS
        return isinstance(operand, str) and in_text and _is_pattern(operand)
    if operand is None:
        return operator in {"$eq", "$ne"}
    if isinstance(operand, bool):
        return operator in {"$eq", "$ne"} and isinstance(place, FieldValue)
    return isinstance(place, FieldValue) or isinstance(operand, str) == (place.name in _TEXTS)


def _is_pattern(text: str) -> bool:
    """Return true if each escape has something to escape."""
    return (len(text) - len(text.rstrip(LIKE_ESCAPE))) % 2 == 0
