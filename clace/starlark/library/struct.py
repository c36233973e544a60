"""``struct(name = value)``: values with named fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.comparison import equal
from clace.starlark.values.functions import Builtin
from clace.starlark.values.host import Fields
from clace.starlark.values.keys import to_key
from clace.starlark.values.printing import representation


class Struct(Fields):
    """Fields that do not change; two structs are equal if their fields are."""

    __slots__ = ()
    type_name = "struct"
    hashable = True
    missing = "struct has no .{name} attribute"

    def __init__(self, fields: Mapping[str, object]) -> None:
        super().__init__(dict(sorted(fields.items())))

    @classmethod
    def over(cls, fields: Mapping[str, object]) -> Struct:
        """Return a struct of fields that are sorted by name, and may be made when they are read."""
        made = cls.__new__(cls)
        made._fields = fields
        return made

    def text(self) -> str:
        fields = ", ".join(
            f"{name} = {representation(value)}" for name, value in self._fields.items()
        )
        return f"struct({fields})"

    def operate(self, operator: str, other: object, *, reflected: bool) -> object:
        if operator != "+" or type(other) is not Struct or reflected:
            return NotImplemented
        return Struct({**self._fields, **other._fields})

    def equals(self, other: object) -> bool:
        return (
            type(other) is Struct
            and self._fields.keys() == other._fields.keys()
            and all(equal(value, other._fields[name]) for name, value in self._fields.items())
        )

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __hash__(self) -> int:
        return hash(tuple([(name, to_key(value)) for name, value in self._fields.items()]))


def _make(*args: Any, **kwargs: Any) -> Struct:
    if args:
        raise Failure("struct: unexpected positional arguments")
    return Struct(kwargs)


struct = Builtin("struct", _make)
