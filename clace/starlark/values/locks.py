"""Locks of lists, dicts and sets that must not change: in a loop over them, or frozen.

They stay Python's own, so reading costs nothing; a change looks here first. The table knows them
by ``id``, which holds because a loop keeps what it goes over, and ``Frozen`` what it froze.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType
from typing import Any, NoReturn

from clace.starlark.errors import Failure
from clace.starlark.values.host import HostObject
from clace.starlark.values.sets import Set

FROZEN = 1 << 60
locks: dict[int, int] = {}


def lock(value: object) -> None:
    """Note that a loop over the value begins, unless it is frozen: then nobody can change it."""
    count = locks.get(id(value), 0)
    if count < FROZEN:
        locks[id(value)] = count + 1


def unlock(value: object) -> None:
    """Note that a loop over the value has ended; do nothing if it never began."""
    count = locks.get(id(value), 0)
    if count >= FROZEN:
        return
    if count > 1:
        locks[id(value)] = count - 1
    elif count:
        del locks[id(value)]


def refuse(value: object, verb: str) -> NoReturn:
    """Refuse to change a value of the table.

    :raises Failure: in any case; says if the value is frozen or in a loop.
    """
    kind = "list" if type(value) is list else "hash table"
    if locks[id(value)] >= FROZEN:
        raise Failure(f"cannot {verb} frozen {kind}")
    raise Failure(f"cannot {verb} {kind} during iteration")


def check_mutable(value: object, verb: str) -> None:
    """:raises Failure: if the value may not change now; ``verb`` says what was tried."""
    if id(value) in locks:
        refuse(value, verb)


class Frozen:
    """Keeps values from changing for as long as this object lives."""

    def __init__(self, roots: Iterable[object]) -> None:
        self._kept: dict[int, object] = {}
        self._freeze(roots)

    def __del__(self) -> None:
        for key in self._kept:
            locks.pop(key, None)

    def __contains__(self, value: object) -> bool:
        return id(value) in self._kept

    def _freeze(self, roots: Iterable[object]) -> None:
        waiting: list[Any] = list(roots)
        seen: dict[int, object] = {}
        while waiting:
            value = waiting.pop()
            if type(value) in _PLAIN or id(value) in seen:
                continue
            seen[id(value)] = value
            if type(value) in (list, dict, Set) and locks.get(id(value), 0) < FROZEN:
                locks[id(value)] = FROZEN
                self._kept[id(value)] = value
            waiting += _children(value)


_PLAIN = frozenset({int, bool, float, str, bytes, range, type(None)})


def _children(value: Any) -> Iterable[object]:
    kind = type(value)
    if kind is list or kind is tuple:
        return value  # type: ignore[no-any-return]  # both are iterable
    if kind is dict:
        return [*value, *value.values()]
    if kind is Set:
        return value.items  # type: ignore[no-any-return]  # a dict
    if kind is FunctionType:
        return _captured(value)
    if isinstance(value, HostObject):
        value.freeze()
        return value.children()
    return ()


def _captured(function: FunctionType) -> list[object]:
    """The defaults of a function and the variables that it captured."""
    found: list[object] = [*(function.__defaults__ or ())]
    found += (function.__kwdefaults__ or {}).values()
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    return found
