"""Calls of methods that have a helper of their own, which looks at the likely type first."""

from __future__ import annotations

from collections.abc import Sequence

from clace.starlark.source.nodes import Argument
from clace.starlark.values.quick import QUICK


def keyword_names(arguments: Sequence[Argument]) -> tuple[str, ...]:
    """The names of the named arguments of a call."""
    return tuple(one.name.name for one in arguments if one.name is not None)


def method_helper(name: str, count: int) -> str:
    """The helper for a method with so many arguments, or ""."""
    return f"m_{name}_{count}" if (name, count) in QUICK else ""
