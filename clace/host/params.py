"""``params.star``: what it may say, and what the app's own files get for it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from clace.errors import BadRequest
from clace.host.faults import Refused
from clace.model.params import Param, check_together, mismatch
from clace.model.schema import FieldType

PARAMS_FILE = "params.star"
WORDS = """
load("ace", "ace__text", "ace__want", "config")

STRING, INT, BOOLEAN, DICT, LIST = "STRING", "INT", "BOOLEAN", "DICT", "LIST"
PASSWORD, TEXTAREA, FILE, COMBO = "password", "textarea", "file", "combo"
ace__values = {}

def param(
        name, type = STRING, default = None, description = "", required = True,
        display_type = ""):
    ace__text(
        "param", name = name, type = type, description = description,
        display_type = display_type)
    ace__want("param", "required", required, "bool")
    ace__values[name] = json.decode(ace__declare(json.encode({
        "name": name, "type": type, "default": default, "description": description,
        "required": required, "display_type": display_type})))
"""
EXPORT = "ace__param = struct(**ace__values)"
IMPORT = 'load("params", param = "ace__param")'
_ZEROS: dict[FieldType, Any] = {
    FieldType.STRING: "",
    FieldType.INT: 0,
    FieldType.BOOLEAN: False,
    FieldType.DICT: {},
    FieldType.LIST: [],
}


class Declarations:
    """Takes the params that ``params.star`` declares, one after another; answers their values."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.params: tuple[Param, ...] = ()
        self._given = given

    def __call__(self, text: str) -> str:
        """:raises Refused: it is no param that could be kept, or its value is none for it."""
        try:
            param = _decode(text).param()
            check_together((*self.params, param))
            value = self._value(param)
        except (ValueError, BadRequest) as error:
            raise Refused(str(error)) from None
        self.params = (*self.params, param)
        return msgspec.json.encode(value).decode()

    def _value(self, param: Param) -> Any:
        """:raises BadRequest: the value is missing or wrong; tells which other was given."""
        try:
            return param.value(self._given.get(param.name))
        except BadRequest as error:
            near = difflib.get_close_matches(param.name, self._given.keys() - {param.name}, 1)
            if param.name in self._given or not near:
                raise
            raise BadRequest(f"{error}; {near[0]} was given") from None


class _Written(Struct):
    """A param as the file has it: the default is a value, not yet a text."""

    name: str
    type: str
    default: Any
    description: str
    required: bool
    display_type: str

    def param(self) -> Param:
        """:raises ValueError: it is none."""
        if self.type not in FieldType.__members__:
            raise ValueError(f"unknown type {self.type} for {self.name}")
        kind = FieldType(self.type)
        default = self.default
        if not kind.takes(default):
            raise ValueError(mismatch(self.name, kind, "default value"))
        if default is None and not self.required:
            default = _ZEROS[kind]
        told = {**msgspec.structs.asdict(self), "default": _text(default)}
        return msgspec.convert(told, Param)


def _text(default: Any) -> str | None:
    """The default as an operator would give it."""
    if default is None or isinstance(default, str):
        return default
    return msgspec.json.encode(default).decode()


_decode = msgspec.json.Decoder(_Written).decode
