"""JSON as Go's ``encoding/json`` writes it."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from clace.gotemplate.floats import digits_of, plain, scientific, special
from clace.gotemplate.gotypes import json_method
from clace.gotemplate.values import NOVALUE, Record, Slice, URLValues, type_name

MAX_NESTING: Final = 200
_SHORT: Final = {8: r"\b", 9: r"\t", 10: r"\n", 12: r"\f", 13: r"\r", 34: r"\"", 92: r"\\"}
_RAW: Final = (
    {code: f"\\u{code:04x}" for code in range(0x20)}
    | {0x2028: r"\u2028", 0x2029: r"\u2029"}
    | dict.fromkeys(range(55296, 57344), r"\ufffd")
    | _SHORT
)
_SAFE: Final = _RAW | {ord(char): f"\\u{ord(char):04x}" for char in "<>&"}
_PLAIN: Final = re.compile(r"[ !#-%'-;=?-\[\]-\x7f]*\Z")


class JSONFault(Exception):
    """A value that JSON cannot hold, in Go's words."""


def marshal(value: Any, *, escape_html: bool = True) -> str:
    """Compact JSON, keys sorted, ``<``, ``>`` and ``&`` escaped unless told otherwise."""
    out: list[str] = []
    _write(value, out.append, _SAFE if escape_html else _RAW, 0)
    return "".join(out)


def _string(text: str, table: dict[int, str]) -> str:
    return f'"{text}"' if _PLAIN.match(text) else f'"{text.translate(table)}"'


def _write(value: Any, out: Any, table: dict[int, str], depth: int) -> None:
    if value is None or value is NOVALUE:
        out("null")
    elif isinstance(value, str):
        out(_string(value, table))
    elif isinstance(value, bool):
        out("true" if value else "false")
    elif isinstance(value, int):
        out(int.__repr__(value))
    elif isinstance(value, float):
        out(_float(value))
    elif isinstance(value, complex):
        raise JSONFault("json: unsupported type: complex128")
    elif depth > MAX_NESTING:
        raise JSONFault("json: unsupported value: nested too deeply")
    elif isinstance(value, Slice) and value.nil:
        out("null")
    elif isinstance(value, (list, tuple)):
        _write_list(value, out, table, depth)
    else:
        _write_map(value, out, table, depth)


def _write_list(items: Any, out: Any, table: dict[int, str], depth: int) -> None:
    mark = "["
    for item in items:
        out(mark)
        _write(item, out, table, depth + 1)
        mark = ","
    out("[]" if mark == "[" else "]")


def _write_map(value: Any, out: Any, table: dict[int, str], depth: int) -> None:
    if isinstance(value, Record):
        pairs = list(value.fields.items())
    elif isinstance(value, (dict, URLValues)):
        entries = value.entries if isinstance(value, URLValues) else value
        pairs = [(key, entries[key]) for key in sorted(entries)]
    else:
        text = json_method(value)
        if text is None:
            raise JSONFault(f"json: unsupported type: {type_name(value)}")
        out(_string(text, table))
        return
    mark = "{"
    for key, item in pairs:
        out(f"{mark}{_string(key, table)}:")
        _write(item, out, table, depth + 1)
        mark = ","
    out("{}" if mark == "{" else "}")


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
