"""Walks over whole values: Go's ``reflect.DeepEqual`` and a copy of everything."""

from __future__ import annotations

from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.values import Map, Record, Slice, URLValues, type_name
from clace.gotemplate.limits import SMALL, Meter

MAX_NESTING: Final = 200
MAX_ITEMS: Final = 250_000
MAX_OWN: Final = 8_000_000


def deep_equal(meter: Meter, first: Any, second: Any) -> bool:
    """Equal types and equal contents, however deep."""
    return _Walk(meter).equal(first, second, 0)


def deep_copy(meter: Meter, value: Any) -> Any:
    """The value with all its lists and maps copied."""
    return _Walk(meter).copy(value, 0)


def own_data(meter: Meter, data: Any) -> Any:
    """The data of a template with its lists and maps copied; of a record, those of any type."""
    walk = _Walk(meter, MAX_OWN)
    if not isinstance(data, Record):
        return walk.copy(data, 0)
    copies = {name: walk.copy(data.fields[name], 0) for name in data.interfaces}
    return Record(data.type_name, {**data.fields, **copies}, interfaces=data.interfaces)


class _Walk:
    """One walk, ended when it takes too long: values may share parts or hold themselves."""

    def __init__(self, meter: Meter, most: int = MAX_ITEMS) -> None:
        self._meter = meter
        self._left = most

    def _step(self, depth: int) -> None:
        self._left -= 1
        if not self._left & 7:
            self._meter.spend(1)
        if self._left < 0 or depth > MAX_NESTING:
            raise CallFault("value is nested too deeply")

    def equal(self, first: Any, second: Any, depth: int) -> bool:
        self._step(depth)
        if type_name(first) != type_name(second):
            return False
        if isinstance(first, (list, tuple)):
            return (
                len(first) == len(second)
                and _is_nil(first) == _is_nil(second)
                and all(self.equal(a, b, depth + 1) for a, b in zip(first, second, strict=True))
            )
        if isinstance(first, (dict, URLValues, Record)):
            ours, theirs = _entries(first), _entries(second)
            return ours.keys() == theirs.keys() and all(
                self.equal(ours[key], theirs[key], depth + 1) for key in ours
            )
        if isinstance(first, str) and len(first) > SMALL:
            self._meter.spend(1 + (len(first) >> 12))
        return bool(first == second)

    def copy(self, value: Any, depth: int) -> Any:
        self._step(depth)
        if type(value) is Slice:
            items = [self.copy(item, depth + 1) for item in value]
            return Slice(items, elem=value.elem, nil=value.nil)
        if isinstance(value, (list, tuple)):
            return [self.copy(item, depth + 1) for item in value]
        if isinstance(value, dict):
            items_by_key = {key: self.copy(item, depth + 1) for key, item in value.items()}
            return Map(items_by_key, elem=value.elem) if type(value) is Map else items_by_key
        return value


def _is_nil(value: Any) -> bool:
    return type(value) is Slice and value.nil


def _entries(value: Any) -> dict[str, Any]:
    if isinstance(value, Record):
        return dict(value.fields)
    entries: dict[str, Any] = value.entries if isinstance(value, URLValues) else value
    return entries
