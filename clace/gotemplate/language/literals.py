"""Go's literals: quoting and unquoting of strings, reading of numbers."""

from __future__ import annotations

import re
from typing import Final

from clace.gotemplate.go.values import INT_MAX, INT_MIN, decode

_SIMPLE: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
}
_ESCAPES: Final = {char: "\\" + name for name, char in _SIMPLE.items()}
_LOW, _HIGH = "\udc80", "\udcff"
LONGEST: Final = 200
TOO_LARGE: Final = 1 << 200
"""What stands for integers of more digits than any type holds."""
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\])|(['\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))"
)
_UINT: Final = re.compile(
    r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)\Z"
)
_FLOAT: Final = re.compile(
    r"[+-]?(?:[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)"
    r"(?:[eE][+-]?[0-9](?:_?[0-9])*)?\Z"
)
_HEX_FLOAT: Final = re.compile(
    r"[+-]?0[xX](?:(?:_?[0-9a-fA-F])+(?:\.(?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?)?"
    r"|\.[0-9a-fA-F](?:_?[0-9a-fA-F])*)[pP][+-]?[0-9](?:_?[0-9])*\Z"
)


def quote(text: str, mark: str = '"', *, ascii_only: bool = False) -> str:
    """The text as a Go literal: ``strconv.Quote`` and its ASCII sibling."""
    return mark + "".join(_quoted(char, mark, ascii_only) for char in text) + mark


def _quoted(char: str, mark: str, ascii_only: bool) -> str:  # noqa: FBT001
    if char in (mark, "\\"):
        return "\\" + char
    if char.isprintable() and (char < "\x7f" or not ascii_only):
        return char
    if char in _ESCAPES:
        return _ESCAPES[char]
    code = ord(char)
    if _LOW <= char <= _HIGH:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:  # noqa: PLR2004
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004


def unquote(literal: str) -> str:
    """Return the text of a Go string literal; ``ValueError`` if it is invalid."""
    mark, body = literal[:1], literal[1:-1]
    if len(literal) < 2 or mark != literal[-1] or mark not in "\"`'":  # noqa: PLR2004
        raise ValueError("invalid syntax")
    if mark == "`":
        if "`" in body:
            raise ValueError("invalid syntax")
        return body.replace("\r", "")
    if "\n" in body:
        raise ValueError("invalid syntax")
    pieces: list[bytes] = []
    place = 0
    while place < len(body):
        piece, place = _unquote_char(body, place, mark)
        pieces.append(piece)
    return decode(b"".join(pieces))


def _unquote_char(body: str, place: int, mark: str) -> tuple[bytes, int]:
    char = body[place]
    if char == mark:
        raise ValueError("invalid syntax")
    if char != "\\":
        return char.encode("utf-8", "surrogateescape"), place + 1
    found = _ESCAPE.match(body, place)
    if found is None or (found[2] and found[2] != mark):
        raise ValueError("invalid syntax")
    if found[1] or found[2]:
        return (_SIMPLE.get(found[1]) or found[2]).encode(), found.end()
    if found[3] or found[6]:
        byte = int(found[3], 16) if found[3] else int(found[6], 8)
        if byte > 0xFF:  # noqa: PLR2004
            raise ValueError("invalid syntax")
        return bytes([byte]), found.end()
    code = int(found[4] or found[5], 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:  # noqa: PLR2004
        raise ValueError("invalid syntax")
    return chr(code).encode(), found.end()


def unquote_rune(literal: str) -> int:
    """The code of a character constant, quotes included."""
    body = literal[1:]
    if not body or body[0] == "'":
        raise ValueError("invalid syntax")
    piece, end = _unquote_char(body, 0, "'")
    if body[end:] != "'":
        raise ValueError(f"malformed character constant: {literal}")
    if len(piece) == 1:
        return piece[0]
    return ord(piece.decode())


def parse_integer(text: str) -> int | None:
    """Return the integer of any Go base, unbounded; None for another text."""
    if not _UINT.match(text):
        return None
    if len(text) > LONGEST:
        return TOO_LARGE
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    digits = digits.replace("_", "")
    if digits[:1] == "0" and digits[1:].isdigit():
        digits = "0o" + digits[1:]
    return int(sign + digits, 0)


def parse_int64(text: str) -> int | None:
    """``strconv.ParseInt(text, 0, 64)``."""
    value = parse_integer(text)
    return value if value is not None and INT_MIN <= value <= INT_MAX else None


def parse_uint64(text: str) -> int | None:
    """``strconv.ParseUint(text, 0, 64)``: takes no sign."""
    if text[:1] in ("+", "-"):
        return None
    value = parse_integer(text)
    return value if value is not None and value < 1 << 64 else None


def parse_float(text: str) -> float | None:
    """``strconv.ParseFloat`` for what the lexer can bring; None if malformed or out of range."""
    if _FLOAT.match(text):
        value = float(text.replace("_", ""))
    elif _HEX_FLOAT.match(text):
        try:
            value = float.fromhex(text.replace("_", ""))
        except OverflowError:
            return None
    else:
        return None
    return None if value in (float("inf"), float("-inf")) else value
