"""Entries as apps have them, and as they are stored: checked on the way in, made whole on the way
out.
"""

from __future__ import annotations

import json as plain_json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from clace.model import INTEGERS, RESERVED, DocType, DocumentField
from clace.plugins.kit import CallFailed
from clace.units import MEBIBYTE

MAX_BYTES = MEBIBYTE
_DEPTH = 32
_LONG_NUMBER = re.compile(r"\d{19}")


def check_size(entry: Mapping[str, Any], doc_type: DocType) -> int:
    """Return the bytes of the entry's JSON, counted quickly.

    :raises CallFailed: if there are too many, or it is nested without end.
    """
    try:
        size = len(msgspec.json.encode(entry))
    except (TypeError, RecursionError, OverflowError) as error:
        raise CallFailed(f"an entry of type {doc_type.name} that is no JSON: {error}") from error
    if size > MAX_BYTES:
        raise CallFailed(
            f"an entry of type {doc_type.name} has {size} bytes, more than {MAX_BYTES}"
        )
    return size


def fields_of(entry: Mapping[str, Any], doc_type: DocType) -> dict[str, Any]:
    """The values of all fields, with the defaults of those that are not given.

    :raises CallFailed: if one is missing, unknown or of another type than declared.
    """
    declared = {*RESERVED, *[field.name for field in doc_type.fields]}
    if not entry.keys() <= declared:
        unknown = next(name for name in entry if name not in declared)
        raise CallFailed(f"type {doc_type.name} has no field {unknown!s:.100}")
    return {field.name: _value(entry, field, doc_type) for field in doc_type.fields}


def _value(entry: Mapping[str, Any], field: DocumentField, doc_type: DocType) -> Any:
    if field.name not in entry and field.default is None:
        raise CallFailed(f"field {field.name} of type {doc_type.name} is not given")
    value = entry.get(field.name, field.default)
    if not field.type.takes(value):
        raise CallFailed(
            f"field {field.name} of type {doc_type.name} takes {field.type},"
            f" got {type(value).__name__}"
        )
    kind = type(value)
    if kind is bool or (kind is str and "\0" not in value):
        return value
    _check(value, field.name, 0)
    return value


def _check(value: Any, name: str, depth: int) -> None:
    """:raises CallFailed: if it has something that one of the databases cannot keep."""
    problem = "is nested too deeply" if depth > _DEPTH else _problem(value)
    if problem:
        raise CallFailed(f"field {name} {problem}")
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        for item in value:
            _check(item, name, depth + 1)


def _problem(value: Any) -> str:
    """Say what is wrong with a value by itself; empty if nothing is."""
    match value:
        case str():
            return "has a NUL character" if "\0" in value else ""
        case int():
            return "" if value in INTEGERS else "has a number of more than 64 bits"
        case float():
            return "" if math.isfinite(value) else "has a number that is none"
        case dict():
            known = all(isinstance(key, str) for key in value)
            return "" if known else "has a key that is no text"
        case list() | tuple() | None:
            return ""
        case _:
            return f"has a value of type {type(value).__name__}"


def encoded(fields: Mapping[str, Any]) -> str:
    """The JSON to store.

    :raises CallFailed: if it is too large with the fields of other versions of the app.
    """
    text = msgspec.json.encode(fields)
    if len(text) > 2 * MAX_BYTES:
        raise CallFailed("an entry has too much in fields that are not declared any more")
    return text.decode()


def decoded(text: str) -> dict[str, Any]:
    """The stored fields. PostgreSQL writes great floats with all of their digits."""
    found: dict[str, Any]
    if _LONG_NUMBER.search(text):
        found = plain_json.loads(text, parse_int=_number)
    else:
        found = msgspec.json.decode(text)
    return found


def _number(digits: str) -> int | float:
    number = int(digits)
    return number if number in INTEGERS else float(digits)


def entry_of(row: Sequence[Any], doc_type: DocType) -> dict[str, Any]:
    """A row as apps see it: what every entry has, and the fields that are declared now.

    The row has the values of ``RESERVED``, and then the JSON.
    """
    stored = decoded(row[-1])
    entry = dict(zip(RESERVED, row, strict=False))
    for field in doc_type.fields:
        entry[field.name] = stored.get(field.name, field.default)
    return entry
