"""The types of Starlark values: which Python types they are, and their names."""

from __future__ import annotations

from types import FunctionType
from typing import Any, Final

from clace.starlark.values.host import HostObject
from clace.starlark.values.sequences import BytesElements, StringCodepoints, StringElements
from clace.starlark.values.sets import Set

NONE: Final = type(None)
TYPE_NAMES: dict[type, str] = {
    int: "int",
    bool: "bool",
    float: "float",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "dict",
    tuple: "tuple",
    range: "range",
    NONE: "NoneType",
    Set: "set",
    StringElements: "string.elems",
    StringCodepoints: "string.codepoints",
    BytesElements: "bytes.elems",
}
# The built-in functions are Python's own; this tells them from the program's.
BUILTIN_NAMES: dict[object, str] = {}


def type_name(value: Any) -> str:
    """The name of a value's type, as ``type`` gives it."""
    kind = type(value)
    name = TYPE_NAMES.get(kind)
    if name is not None:
        return name
    if kind is FunctionType:
        return "builtin_function_or_method" if value in BUILTIN_NAMES else "function"
    if isinstance(value, HostObject):
        return value.type_name
    raise AssertionError(f"{kind} is no Starlark value")


def is_callable(value: object) -> bool:
    """Return true if a program may call it."""
    if type(value) is FunctionType:
        return True
    return isinstance(value, HostObject) and type(value).__call__ is not HostObject.__call__
