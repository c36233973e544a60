"""Functions with the Go signature that decides how templates may call them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from clace.gotemplate.faults import Fault
from clace.gotemplate.go.values import NOVALUE, Int64, NilMap, type_name

Call = TypeVar("Call", bound=Callable[..., Any])
ANY: Final = "interface {}"
VALUE: Final = "reflect.Value"
MAP: Final = "map[string]interface {}"
_ALIASES: Final = {"any": ANY, "value": VALUE, "map": MAP, "time": "time.Time"}
_EXACT: Final[dict[str, type]] = {
    "string": str,
    "int": int,
    "bool": bool,
    "float64": float,
    "int64": Int64,
    MAP: dict,
    "time.Time": datetime,
}
_ANNOTATIONS: Final = {
    str: "string",
    int: "int",
    bool: "bool",
    float: "float64",
    "str": "string",
    "int": "int",
    "bool": "bool",
    "float": "float64",
}


LITERALS: Final = {"string": "string", "int": "integer", "bool": "bool", "float64": "float"}
"""What Go calls the constants that a parameter type takes."""


@dataclass(frozen=True, slots=True)
class Function:
    """A callable and its Go types; ``metered`` ones take the render's meter first.

    A ``pure`` one never fails, and its result depends on its arguments alone: with constants it is
    called once, while the template is compiled. One that ``changes`` maps does so in place.
    """

    name: str
    call: Callable[..., Any]
    params: tuple[str, ...]
    variadic: bool = False
    metered: bool = False
    pure: bool = False
    changes: bool = False

    def param(self, index: int) -> str:
        """The type of an argument, the last one repeating if variadic."""
        return self.params[min(index, len(self.params) - 1)]

    def arity_fault(self, given: int, final: int) -> str | None:
        """Go's complaint about a number of arguments, ``final`` of them from the pipeline."""
        fixed = len(self.params)
        if self.variadic:
            if given + final < fixed - 1:
                return (
                    f"wrong number of args for {self.name}: want at least {fixed - 1} got {given}"
                )
        elif given + final != fixed:
            return f"wrong number of args for {self.name}: want {fixed} got {given + final}"
        return None


@dataclass(frozen=True, slots=True)
class Bound:
    """A method of a value, found while rendering and so checked while rendering."""

    function: Function
    receiver: Any

    def argument(self, index: int, value: Any, literal: str = "") -> Any:
        """An argument as the method takes it; ``literal`` is the text of a constant."""
        wanted = self.function.param(index)
        if literal and wanted in LITERALS and type(value) is not _EXACT[wanted]:
            raise Fault(f"expected {LITERALS[wanted]}; found {literal}")
        return convert(value, wanted)

    def call(self, *args: Any) -> Any:
        return self.function.call(self.receiver, *args)


def signature(text: str) -> tuple[tuple[str, ...], bool]:
    """Parameter types of ``"string, any..."``."""
    variadic = text.endswith("...")
    names = [name.strip() for name in text.removesuffix("...").split(",") if name.strip()]
    return tuple(_ALIASES.get(name, name) for name in names), variadic


class Library(dict[str, Function]):
    """Functions by their template name, filled by decorators."""

    def add(
        self, names: str, params: str = "", *, metered: bool = False, changes: bool = False
    ) -> Callable[[Call], Call]:
        """Register a callable under one or more names with its Go parameter types."""
        types, variadic = signature(params)

        def register(call: Call) -> Call:
            for name in names.split():
                self[name] = Function(name, call, types, variadic, metered, changes=changes)
            return call

        return register


def adopt(name: str, call: Callable[..., Any], *, pure: bool = False) -> Function:
    """A caller's function, its Go types read from its annotations."""
    if isinstance(call, Function):
        return call
    params: list[str] = []
    variadic = False
    for parameter in inspect.signature(call).parameters.values():
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
            continue
        params.append(_ANNOTATIONS.get(parameter.annotation, ANY))
        variadic = parameter.kind is parameter.VAR_POSITIONAL
    return Function(name, call, tuple(params), variadic, pure=pure)


def convert(value: Any, wanted: str) -> Any:
    """The value as an argument of a Go type, or a fault that says what it is instead."""
    if wanted == VALUE:
        return value
    if wanted == ANY:
        return None if value is NOVALUE else value
    if wanted == MAP and (value is NOVALUE or type(value) is NilMap):
        return NilMap()
    if type(value) is _EXACT.get(wanted) or type_name(value) == wanted:
        return value
    if value is NOVALUE:
        raise Fault(f"invalid value; expected {wanted}")
    shown = ANY if value is None else type_name(value)
    raise Fault(f"wrong type for value; expected {wanted}; got {shown}")
