"""Values put into strings: ``"%s" % x`` and ``"{}".format(x)``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.numbers import to_int
from clace.starlark.values.numerals import checked, to_digits
from clace.starlark.values.printing import float_text, quote, representation, text_of
from clace.starlark.values.text import joined, replaced
from clace.starlark.values.types import type_name

_CONVERSION = re.compile(
    r"%(?:(?P<percent>%)|(?P<key>\((?P<name>[^)]*)(?P<closed>\))?)?(?P<verb>.?))", re.DOTALL
)
_MAX_RUNE = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_CACHED = 1000
_LONGEST_CACHED = 1000
Piece = tuple[str, str, str | None]
_USUAL = frozenset("sd%")
_SMALL = 1 << 63
Parsed = tuple[list[Piece], str, str]
_parsed: dict[str, Parsed] = {}


def interpolate(template: str, value: Any) -> str:
    """``template % value``"""
    pieces, tail, verbs = _parsed.get(template) or _parse(template)
    if verbs and _fit(verbs, value):
        return joined(template % value)
    arguments = value if type(value) is tuple else (value,)
    parts: list[str] = []
    used = 0
    for literal, verb, name in pieces:
        if literal:
            parts.append(literal)
        if verb == "%" and name is None:
            parts.append("%")
            continue
        if verb == "(":
            raise Failure("incomplete format key")
        if name is not None:
            argument = _named(value, name)
        elif used < len(arguments):
            argument = arguments[used]
        else:
            raise Failure("not enough arguments for format string")
        parts.append(_convert(verb, argument))
        used += 1
    if used < len(arguments) and not _is_mapping(value):
        raise Failure("too many arguments for format string")
    parts.append(tail)
    return joined("".join(parts))


def _fit(verbs: str, value: Any) -> bool:
    """Return true if Python shows the value, or each of a tuple, as Starlark does."""
    if type(value) is not tuple:
        return len(verbs) == 1 and _fits(verbs, value)
    return len(value) == len(verbs) and all(map(_fits, verbs, value))


def _fits(verb: str, value: Any) -> bool:
    kind = type(value)
    return verb == "s" if kind is str else kind is int and -_SMALL < value < _SMALL


def with_number(before: str, value: Any, after: str, template: str) -> str:
    """``template % value`` for a template of ``%d`` between two texts."""
    if type(value) is int and -_SMALL < value < _SMALL:
        return f"{before}{value}{after}"
    return interpolate(template, value)


def with_text(before: str, value: Any, after: str, template: str) -> str:
    """``template % value`` for a template of ``%s`` between two texts in ASCII."""
    if type(value) is str:
        return f"{before}{value}{after}"
    return interpolate(template, value)


def _parse(template: str) -> Parsed:
    """The conversions of a template, each with the text before it; and the text after the last.

    Their verbs are a text of its own if they are only ``%s`` and ``%d``.
    """
    pieces: list[Piece] = []
    end = 0
    for found in _CONVERSION.finditer(template):
        verb = "%" if found["percent"] else found["verb"]
        name = found["name"]
        if found["key"] and not found["closed"]:
            verb, name = "(", None
        pieces.append((template[end : found.start()], verb, name))
        end = found.end()
    usual = all(name is None and verb in _USUAL for _, verb, name in pieces)
    verbs = "".join(verb for _, verb, _ in pieces if verb != "%") if usual else ""
    parsed = pieces, template[end:], verbs
    if len(template) <= _LONGEST_CACHED:
        if len(_parsed) >= _CACHED:
            _parsed.clear()
        _parsed[template] = parsed
    return parsed


def _is_mapping(value: Any) -> bool:
    return type(value) is dict


def _named(value: Any, name: str) -> Any:
    if not _is_mapping(value):
        raise Failure("format requires a mapping")
    if name not in value:
        raise Failure(f"key not found: {name}")
    return value[name]


def _convert(verb: str, argument: Any) -> str:
    convert = _CONVERSIONS.get(verb)
    if convert is not None:
        return convert(verb, argument)
    if not verb:
        raise Failure("incomplete format")
    # Go looks at the first byte alone, and shows it as the character of that number.
    first = verb.encode("utf-8", "surrogateescape")[0]
    raise Failure(f"unknown conversion %{chr(first)}")


def _string(_verb: str, argument: Any) -> str:
    return text_of(argument)


def _repr(_verb: str, argument: Any) -> str:
    return representation(argument)


def _integer(verb: str, argument: Any) -> str:
    try:
        value = to_int(argument)
    except Failure as failure:
        raise Failure(f"%{verb} format requires integer: {failure.message}") from None
    if verb in "di":
        return to_digits(value)
    digits = format(abs(checked(value)), verb)
    return f"-{digits}" if value < 0 else digits


def _float(verb: str, argument: Any) -> str:
    if type(argument) not in (int, float):
        raise Failure(f"%{verb} format requires float, not {type_name(argument)}")
    try:
        return float_text(float(argument), verb)
    except OverflowError:
        return "+inf" if argument > 0 else "-inf"


def _character(_verb: str, argument: Any) -> str:
    if type(argument) is int:
        if not 0 <= argument <= _MAX_RUNE:
            what = "%c format requires a valid Unicode code point, got "
            raise Failure(what + to_digits(argument))
        return "\ufffd" if argument in _SURROGATES else chr(argument)
    if type(argument) is not str:
        what = "%c format requires int or single-character string, not "
        raise Failure(what + type_name(argument))
    if len(argument) != 1:
        raise Failure("%c format requires a single-character string")
    return replaced(argument)


def _percent(_verb: str, _argument: Any) -> str:
    return "%"


_CONVERSIONS: dict[str, Callable[[str, Any], str]] = {
    "s": _string,
    "r": _repr,
    **dict.fromkeys("dioxX", _integer),
    **dict.fromkeys("efgEFG", _float),
    "c": _character,
    "%": _percent,
}


_FIELD = re.compile(r"[{}]")
_MAX_DIGITS = 10


def format_fields(template: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """``template.format(*args, **kwargs)``"""
    return joined("".join(_Fields(args, kwargs).fill(template)))


class _Fields:
    """The replacement of fields, which are numbered by the text or one after the other."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._args = args
        self._kwargs = kwargs
        self._next = 0
        self._automatic = False
        self._manual = False

    def fill(self, template: str) -> list[str]:
        parts: list[str] = []
        at = 0
        while found := _FIELD.search(template, at):
            brace = found.start()
            parts.append(template[at:brace])
            if template.startswith(found[0], brace + 1):
                parts.append(found[0])
                at = brace + 2
                continue
            if found[0] == "}":
                raise Failure("format: single '}' in format")
            end = template.find("}", brace)
            if end < 0:
                raise Failure("format: unmatched '{' in format")
            parts.append(self._field(template[brace + 1 : end]))
            at = end + 1
        parts.append(template[at:])
        return parts

    def _field(self, field: str) -> str:
        name, mark, conversion = field.partition("!")
        spec = ""
        if mark:
            conversion, _, spec = conversion.partition(":")
        else:
            name, _, spec = field.partition(":")
            conversion = "s"
        value = self._value(name)
        if spec:
            what = "format spec features not supported in replacement fields: "
            raise Failure(what + spec)
        if conversion == "s":
            return text_of(value)
        if conversion == "r":
            return representation(value)
        raise Failure(f"format: unknown conversion {quote(conversion)}")

    def _value(self, name: str) -> Any:
        if not name:
            return self._automatically()
        if name.isascii() and name.isdigit():
            digits = name.lstrip("0") or "0"
            return self._numbered(int(digits) if len(digits) < _MAX_DIGITS else len(self._args))
        if name in self._kwargs:
            return self._kwargs[name]
        for mark, what in _UNSUPPORTED.items():
            if mark in name:
                raise Failure(what + (name if what.endswith(": ") else ""))
        raise Failure(f"format: keyword {name} not found")

    def _automatically(self) -> Any:
        if self._manual:
            raise Failure(
                "format: cannot switch from manual field specification to automatic field numbering"
            )
        self._automatic = True
        self._next += 1
        return self._argument(self._next - 1)

    def _numbered(self, number: int) -> Any:
        if self._automatic:
            raise Failure(
                "format: cannot switch from automatic field numbering to manual field specification"
            )
        self._manual = True
        return self._argument(number)

    def _argument(self, number: int) -> Any:
        if number >= len(self._args):
            raise Failure("format: tuple index out of range")
        return self._args[number]


_UNSUPPORTED = {
    ".": "format: attribute syntax x.y is not supported in replacement fields: ",
    "[": "format: element syntax a[i] is not supported in replacement fields: ",
    "{": "format: nested replacement fields not supported",
}
