"""Values as text: what ``repr`` and ``str`` give, as Go writes it."""

from __future__ import annotations

import math
import re
from types import FunctionType
from typing import Any

from clace.starlark.values.host import HostObject
from clace.starlark.values.keys import from_key
from clace.starlark.values.numerals import to_digits
from clace.starlark.values.sequences import BytesElements, StringCodepoints, StringElements
from clace.starlark.values.sets import Set
from clace.starlark.values.text import from_bytes, is_escaped
from clace.starlark.values.types import BUILTIN_NAMES

_PLAIN = re.compile(r"[ !#-\[\]-~]*").fullmatch
_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}
_BMP = 0x10000
_DELETE = 0x7F
_MIN_EXPONENT = -4
_MAX_EXPONENT = 6


def text_of(value: Any) -> str:
    """Return the result of ``str``: strings as they are, all else as ``repr``."""
    return value if type(value) is str else representation(value)


def representation(value: Any) -> str:
    """Return the result of ``repr``."""
    kind = type(value)
    if kind is str:
        return quote(value)
    if kind is int:
        return to_digits(value)
    pieces: list[str] = []
    _write(value, pieces.append, ())
    return "".join(pieces)


def _write(value: Any, put: Any, path: tuple[object, ...]) -> None:
    kind = type(value)
    simple = _SIMPLE.get(kind)
    if simple is not None:
        put(simple(value))
    elif kind is list or kind is dict or kind is Set:
        if any(value is one for one in path):
            put("[...]" if kind is list else "{...}")
        else:
            _write_container(value, put, (*path, value))
    elif kind is tuple:
        put("(")
        _write_items(value, put, path)
        put(",)" if len(value) == 1 else ")")
    else:
        put(_function(value) if kind is FunctionType else value.text())


def _write_container(value: Any, put: Any, path: tuple[object, ...]) -> None:
    if type(value) is list:
        put("[")
        _write_items(value, put, path)
        put("]")
    elif type(value) is Set:
        put("set([")
        _write_items([from_key(key) for key in value.items], put, path)
        put("])")
    else:
        put("{")
        separator = ""
        for key, item in value.items():
            put(separator)
            _write(from_key(key), put, path)
            put(": ")
            _write(item, put, path)
            separator = ", "
        put("}")


def _write_items(items: Any, put: Any, path: tuple[object, ...]) -> None:
    separator = ""
    for item in items:
        put(separator)
        _write(item, put, path)
        separator = ", "


def quote(text: str) -> str:
    """A string in double quotes, with escapes."""
    if _PLAIN(text):
        return f'"{text}"'
    return '"' + "".join([_escaped(one) for one in text]) + '"'


def _escaped(one: str) -> str:
    if one in _ESCAPES:
        return _ESCAPES[one]
    number = ord(one)
    if is_escaped(one):
        return f"\\x{number - 0xDC00:02x}"
    if one.isprintable():
        return one
    if number < ord(" ") or number == _DELETE:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < _BMP else f"\\U{number:08x}"


def float_text(value: float, conversion: str = "g") -> str:
    """A float in one of the forms ``e f g E F G``; ``g`` has as many digits as are needed."""
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "+inf" if value > 0 else "-inf"
    if conversion in "fF":
        return f"{value:.6f}"
    if conversion in "eE":
        return f"{value:.6{conversion}}"
    text = _shortest(value)
    return text.upper() if conversion == "G" else text


def _shortest(value: float) -> str:
    """The fewest digits that give the value back; with an exponent if it is large or small."""
    mantissa, _, exponent = repr(value).partition("e")
    sign = "-" if mantissa[0] == "-" else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits.strip("0"):
        return sign + "0.0"
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    power = point - 1
    if power < _MIN_EXPONENT or power >= _MAX_EXPONENT:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{rest}e{'-' if power < 0 else '+'}{abs(power):02d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[:point].ljust(point, '0')}.{digits[point:] or '0'}"


def _function(value: FunctionType) -> str:
    name = BUILTIN_NAMES.get(value)
    if name is not None:
        return f"<built-in function {name}>"
    return f"<function {function_name(value.__name__)}>"


def function_name(name: str) -> str:
    """The name of a function as the program has it, from the one that Python has."""
    return {"<module>": "<toplevel>", "<lambda>": "lambda"}.get(name, name.removeprefix("$"))


def _range(value: range) -> str:
    if value.step != 1:
        return f"range({value.start}, {value.stop}, {value.step})"
    return f"range({value.start}, {value.stop})" if value.start else f"range({value.stop})"


def _bytes(value: bytes) -> str:
    return "b" + quote(from_bytes(value))


def _elements(value: StringElements | StringCodepoints) -> str:
    return f"{quote(value.string)}.{value.method}()"


def _host(value: HostObject) -> str:
    return value.text()


_SIMPLE: dict[type, Any] = {
    str: quote,
    int: to_digits,
    bool: str,
    float: float_text,
    type(None): str,
    bytes: _bytes,
    range: _range,
    StringElements: _elements,
    StringCodepoints: _elements,
    BytesElements: lambda value: f"{_bytes(value.data)}.elems()",
}
