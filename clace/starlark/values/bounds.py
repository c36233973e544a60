"""Bounds on what one operation may make, for it cannot be interrupted while it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.text import joined

MAX_ITEMS = 1 << 22
MAX_REPEATED = 1 << 27  # items that ``*`` makes; Go's bound is 1 << 30
MAX_SORTED = 1 << 21
MAX_TEXT = 1 << 27
MAX_COMPARED = 1 << 34  # bytes; a million words of 800 letters


def check_items(items: Any) -> Any:
    """The items themselves.

    :raises Failure: if they are too many to go through at once.
    """
    if hasattr(items, "__len__") and len(items) > MAX_ITEMS:
        raise Failure(f"too many items ({len(items)}; limit is {MAX_ITEMS})")
    return items


def check_range(items: Any) -> Any:
    """The items themselves, for what makes all of them: a range has no memory until then.

    :raises Failure: if they are a range of too many.
    """
    return check_items(items) if type(items) is range else items


def concatenate(parts: Iterable[str], separator: str = "") -> str:
    """The parts as one string.

    :raises Failure: if it would be too long.
    """
    kept = parts if isinstance(parts, list) else list(parts)
    if sum(map(len, kept)) + len(separator) * len(kept) > MAX_TEXT:
        raise Failure(f"string too long (limit is {MAX_TEXT} bytes)")
    return joined(separator.join(kept))
