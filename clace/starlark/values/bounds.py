"""Bounds on what one operation may make, for it cannot be interrupted while it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any, TypeVar

from clace.starlark.errors import Failure
from clace.starlark.values.text import joined

MAX_ITEMS = 1 << 22
MAX_SORTED = 1 << 21
MAX_TEXT = 1 << 27
_F = TypeVar("_F", bound=Callable[..., Any])
_interruptible: set[CodeType] = set()


def check_items(items: Any) -> Any:
    """The items themselves.

    :raises Failure: if they are too many to go through at once.
    """
    if hasattr(items, "__len__") and len(items) > MAX_ITEMS:
        raise Failure(f"too many items ({len(items)}; limit is {MAX_ITEMS})")
    return items


def concatenate(parts: Iterable[str], separator: str = "") -> str:
    """The parts as one string.

    :raises Failure: if it would be too long.
    """
    kept = parts if isinstance(parts, list) else list(parts)
    if sum(map(len, kept)) + len(separator) * len(kept) > MAX_TEXT:
        raise Failure(f"string too long (limit is {MAX_TEXT} bytes)")
    return joined(separator.join(kept))


def interruptible(function: _F) -> _F:
    """Mark a function that changes nothing: it may be ended at any place."""
    _interruptible.add(function.__code__)
    return function


def is_interruptible(code: CodeType) -> bool:
    """Whether a computation may be ended while this code runs."""
    return code in _interruptible
