"""Entries of the store: their fields are attributes, which an app may set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from clace.model import AppSchema, DocType
from clace.near import did_you_mean
from clace.starlark import (
    Builtin,
    Failure,
    HostObject,
    NoSuchAttribute,
    Struct,
    equal,
    representation,
    to_key,
)

MARK = "_updated_at"
_RESERVED: dict[str, Any] = {
    "_id": 0,
    "_version": 0,
    "_created_by": "",
    "_updated_by": "",
    "_created_at": 0,
    MARK: 0,
}


class EntryValue(HostObject):
    """An entry: attributes of fixed names, which can also be read as items."""

    __slots__ = ("_frozen", "fields")
    type_name = "entry"
    missing = "entry has no field {name}"

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields
        self._frozen = False

    def attribute(self, name: str) -> object:
        try:
            return self.fields[name]
        except KeyError:
            raise NoSuchAttribute(name) from None

    def attribute_names(self) -> Iterable[str]:
        return self.fields

    def set_attribute(self, name: str, value: object) -> None:
        if self._frozen:
            raise Failure("cannot assign to a field of a frozen entry")
        if name not in self.fields:
            raise Failure(f"entry has no field {name}")
        self.fields[name] = value

    def item(self, key: object) -> object:
        if type(key) is str and key in self.fields:
            return self.fields[key]
        raise Failure(f"key {representation(key)} not in entry")

    def set_item(self, key: object, value: object) -> None:
        self.set_attribute(key if type(key) is str else representation(key), value)

    def contains(self, value: object) -> bool:
        return to_key(value) in self.fields

    def iterate(self) -> Iterable[object]:
        return list(self.fields)

    def length(self) -> int:
        return len(self.fields)

    def children(self) -> Iterable[object]:
        return self.fields.values()

    def freeze(self) -> None:
        self._frozen = True

    def equals(self, other: object) -> bool:
        return type(other) is EntryValue and equal(self.fields, other.fields)

    def text(self) -> str:
        return representation(self.fields)


def with_entries(value: Any) -> Any:
    """A value of the daemon with its entries as such."""
    kind = type(value)
    if kind is list:
        return [with_entries(item) for item in value]
    return EntryValue(value) if kind is dict and MARK in value else value


def documents(schema: AppSchema) -> dict[str, Any]:
    """``doc``, which makes entries, and ``table``, which names their tables."""
    makers = {one.name: Builtin(f"doc.{one.name}", _maker(one)) for one in schema.types}
    return {"doc": Struct(makers), "table": Struct({name: name for name in makers})}


def _maker(declared: DocType) -> Callable[..., EntryValue]:
    names = [field.name for field in declared.fields]
    defaults = {field.name: field.default for field in declared.fields if field.default is not None}
    function = f"doc.{declared.name}"

    def make(*args: Any, **kwargs: Any) -> EntryValue:
        if len(args) > len(names):
            raise Failure(f"{function}: got {len(args)} arguments, want at most {len(names)}")
        fields = {**_RESERVED, **dict(zip(names, args, strict=False))}
        for name, value in kwargs.items():
            if name in fields:
                raise Failure(f"{function}: got multiple values for {name}")
            if name not in names:
                meant = did_you_mean(name, names)
                raise Failure(f"{function}: unexpected keyword argument {name}{meant}")
            fields[name] = value
        for name in names:
            if name not in fields and name not in defaults:
                raise Failure(f"{function}: missing argument for {name}")
            fields.setdefault(name, deepcopy(defaults.get(name)))
        return EntryValue(fields)

    return make
