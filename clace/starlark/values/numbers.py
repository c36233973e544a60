"""Numbers from values of other types."""

from __future__ import annotations

import math
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.numerals import checked
from clace.starlark.values.types import type_name


def to_int(value: Any) -> int:
    """The integer part of a number.

    :raises Failure: if it is not a finite number.
    """
    if type(value) is int:
        return value
    if type(value) is not float:
        raise Failure(f"cannot convert {type_name(value)} to int")
    if not math.isfinite(value):
        what = "NaN" if math.isnan(value) else "infinity"
        raise Failure(f"cannot convert float {what} to integer")
    return checked(int(value))
