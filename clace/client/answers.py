"""The values in a server's answer."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T", bound=Struct)


def decoded(answer: bytes, kind: type[T]) -> T:
    """The JSON of an answer as a value of ``kind``.

    A ``null`` reads as a value left out: servers written in Go send it for an empty list or map.

    :raises msgspec.DecodeError: if it is not JSON of that shape; names the place.
    """
    return msgspec.convert(_without_nulls(msgspec.json.decode(answer)), kind)


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {name: _without_nulls(item) for name, item in value.items() if item is not None}
        case list():
            return [_without_nulls(item) for item in value if item is not None]
        case _:
            return value
