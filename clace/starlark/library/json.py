"""``json.encode``, ``decode`` and ``indent``."""

from __future__ import annotations

import json as standard
import math
import re
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.source.spelling import suggestion
from clace.starlark.values.arguments import Signature, need_string
from clace.starlark.values.attributes import attribute_names, get_attribute
from clace.starlark.values.bounds import concatenate
from clace.starlark.values.functions import Builtin
from clace.starlark.values.host import HostObject, NamedValues
from clace.starlark.values.iteration import is_iterable, items_of
from clace.starlark.values.keys import from_key
from clace.starlark.values.numerals import parse_digits, to_digits
from clace.starlark.values.printing import float_text, quote
from clace.starlark.values.text import is_escaped
from clace.starlark.values.types import NONE, type_name

_MISSING: Any = object()
_ESCAPED = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_DELETE = 0x7F


def _encode(*args: Any, **kwargs: Any) -> str:
    _check("json.encode", args, kwargs)
    return _encoded(args[0])


def _check(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    wrong = Signature(function, "positional", ("x",), 1).explain(len(args), list(kwargs))
    if wrong:
        raise Failure(wrong)


def _encoded(value: Any) -> str:
    parts: list[str] = []
    try:
        _Encoder(parts).emit(value)
    except Failure as failure:
        raise Failure(f"json.encode: {failure.message}") from None
    return concatenate(parts)


class _Encoder:
    """Writes a value piece by piece, and knows which containers it is in."""

    def __init__(self, parts: list[str]) -> None:
        self._put = parts.append
        self._path: list[Any] = []

    def emit(self, value: Any) -> None:
        simple = _SIMPLE.get(type(value))
        if simple is not None:
            self._put(simple(value))
            return
        if any(value is one for one in self._path):
            raise Failure("cycle in JSON structure")
        self._path.append(value)
        if type(value) is dict:
            self._mapping(value)
        elif is_iterable(value):
            self._sequence(value)
        elif isinstance(value, HostObject) and (names := attribute_names(value)):
            self._object(value, names)
        else:
            raise Failure(f"cannot encode {type_name(value)} as JSON")
        self._path.pop()

    def _mapping(self, value: dict[Any, Any]) -> None:
        for key in value:
            if type(key) is not str:
                raise Failure(f"dict has {type_name(from_key(key))} key, want string")
        self._put("{")
        for number, key in enumerate(sorted(value)):
            self._put(f"{',' if number else ''}{_quoted(key)}:")
            self._inside(value[key], f"in dict key {quote(key)}")
        self._put("}")

    def _sequence(self, value: Any) -> None:
        self._put("[")
        for number, item in enumerate(items_of(value)):
            if number:
                self._put(",")
            self._inside(item, f"at {type_name(value)} index {number}")
        self._put("]")

    def _object(self, value: HostObject, names: list[str]) -> None:
        self._put("{")
        for number, name in enumerate(names):
            self._put(f"{',' if number else ''}{_quoted(name)}:")
            self._inside(get_attribute(value, name), f"in field .{name}")
        self._put("}")

    def _inside(self, value: Any, where: str) -> None:
        try:
            self.emit(value)
        except Failure as failure:
            raise Failure(f"{where}: {failure.message}") from None


def _quoted(text: str) -> str:
    if text.isascii() and text.isprintable():
        return standard.dumps(text)
    if text.isascii() and "\x7f" in text and text.replace("\x7f", "").isprintable():
        return standard.dumps(text).replace("\x7f", "\\x7f")  # as Go writes it
    quoted = standard.dumps(text, ensure_ascii=False)
    return "".join(["\\ufffd" if is_escaped(one) else _ESCAPED.get(one, one) for one in quoted])


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise Failure(f"cannot encode non-finite float {float_text(value)}")
    return float_text(value)


_SIMPLE: dict[type, Any] = {
    NONE: lambda _value: "null",
    bool: lambda value: "true" if value else "false",
    int: to_digits,
    float: _float,
    str: _quoted,
}


class _BadConstant(ValueError):
    """NaN or Infinity, which Python's reader would take."""


def _refuse(constant: str) -> None:
    raise _BadConstant(constant)


def _integer(digits: str) -> int:
    return -parse_digits(digits[1:], 10) if digits[0] == "-" else parse_digits(digits, 10)


def _number(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        _refuse(digits)
    return value


_decoder = standard.JSONDecoder(
    parse_constant=_refuse, parse_int=_integer, parse_float=_number, strict=False
)
_strict_decoder = standard.JSONDecoder(parse_constant=_refuse)
_HIGH, _LOW, _ANY = "[dD][89abAB]..", "[dD][c-fC-F]..", "[dD][89a-fA-F].."
_ESCAPE = re.compile(rf"\\(?:u{_HIGH}\\u{_LOW}|(u{_ANY})|.)", re.DOTALL)


def _without_halves(text: str) -> str:
    """JSON without escapes of half a character, which no string can hold."""
    return _ESCAPE.sub(lambda found: "\\ufffd" if found[1] else found[0], text)


def _decode(*args: Any, **kwargs: Any) -> Any:
    signature = Signature("json.decode", "named", ("x", "default"), 1)
    wrong = signature.explain(len(args), list(kwargs))
    if wrong:
        raise Failure(wrong)
    text = need_string(args[0] if args else kwargs["x"], "json.decode", "x")
    if not args:
        raise Failure("json.decode: unexpected keyword argument x")
    default = args[1] if len(args) > 1 else kwargs.get("default", _MISSING)
    try:
        return _decoder.decode(_without_halves(text) if "\\u" in text else text)
    except standard.JSONDecodeError as error:
        message = f"json.decode: at offset {error.pos}, {error.msg[:1].lower()}{error.msg[1:]}"
    except _BadConstant as bad:
        message = f"json.decode: at offset {text.find(str(bad))}, unexpected constant {bad}"
    except RecursionError:
        message = "json.decode: nested too deeply"
    if default is _MISSING:
        raise Failure(message)
    return default


def _layout(function: str, kwargs: dict[str, Any]) -> tuple[str, str]:
    """The ``prefix`` and ``indent`` of an indented form."""
    layout = {"prefix": "", "indent": "\t"}
    for name, value in kwargs.items():
        if name not in layout:
            hint = suggestion(name, ("prefix",))  # as in Go: of two names the first
            raise Failure(f'{function}: unexpected keyword argument "{name}"{hint}')
        layout[name] = need_string(value, function, name)
    return layout["prefix"], layout["indent"]


def _encode_indent(*args: Any, **kwargs: Any) -> str:
    prefix, indent = _layout("json.encode_indent", kwargs)
    _check("json.encode_indent", args, {})
    return _indented(_encoded(args[0]), prefix, indent)


def _indent(*args: Any, **kwargs: Any) -> str:
    prefix, indent = _layout("json.indent", kwargs)
    _check("json.indent", args, {})
    text = need_string(args[0], "json.indent", 1)
    try:
        _strict_decoder.decode(text)
    except (ValueError, RecursionError) as error:
        raise Failure(f"json.indent: {error}") from None
    return _indented(text, prefix, indent)


def _indented(text: str, prefix: str, indent: str) -> str:
    """JSON on lines of its own; the text of the values stays as it is."""
    parts: list[str] = []
    depth = 0
    for piece in _PIECES.findall(text):
        newline = f"\n{prefix}"
        if piece in "[{":
            depth += 1
            parts.append(piece + newline + indent * depth)
        elif piece in "]}":
            depth -= 1
            if parts[-1][0] in "[{":  # nothing in between
                parts[-1] = parts[-1][0]
                parts.append(piece)
            else:
                parts.append(newline + indent * depth + piece)
        elif piece == ",":
            parts.append(piece + newline + indent * depth)
        else:
            parts.append(": " if piece == ":" else piece)
    return concatenate(parts)


_PIECES = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')

json = NamedValues(
    "json",
    {
        name: Builtin(f"json.{name}", function)
        for name, function in {
            "encode": _encode,
            "encode_indent": _encode_indent,
            "decode": _decode,
            "indent": _indent,
        }.items()
    },
)
