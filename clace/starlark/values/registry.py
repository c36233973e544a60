"""The built-in functions and the methods of types, by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from clace.starlark.values.arguments import Signature
from clace.starlark.values.types import BUILTIN_NAMES

METHODS: dict[type, dict[str, Callable[..., Any]]] = {}
UNIVERSE: dict[str, Any] = {}
# By the name that the Python function has, which is how Python's own errors name it.
SIGNATURES: dict[str, Signature] = {}
Function = Callable[..., Any]


def method(kind: type, name: str = "", style: str = "positional") -> Callable[[Function], Function]:
    """Register a method of a type; the first parameter is the receiver."""

    def register(function: Function) -> Function:
        called = name or function.__name__.partition("_")[2]
        METHODS.setdefault(kind, {})[called] = function
        SIGNATURES[function.__name__] = _signature(function, called, style, skip=1)
        return function

    return register


def builtin(style: str = "positional", *names: str) -> Callable[[Function], Function]:
    """Register a built-in function, named without its prefix ``builtin_``.

    ``names`` are those of its parameters where arguments may be given by name.
    """

    def register(function: Function) -> Function:
        called = function.__name__.removeprefix("builtin_")
        UNIVERSE[called] = function
        BUILTIN_NAMES[function] = called
        found = _signature(function, called, style, skip=0)
        known = Signature(called, style, names or found.parameters, found.required)
        SIGNATURES[function.__name__] = known
        return function

    return register


def _signature(function: Function, name: str, style: str, *, skip: int) -> Signature:
    found = list(inspect.signature(function).parameters.values())[skip:]
    plain = [one for one in found if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    required = sum(one.default is one.empty for one in plain)
    return Signature(name, style, tuple(one.name for one in plain), required, skip > 0)
