"""Code that may change a list, dict or set: only then must a loop guard what it goes over."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from clace.starlark.source.nodes import (
    Assignment,
    Binding,
    Call,
    Comprehension,
    Dot,
    For,
    ForClause,
    Identifier,
    Index,
)


def may_mutate(node: Any) -> bool:
    """Return true if evaluating a node, or any of a list of nodes, can change a value."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, Call) or _changes(one):
            return True
        elif is_dataclass(one) and not isinstance(one, Identifier | Binding):
            waiting += [getattr(one, field.name) for field in fields(one)]
    return False


def turn_may_mutate(node: Comprehension) -> bool:
    """Return true if a turn of the comprehension can change what it goes over."""
    first, *clauses = node.clauses
    assert isinstance(first, ForClause)
    return stores(first.target) or may_mutate([node.body, *clauses])


def _changes(node: Any) -> bool:
    """Assigning to a name changes no value, unless a list or dict grows by it."""
    if isinstance(node, Assignment):
        return node.operator != "=" or stores(node.target)
    return isinstance(node, For | ForClause) and stores(node.target)


def stores(target: Any) -> bool:
    """Return true if assigning to the target changes a value, such as ``x[0]``."""
    waiting = [target]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Index | Dot):
            return True
        waiting += getattr(one, "items", ())
        if hasattr(one, "inner"):
            waiting.append(one.inner)
    return False
