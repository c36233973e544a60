"""JSON text to values, refused in Go's words."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from clace.gotemplate.go.json import JSONFault
from clace.gotemplate.go.json_check import check

_LONE: Final = re.compile("[\ud800-\udfff]")


def unmarshal(text: str) -> Any:
    """The value of a JSON text: every number a float, as Go's ``any`` has it."""
    check(text)
    text = _LONE.sub("\ufffd", text)
    value = json.loads(text, parse_int=_number, parse_float=_number, strict=False)
    return _clean(value)


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise JSONFault(f"json: cannot unmarshal number {text} into Go value of type float64")
    return value


def _clean(value: Any) -> Any:
    """Escaped halves of surrogate pairs become replacement characters."""
    if isinstance(value, str):
        return value if value.isascii() else _LONE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value
