"""JSON as Go's ``encoding/json`` writes it."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.floats import digits_of, plain, scientific, special
from clace.gotemplate.go.types import json_method
from clace.gotemplate.go.values import NOVALUE, Record, Slice, URLValues, type_name

MAX_NESTING: Final = 100
MAX_ITEMS: Final = 1_000_000
MAX_TEXT: Final = 16_000_000
_SHORT: Final = {8: r"\b", 9: r"\t", 10: r"\n", 12: r"\f", 13: r"\r", 34: r"\"", 92: r"\\"}
_RAW: Final = (
    {code: f"\\u{code:04x}" for code in range(0x20)}
    | {0x2028: r"\u2028", 0x2029: r"\u2029"}
    | dict.fromkeys(range(55296, 57344), r"\ufffd")
    | _SHORT
)
_SAFE: Final = _RAW | {ord(char): f"\\u{ord(char):04x}" for char in "<>&"}
_PLAIN: Final = re.compile(r"[ !#-%'-;=?-\[\]-\x7f]*\Z")
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\[\]|\{\}|[\[\]{},:]|[^"\[\]{},:]+')


class JSONFault(Exception):
    """A value that JSON cannot hold, in Go's words."""


def marshal(value: Any, *, escape_html: bool = True) -> str:
    """Compact JSON, keys sorted, ``<``, ``>`` and ``&`` escaped unless told otherwise."""
    writer = _Writer(_SAFE if escape_html else _RAW)
    writer.write(value, 0)
    return "".join(writer.out)


class _Writer:
    """One text; values that share parts or hold themselves end in an error, not in memory."""

    def __init__(self, table: dict[int, str]) -> None:
        self.out: list[str] = []
        self._table = table
        self._left = MAX_ITEMS
        self._room = MAX_TEXT

    def _string(self, text: str) -> str:
        self._room -= len(text)
        if self._room < 0:
            raise JSONFault("json: unsupported value: too long")
        return f'"{text}"' if _PLAIN.match(text) else f'"{text.translate(self._table)}"'

    def write(self, value: Any, depth: int) -> None:
        if value is None or value is NOVALUE:
            self.out.append("null")
        elif isinstance(value, str):
            self.out.append(self._string(value))
        elif isinstance(value, bool):
            self.out.append("true" if value else "false")
        elif isinstance(value, int):
            self.out.append(int.__repr__(value))
        elif isinstance(value, float):
            self.out.append(_float(value))
        else:
            self._write_composite(value, depth)

    def _write_composite(self, value: Any, depth: int) -> None:
        self._left -= 1
        if depth > MAX_NESTING or self._left < 0:
            raise JSONFault("json: unsupported value: nested too deeply")
        if isinstance(value, Slice) and value.nil:
            self.out.append("null")
        elif isinstance(value, (list, tuple)):
            self._write_list(value, depth)
        elif isinstance(value, (dict, URLValues, Record)):
            self._write_map(value, depth)
        else:
            text = json_method(value)
            if text is None:
                raise JSONFault(f"json: unsupported type: {type_name(value)}")
            self.out.append(self._string(text))

    def _write_list(self, items: Any, depth: int) -> None:
        mark = "["
        self._left -= len(items)
        for item in items:
            self.out.append(mark)
            self.write(item, depth + 1)
            mark = ","
        self.out.append("[]" if mark == "[" else "]")

    def _write_map(self, value: dict[str, Any] | URLValues | Record, depth: int) -> None:
        if isinstance(value, Record):
            pairs = list(value.fields.items())
        else:
            entries = value.entries if isinstance(value, URLValues) else value
            pairs = [(key, entries[key]) for key in sorted(entries)]
        mark = "{"
        self._left -= len(pairs)
        for key, item in pairs:
            self.out.append(f"{mark}{self._string(key)}:")
            self.write(item, depth + 1)
            mark = ","
        self.out.append("{}" if mark == "{" else "}")


def _float(value: float) -> str:
    """Go's float in JSON: an exponent only below 1e-6 and from 1e21 on, without padding."""
    if shown := special(value):
        raise JSONFault(f"json: unsupported value: {shown}")
    sign = "-" if math.copysign(1, value) < 0 else ""
    digits, point = digits_of(value)
    if value == 0 or 1e-6 <= abs(value) < 1e21:  # noqa: PLR2004
        return plain(sign, digits, point)
    text = scientific(sign, digits, point)
    return text[:-2] + text[-1] if text[-4:-1] == "e-0" else text


def indented(text: str) -> str:
    """Compact JSON spread over lines, two spaces for each level, as ``json.MarshalIndent``."""
    out: list[str] = []
    depth = spaces = 0
    for part in _TOKEN.findall(text):
        spaces += 2 * depth
        if spaces > MAX_TEXT:
            raise CallFault("value is too long to indent")
        if part in ("[", "{"):
            depth += 1
            out.append(part + "\n" + "  " * depth)
        elif part in ("]", "}"):
            depth -= 1
            out.append("\n" + "  " * depth + part)
        elif part == ",":
            out.append(",\n" + "  " * depth)
        else:
            out.append(": " if part == ":" else part)
    return "".join(out)
