"""The parameters of built-in functions: what they must be, and what is said if they are not.

A built-in is a Python function whose own signature takes the arguments; ``Signature`` knows how to
explain a call that Python refused. Its ``style`` is one of Go's ways to say so: ``positional``,
``named`` (parameters have names), or one of ``_EXACT``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.source.spelling import suggestion
from clace.starlark.values.operators import to_int32
from clace.starlark.values.types import is_callable, type_name

_EXACT = {
    "one": "{name}: got {count} arguments, want 1",
    "exactly one": "{name}: got {count} arguments, want exactly 1",
    "at most one": "{name} got {count} arguments, wants 1",
}


@dataclass(frozen=True, slots=True)
class Signature:
    """The signature of a built-in function."""

    name: str
    style: str
    parameters: tuple[str, ...]
    required: int
    is_method: bool = False

    def explain(self, count: int, keywords: Sequence[str]) -> str:
        """Why a call with so many arguments and these keywords is wrong; "" if it is not."""
        if self.style == "positional":
            return self._positional(count, keywords)
        if self.style == "named":
            return self._named(count, keywords)
        return self._exact(count, keywords)

    def _exact(self, count: int, keywords: Sequence[str]) -> str:
        if keywords:
            return f"{self.name} does not accept keyword arguments"
        if self.required <= count <= len(self.parameters):
            return ""
        return _EXACT[self.style].format(name=self.name, count=count)

    def _positional(self, count: int, keywords: Sequence[str]) -> str:
        if keywords:
            return f"{self.name}: unexpected keyword arguments"
        most = len(self.parameters)
        if self.required <= count <= most:
            return ""
        bound = self.required if count < self.required else most
        at = "" if self.required == most else "at least " if count < bound else "at most "
        return f"{self.name}: got {count} arguments, want {at}{bound}"

    def _named(self, count: int, keywords: Sequence[str]) -> str:
        names = self.parameters
        if count > len(names):
            return f"{self.name}: got {count} arguments, want at most {len(names)}"
        given = set(names[:count])
        for keyword in keywords:
            if keyword not in names:
                # Go looks at the first half of the names only.
                hint = suggestion(keyword, names[: (len(names) + 1) // 2])
                return f'{self.name}: unexpected keyword argument "{keyword}"{hint}'
            if keyword in given:
                return f'{self.name}: got multiple values for keyword argument "{keyword}"'
            given.add(keyword)
        missing = next((one for one in names[: self.required] if one not in given), "")
        return f"{self.name}: missing argument for {missing}" if missing else ""


def need(value: Any, kind: type, what: str, function: str, parameter: str | int) -> Any:
    """The argument itself.

    :raises Failure: if it is of another type than ``kind``, which messages call ``what``.
    """
    if type(value) is kind:
        return value
    got = f"got {type_name(value)}, want {what}"
    raise Failure(f"{function}: for parameter {parameter}: {got}")


def need_string(value: Any, function: str, parameter: str | int) -> str:
    """:raises Failure: if the argument is not a string."""
    return need(value, str, "string", function, parameter)  # type: ignore[no-any-return]


def need_int(value: Any, function: str, parameter: str | int) -> int:
    """:raises Failure: if the argument is not an integer of 64 bits."""
    number: int = need(value, int, "int", function, parameter)
    if not -(1 << 63) <= number < 1 << 63:
        wanted = "want value in signed 64-bit range"
        raise Failure(f"{function}: for parameter {parameter}: {number} out of range ({wanted})")
    return number


def need_bool(value: Any, function: str, parameter: str | int) -> bool:
    """:raises Failure: if the argument is not a bool."""
    return need(value, bool, "bool", function, parameter)  # type: ignore[no-any-return]


def need_callable(value: Any, function: str, parameter: str | int) -> Any:
    """:raises Failure: if the argument cannot be called."""
    if is_callable(value):
        return value
    got = f"got {type_name(value)}, want callable"
    raise Failure(f"{function}: for parameter {parameter}: {got}")


def bounds(low: Any, high: Any, size: int, function: str) -> tuple[int, int]:
    """The places that optional indexes denote in something of this size."""
    places = []
    for value, default, what in ((low, 0, "start"), (high, size, "end")):
        place = default
        if value is not None:
            try:
                place = to_int32(value)
            except Failure as failure:
                raise Failure(f"{function}: invalid {what} index: {failure.message}") from None
            place = max(0, place + size) if place < 0 else min(place, size)
        places.append(place)
    return places[0], places[1]
