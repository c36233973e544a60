"""``x.name``: the methods of a type, or what a host object declares.

No attribute that Python gives to a value can be reached.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.source.spelling import suggestion
from clace.starlark.values.host import BoundMethod, HostObject, NoSuchAttribute
from clace.starlark.values.printing import representation
from clace.starlark.values.registry import METHODS
from clace.starlark.values.types import type_name

_NO_METHODS: dict[str, Any] = {}
RESERVED = frozenset({"None", "True", "False", "__debug__", "__builtins__"})
"""Names that Python keeps to itself; a variable of such a name has a ``$`` in front."""


class MissingAttribute(Failure):
    """A value has no attribute of this name; the place of the error is the dot."""


def get_attribute(value: Any, name: str) -> Any:
    """``value.name``"""
    if isinstance(value, HostObject):
        try:
            return value.attribute(name)
        except NoSuchAttribute:
            pass
    methods = METHODS.get(type(value))
    if methods is not None and name in methods:
        return BoundMethod(value, name, methods[name])
    hint = suggestion(name, attribute_names(value), ".")
    raise MissingAttribute(missing_attribute(value, name) + hint)


def missing_attribute(value: Any, name: str) -> str:
    """The message that a value has no attribute of this name."""
    if isinstance(value, HostObject) and value.missing:
        return value.missing.format(name=name)
    return f"{type_name(value)} has no .{name} field or method"


def attribute_names(value: Any) -> list[str]:
    """The names of a value's attributes, sorted."""
    if isinstance(value, HostObject):
        return sorted(value.attribute_names())
    return sorted(METHODS.get(type(value), _NO_METHODS))


def find_attribute(value: Any, name: str, default: Any) -> Any:
    """Return ``value.name``, or ``default`` if it is missing."""
    methods = METHODS.get(type(value))
    if methods is not None and name in methods:
        return BoundMethod(value, name, methods[name])
    if isinstance(value, HostObject):
        try:
            return value.attribute(name)
        except NoSuchAttribute:
            return default
    return default


def set_attribute(value: Any, name: str, item: Any) -> None:
    """``value.name = item``"""
    if not isinstance(value, HostObject):
        raise Failure(f"can't assign to .{name} field of {type_name(value)}")
    value.set_attribute(name, item)


def store_attribute(item: Any, value: Any, name: str) -> None:
    """``set_attribute`` with the item first, as it is evaluated first."""
    set_attribute(value, name, item)


def call_method(value: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """``value.name(...)``"""
    methods = METHODS.get(type(value))
    if methods is not None and name in methods:
        return methods[name](value, *args, **kwargs)
    return get_attribute(value, name)(*args, **kwargs)


def late_call(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], star: Iterable[Any], more: Any
) -> Any:
    """A call whose ``*star`` and ``**more`` are evaluated after its named arguments."""
    for name in more:
        if name in kwargs:
            named = representation(function).removeprefix("<").removesuffix(">")
            raise Failure(f'{named} got multiple values for parameter "{name}"')
    return function(*args, *star, **_by_parameter(function, kwargs), **more)


def _by_parameter(function: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Named arguments under the names that Python has for the parameters of these names."""
    if RESERVED.isdisjoint(kwargs) or type(function) is not FunctionType:
        return kwargs
    code = function.__code__
    known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return {
        reserved if (reserved := f"${name}") in known else name: value
        for name, value in kwargs.items()
    }
