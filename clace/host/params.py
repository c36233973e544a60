"""``params.star``: its words, the params that it declares, and their values."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from clace.errors import BadRequest
from clace.host.ace import plain, want, want_all
from clace.host.faults import AppFault
from clace.model import AppParam, FieldType, check_together, mismatch
from clace.starlark import Builtin, Failure
from clace.wrong_values import wrong_value

PARAMS_FILE = "params.star"
_DISPLAYS = {"PASSWORD": "password", "TEXTAREA": "textarea", "FILE": "file", "COMBO": "combo"}
_ZEROS: dict[FieldType, Any] = {
    FieldType.STRING: "",
    FieldType.INT: 0,
    FieldType.BOOLEAN: False,
    FieldType.DICT: {},
    FieldType.LIST: [],
}


class ParamFile:
    """Takes the params that ``params.star`` declares, one after another, and finds their values."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.params: tuple[AppParam, ...] = ()
        self.values: dict[str, Any] = {}
        self._given = given

    @property
    def words(self) -> dict[str, Any]:
        """The names that the file has beside the language."""
        kinds = {kind.name: kind.name for kind in FieldType}
        return {**kinds, **_DISPLAYS, "param": Builtin("param", self._declare)}

    def _declare(
        self,
        name: Any,
        type: Any = "STRING",  # noqa: A002
        default: Any = None,
        description: Any = "",
        required: Any = True,  # noqa: FBT002
        display_type: Any = "",
    ) -> None:
        """:raises Failure: if the param cannot be kept, or its value is wrong."""
        texts = {"name": name, "type": type, "description": description}
        want_all("param", "string", **texts, display_type=display_type)
        want("param", "required", required, "bool")
        try:
            written = _ParamDeclaration(
                **texts, default=plain(default), required=required, display_type=display_type
            )
            param = written.param()
            check_together((*self.params, param))
            self.values[name] = self._value(param)
        except (ValueError, BadRequest, AppFault) as error:
            raise Failure(wrong_value(error)) from None
        self.params = (*self.params, param)

    def _value(self, param: AppParam) -> Any:
        """:raises BadRequest: if the value is missing or wrong; names a similar one given."""
        try:
            return param.value(self._given.get(param.name))
        except BadRequest as error:
            near = difflib.get_close_matches(param.name, self._given.keys() - {param.name}, 1)
            if param.name in self._given or not near:
                raise
            raise BadRequest(f"{error}; {near[0]} was given") from None


class _ParamDeclaration(Struct):
    """A param as the file has it: the default is a value, not yet a text."""

    name: str
    type: str
    default: Any
    description: str
    required: bool
    display_type: str

    def param(self) -> AppParam:
        """:raises ValueError: if it is invalid."""
        if self.type not in FieldType.__members__:
            raise ValueError(f"unknown type {self.type} for {self.name}")
        kind = FieldType(self.type)
        default = self.default
        if not kind.takes(default):
            raise ValueError(mismatch(self.name, kind, "default value"))
        if default is None and not self.required:
            default = _ZEROS[kind]
        told = {**msgspec.structs.asdict(self), "default": _text(default)}
        return msgspec.convert(told, AppParam)


def _text(default: Any) -> str | None:
    """The default as an operator would give it."""
    if default is None or isinstance(default, str):
        return default
    return msgspec.json.encode(default).decode()
