"""The functions that emitted code calls, by the names that it calls them."""

from __future__ import annotations

from typing import Any

from clace.starlark.emit.operations import HELPERS
from clace.starlark.values import (
    attributes,
    comparison,
    indexing,
    iteration,
    keys,
    locks,
    operators,
)
from clace.starlark.values.format import with_number, with_text
from clace.starlark.values.quick import QUICK

_OPERATORS = {
    sign: getattr(comparison, name, None) or getattr(operators, name)
    for sign, name in HELPERS.items()
}


def fold(signs: tuple[str, ...], first: Any, *others: Any) -> Any:
    """Binary operations one after the other."""
    for sign, other in zip(signs, others, strict=True):
        first = _OPERATORS[sign](first, other)
    return first


_NAMED: dict[str, Any] = {
    **{name: _OPERATORS[sign] for sign, name in HELPERS.items()},
    "add_to": operators.add_to,
    "or_to": operators.or_to,
    "negate": operators.negate,
    "positive": operators.positive,
    "invert": operators.invert,
    "attribute": attributes.get_attribute,
    "set_attribute": attributes.set_attribute,
    "store_attribute": attributes.store_attribute,
    "call_method": attributes.call_method,
    "late_call": attributes.late_call,
    "get_item": indexing.get_item,
    "set_item": indexing.set_item,
    "store_item": indexing.store_item,
    "get_slice": indexing.get_slice,
    "make_dict": indexing.make_dict,
    "items_of": iteration.items_of,
    "begin": iteration.begin,
    "guarded": iteration.guarded,
    "unlock": locks.unlock,
    "locks": locks.locks,
    "unpack": iteration.unpack,
    "unpack_each": iteration.unpack_each,
    "star": iteration.star,
    "double_star": iteration.double_star,
    "to_key": keys.to_key,
    "with_number": with_number,
    "with_text": with_text,
    "fold": fold,
    "type": type,
    "id": id,
    "int": int,
    "str": str,
    "list": list,
    "dict": dict,
    **{f"m_{name}_{count}": function for (name, count), function in QUICK.items()},
}
# The names that emitted code begins with: none of them is a built-in function of Python's.
PRELUDE: dict[str, Any] = {"__builtins__": {}} | {
    f"${name}": value for name, value in _NAMED.items()
}
