"""The values that string literals denote: quotes, prefixes and escapes."""

from __future__ import annotations

import re
from collections.abc import Callable

from clace.starlark.values.text import from_bytes, to_bytes

_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "\n": "",  # an escaped line break is left out
}
_OCTAL = re.compile("[0-7]{1,3}")
_HEX = re.compile("[0-9a-fA-F]+")
_DIGITS = {"x": 2, "u": 4, "U": 8}
_MAX_ASCII = 0x7F
_MAX_BYTE = 0xFF
_MAX_RUNE = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


class BadLiteral(Exception):
    """The text between the quotes denotes no value."""


def unquote(body: str, *, raw: bool, is_bytes: bool) -> str | bytes:
    """The value of a literal, from the text between its quotes.

    :raises BadLiteral: if an escape sequence is invalid.
    """
    if raw or "\\" not in body:
        return to_bytes(body) if is_bytes else body
    parts: list[bytes] = []
    start = 0
    while (found := body.find("\\", start)) >= 0:
        parts.append(to_bytes(body[start:found]))
        value, start = _escape(body, found, is_bytes=is_bytes)
        parts.append(value)
    parts.append(to_bytes(body[start:]))
    whole = b"".join(parts)
    return whole if is_bytes else from_bytes(whole)


def _escape(body: str, at: int, *, is_bytes: bool) -> tuple[bytes, int]:
    """The bytes of the escape sequence at ``at``, and where it ends."""
    kind = body[at + 1 : at + 2]
    if not kind:
        raise BadLiteral("truncated escape sequence \\")
    if kind in _SIMPLE:
        return _SIMPLE[kind].encode(), at + 2
    read = _READERS.get(kind)
    if read is None:
        raise BadLiteral(f"invalid escape sequence \\{kind}")
    return read(body, at, is_bytes)


def _octal(body: str, at: int, is_bytes: bool) -> tuple[bytes, int]:  # noqa: FBT001
    match = _OCTAL.match(body, at + 1)
    assert match is not None
    value = int(match[0], 8)
    if not is_bytes and value > _MAX_ASCII:
        raise BadLiteral(
            f"non-ASCII octal escape \\{value:o} "
            f"(use \\u{value:04X} for the UTF-8 encoding of U+{value:04X})"
        )
    if value > _MAX_BYTE:
        raise BadLiteral(f"invalid escape sequence \\{value:03o}")
    return bytes([value]), match.end()


def _hex(body: str, at: int, is_bytes: bool) -> tuple[bytes, int]:  # noqa: FBT001
    value, end = _digits(body, at)
    if not is_bytes and value > _MAX_ASCII:
        raise BadLiteral(
            f"non-ASCII hex escape {body[at:end]} "
            f"(use \\u{value:04X} for the UTF-8 encoding of U+{value:04X})"
        )
    return bytes([value]), end


def _unicode(body: str, at: int, _is_bytes: bool) -> tuple[bytes, int]:  # noqa: FBT001
    value, end = _digits(body, at)
    if value > _MAX_RUNE:
        raise BadLiteral(f"code point out of range: {body[at:end]} (max \\U{_MAX_RUNE:08x})")
    if value in _SURROGATES:
        raise BadLiteral(f"invalid Unicode code point U+{value:04X}")
    return chr(value).encode(), end


def _digits(body: str, at: int) -> tuple[int, int]:
    end = at + 2 + _DIGITS[body[at + 1]]
    digits = body[at + 2 : end]
    # Both refusals count in bytes, as Go does.
    written = body[at:end].encode("utf-8", "surrogateescape")
    if len(written) < end - at:
        raise BadLiteral(f"truncated escape sequence {body[at:]}")
    if not _HEX.fullmatch(digits) or len(digits) < _DIGITS[body[at + 1]]:
        shown = written[: end - at].decode("utf-8", "surrogateescape")
        raise BadLiteral(f"invalid escape sequence {shown}")
    return int(digits, 16), end


_READERS: dict[str, Callable[[str, int, bool], tuple[bytes, int]]] = {
    **dict.fromkeys("01234567", _octal),
    "x": _hex,
    "u": _unicode,
    "U": _unicode,
}
