"""The name that somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Return the known name that is most like ``name``, or nothing if none is like it."""
    import difflib  # noqa: PLC0415 - only mistakes need it

    return difflib.get_close_matches(name, list(known), 1, cutoff)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a message that asks for the known name nearest to ``name``, if one is."""
    near = nearest(name, known)
    return f"; did you mean {near[0]}?" if near else ""
