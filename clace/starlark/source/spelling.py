"""The nearest of some names, for "did you mean" in messages."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, candidates: Iterable[str]) -> str:
    """The candidate with the fewest typing errors, or "" if all have too many.

    Case and underscores do not count; of equally near ones the first is taken.
    """
    wanted = _fold(name)
    best, limit = "", (len(wanted.encode("utf-8", "surrogateescape")) + 1) // 2
    for candidate in candidates:
        distance = _distance(wanted, _fold(candidate), limit)
        if distance < limit:
            best, limit = candidate, distance
    return best


def suggestion(name: str, candidates: Iterable[str], mark: str = "") -> str:
    """`` (did you mean x?)``, or nothing if no candidate is near."""
    found = nearest(name, candidates)
    return f" (did you mean {mark}{found}?)" if found else ""


def _fold(name: str) -> str:
    return name.replace("_", "").lower()


def _distance(one: str, other: str, limit: int) -> int:
    """The Levenshtein distance of two names in UTF-8, or a number over ``limit``."""
    short, long = sorted(
        (text.encode("utf-8", "surrogateescape") for text in (one, other)), key=len
    )
    if len(long) - len(short) > limit:
        return limit + 1
    row = list(range(len(long) + 1))
    for number, byte in enumerate(short, 1):
        diagonal, row[0] = row[0], number
        for place, against in enumerate(long, 1):
            cost = min(diagonal + (byte != against), row[place - 1] + 1, row[place] + 1)
            diagonal, row[place] = row[place], cost
        if min(row) > limit:
            return limit + 1
    return row[-1]
