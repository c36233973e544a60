"""Keys of dicts and elements of sets.

To Python ``True``, ``1`` and ``1.0`` are one key, to Starlark ``True`` is another, and a NaN equals
itself. Keys that Python would confuse are wrapped; all others are the values themselves, so a dict
of strings needs no conversion for anybody.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.host import HostObject
from clace.starlark.values.types import NONE, type_name


class WrappedKey:
    """A key that is a bool, a NaN, or a tuple with one of them in it."""

    __slots__ = ("_identity", "value")

    def __init__(self, value: object) -> None:
        self.value = value
        self._identity = _identity(value)

    def __hash__(self) -> int:
        return hash(self._identity)

    def __eq__(self, other: object) -> bool:
        return type(other) is WrappedKey and other._identity == self._identity


def _identity(value: Any) -> object:
    """A value of Python's that equals another just where Starlark says so."""
    kind = type(value)
    if kind is bool:
        return (bool, value)
    if kind is float and value != value:  # noqa: PLR0124 - it is NaN
        return (float, "nan")
    if kind is tuple:
        return tuple([_identity(item) for item in value])
    return value


_TRUE, _FALSE = WrappedKey(True), WrappedKey(False)
_AS_THEY_ARE = frozenset({str, int, bytes, NONE, FunctionType})


def to_key(value: Any) -> Any:
    """The key under which a dict keeps a value.

    :raises Failure: if the value cannot be a key.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is bool:
        return _TRUE if value else _FALSE
    if kind is float:
        return value if value == value else WrappedKey(value)  # noqa: PLR0124 - it is NaN
    if kind is tuple:
        wrapped = [type(to_key(item)) is WrappedKey for item in value]
        return WrappedKey(value) if any(wrapped) else value
    if isinstance(value, HostObject) and value.hashable:
        return value
    colon = ":" if kind is range or type_name(value) not in _WITH_TYPE else " type:"
    raise Failure(f"unhashable{colon} {type_name(value)}")


_WITH_TYPE = frozenset({"list", "dict", "set"})


def from_key(key: Any) -> Any:
    """The value that a dict keeps under ``key``."""
    return key.value if type(key) is WrappedKey else key


def keys_of(mapping: dict[Any, Any]) -> list[Any]:
    """The keys of a dict as values."""
    return [key.value if type(key) is WrappedKey else key for key in mapping]
