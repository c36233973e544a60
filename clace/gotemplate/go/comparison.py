"""``eq`` and ``lt``: Go compares within a kind and refuses the rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.printf import sprintf
from clace.gotemplate.go.printing import text_of
from clace.gotemplate.go.values import NOVALUE, NilMap, Record, Slice, URLValues, type_name


def basic_kind(value: Any) -> str:
    """The kind of a comparable value, or nothing."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "string"
    return "complex" if isinstance(value, complex) else ""


def equal(first: Any, second: Any) -> bool:
    """Go's ``eq`` of two values."""
    kind = basic_kind(first)
    other = basic_kind(second)
    first_nil = first is None or first is NOVALUE
    second_nil = second is None or second is NOVALUE
    if kind != other:
        if first_nil or second_nil:
            return False
        raise CallFault(
            f"incompatible types for comparison: {type_name(first)} and {type_name(second)}"
        )
    if kind:
        return bool(first == second)
    if first_nil or second_nil:
        return _is_nil(first) and _is_nil(second)
    return _equal_composite(first, second)


def _is_nil(value: Any) -> bool:
    """Return true if a value is nil, untyped or typed."""
    typed = isinstance(value, NilMap) or (isinstance(value, Slice) and value.nil)
    return typed or value is None or value is NOVALUE


def _verb_s(value: Any) -> str:
    return sprintf("%s", (value,), lambda _: None)


def _shape(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "slice"
    return "map" if isinstance(value, (dict, URLValues)) else "struct"


def _equal_composite(first: Any, second: Any) -> bool:
    shape = _shape(first)
    if shape != _shape(second):
        raise CallFault(
            f"non-comparable types {_verb_s(first)}: {type_name(first)}, "
            f"{type_name(second)}: {text_of(second)}"
        )
    if _is_nil(first) or _is_nil(second):
        return _is_nil(first) and _is_nil(second)
    if shape != "struct":
        raise CallFault(f"non-comparable type {_verb_s(second)}: {type_name(second)}")
    if isinstance(first, datetime) and isinstance(second, datetime):
        return first == second and first.tzinfo == second.tzinfo
    if isinstance(first, Record) and isinstance(second, Record):
        if not _is_comparable(second):
            raise CallFault(f"non-comparable type {_verb_s(second)}: {type_name(second)}")
        return first.type_name == second.type_name and first.fields == second.fields
    return first is second


def _is_comparable(record: Record) -> bool:
    """Return true if no field of a struct is a slice or a map."""
    return not any(
        isinstance(value, (list, tuple, dict, URLValues))
        for name, value in record.fields.items()
        if name not in record.interfaces
    )


def less(first: Any, second: Any) -> bool:
    """Go's ``lt`` of two values."""
    kind = basic_kind(first)
    other = basic_kind(second)
    if not kind or not other:
        raise CallFault("invalid type for comparison")
    if kind != other:
        raise CallFault(
            f"incompatible types for comparison: {type_name(first)} and {type_name(second)}"
        )
    if kind in ("bool", "complex"):
        raise CallFault("invalid type for comparison")
    return bool(first < second)
