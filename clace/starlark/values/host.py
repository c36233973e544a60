"""Values that a host adds to the language: programs see what these methods give, nothing else."""
# ruff: noqa: ARG002 - the defaults refuse, whatever the arguments

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from clace.starlark.errors import Failure


class NoSuchAttribute(Exception):
    """A value has no attribute of this name."""


class HostObject:
    """A value of a type of the host's own; the defaults refuse what a subclass does not offer.

    Python's ``bool`` of it is its truth. ``children`` are the values that freezing must reach.
    """

    __slots__ = ()
    type_name: ClassVar[str] = "object"
    hashable: ClassVar[bool] = False
    missing: ClassVar[str] = ""  # the message about a missing attribute, with its {name}

    def attribute(self, name: str) -> object:
        """:raises NoSuchAttribute: if the value has no attribute of this name."""
        raise NoSuchAttribute(name)

    def attribute_names(self) -> Iterable[str]:
        return ()

    def set_attribute(self, name: str, value: object) -> None:
        raise Failure(f"can't assign to .{name} field of {self.type_name}")

    def text(self) -> str:
        """The form that ``str`` and ``repr`` give."""
        return f"<{self.type_name}>"

    def iterate(self) -> Iterable[object]:
        """The items for a loop, which may be produced one by one."""
        raise Failure(f"{self.type_name} value is not iterable")

    def length(self) -> int | None:
        """The number of items, if the type has one."""
        return None

    def item(self, key: object) -> object:
        """``value[key]``"""
        raise Failure(f"unhandled index operation {self.type_name}[{_type_of(key)}]")

    def set_item(self, key: object, value: object) -> None:
        """``value[key] = item``"""
        raise Failure(f"{self.type_name} value does not support item assignment")

    def contains(self, value: object) -> bool:
        """``value in self``"""
        raise Failure(f"unknown binary op: {_type_of(value)} in {self.type_name}")

    def operate(self, operator: str, other: object, *, reflected: bool) -> object:
        """The result of a binary operator, or ``NotImplemented``."""
        return NotImplemented

    def equals(self, other: object) -> bool:
        """Return true if both are the same value, to a program."""
        return self is other

    def children(self) -> Iterable[object]:
        return ()

    def freeze(self) -> None:
        """Refuse changes from now on; ``children`` are frozen by whoever calls."""

    def __call__(self, /, *args: object, **kwargs: object) -> object:
        raise Failure(f"invalid call of non-function ({self.type_name})")


class BoundMethod(HostObject):
    """A method of a value that was taken without being called."""

    __slots__ = ("_function", "name", "receiver")
    type_name = "builtin_function_or_method"
    hashable = True

    def __init__(self, receiver: object, name: str, function: Callable[..., object]) -> None:
        self.receiver = receiver
        self.name = name
        self._function = function

    def text(self) -> str:
        return f"<built-in method {self.name} of {_type_of(self.receiver)} value>"

    def children(self) -> Iterable[object]:
        return (self.receiver,)

    def __call__(self, /, *args: object, **kwargs: object) -> object:
        return self._function(self.receiver, *args, **kwargs)


class Fields(HostObject):
    """A value with named fields that do not change."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields: Mapping[str, object] = dict(fields)

    def attribute(self, name: str) -> object:
        try:
            return self._fields[name]
        except KeyError:
            raise NoSuchAttribute(name) from None

    def attribute_names(self) -> Iterable[str]:
        return sorted(self._fields)

    def children(self) -> Iterable[object]:
        return self._fields.values()


class NamedValues(Fields):
    """A named collection of values, such as ``json``."""

    __slots__ = ("name",)
    type_name = "module"

    def __init__(self, name: str, fields: Mapping[str, object]) -> None:
        super().__init__(fields)
        self.name = name

    def text(self) -> str:
        return f'<module "{self.name}">'


def _type_of(value: object) -> str:
    from clace.starlark.values.types import type_name  # noqa: PLC0415 - it knows all types

    return type_name(value)
