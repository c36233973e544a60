"""sprig's list functions; each ``must`` twin only fails the same way."""

from __future__ import annotations

from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.casts import is_empty, strings_of, strval, to_int
from clace.gotemplate.go.deep import deep_equal
from clace.gotemplate.go.values import NOVALUE, Slice, encode, is_list, kind_name
from clace.gotemplate.language.signatures import Library
from clace.gotemplate.limits import Meter

LISTS: Final = Library()
_SCALARS: Final = frozenset((str, int, bool, float))
_NIL: Final = "runtime error: invalid memory address or nil pointer dereference"


def _items(value: Any, complaint: str) -> list[Any]:
    """The elements of a list, or sprig's complaint about anything else."""
    if is_list(value):
        return list(value)
    if value is None or value is NOVALUE:
        raise CallFault(_NIL)
    raise CallFault(f"{complaint} {kind_name(value)}")


def nil_list() -> Slice:
    return Slice(elem="interface {}", nil=True)


@LISTS.add("list tuple", "any...")
def make_list(*values: Any) -> list[Any]:
    return list(values)


@LISTS.add("append push mustAppend mustPush", "any, any", metered=True)
def push(meter: Meter, items: Any, value: Any) -> list[Any]:
    found = _items(items, "Cannot push on type")
    meter.reserve(len(found))
    return [*found, value]


@LISTS.add("prepend mustPrepend", "any, any", metered=True)
def prepend(meter: Meter, items: Any, value: Any) -> list[Any]:
    found = _items(items, "Cannot prepend on type")
    meter.reserve(len(found))
    return [value, *found]


@LISTS.add("chunk mustChunk", "int, any")
def chunk(size: int, items: Any) -> Slice:
    found = _items(items, "Cannot chunk type")
    if size <= 0:
        return _odd_chunk(size, found)
    pieces = [found[at : at + size] for at in range(0, len(found), size)]
    return Slice(pieces, elem="[]interface {}")


def _odd_chunk(size: int, found: list[Any]) -> Slice:
    """Return the result of the original's arithmetic for a size that makes no sense."""
    if size == 0:
        raise CallFault("runtime error: makeslice: len out of range")
    count = (len(found) - 1) // size + 1
    if count == 0:
        return Slice(elem="[]interface {}")
    if len(found) == 1 and size < -1:
        return Slice([found], elem="[]interface {}")
    raise CallFault("runtime error: makeslice: len out of range")


@LISTS.add("last mustLast", "any")
def last(items: Any) -> Any:
    found = _items(items, "Cannot find last on type")
    return found[-1] if found else None


@LISTS.add("first mustFirst", "any")
def first(items: Any) -> Any:
    found = _items(items, "Cannot find first on type")
    return found[0] if found else None


@LISTS.add("rest mustRest", "any")
def rest(items: Any) -> list[Any]:
    return _items(items, "Cannot find rest on type")[1:] if items else _none(items, "rest")


@LISTS.add("initial mustInitial", "any")
def initial(items: Any) -> list[Any]:
    return _items(items, "Cannot find initial on type")[:-1] if items else _none(items, "initial")


def _none(items: Any, what: str) -> list[Any]:
    _items(items, f"Cannot find {what} on type")
    return nil_list()


@LISTS.add("sortAlpha", "any", metered=True)
def sort_alpha(meter: Meter, items: Any) -> Slice:
    found = strings_of(meter, items) if is_list(items) else [strval(items)]
    is_nil = type(items) is Slice and items.nil
    return Slice(sorted(found, key=encode) if is_list(items) else found, elem="string", nil=is_nil)


@LISTS.add("reverse mustReverse", "any")
def reverse(items: Any) -> list[Any]:
    return _items(items, "Cannot find reverse on type")[::-1]


@LISTS.add("compact mustCompact", "any")
def compact(items: Any) -> list[Any]:
    return [item for item in _items(items, "Cannot compact on type") if not is_empty(item)]


def _in(meter: Meter, items: list[Any] | tuple[Any, ...], wanted: Any) -> bool:
    meter.spend(len(items) >> 4)
    return any(deep_equal(meter, wanted, item) for item in items)


@LISTS.add("uniq mustUniq", "any", metered=True)
def uniq(meter: Meter, items: Any) -> list[Any]:
    found: list[Any] = []
    known: set[tuple[type, Any]] = set()
    others: list[Any] = []
    for item in _items(items, "Cannot find uniq on type"):
        if type(item) in _SCALARS:
            key = (type(item), item)
            if key in known and item == item:  # noqa: PLR0124 - no NaN is another
                continue
            known.add(key)
        elif _in(meter, others, item):
            continue
        else:
            others.append(item)
        found.append(item)
    return found


@LISTS.add("without mustWithout", "any, any...", metered=True)
def without(meter: Meter, items: Any, *omit: Any) -> list[Any]:
    found = _items(items, "Cannot find without on type")
    return [item for item in found if not _in(meter, omit, item)]


@LISTS.add("has mustHas", "any, any", metered=True)
def has(meter: Meter, needle: Any, items: Any) -> bool:
    if items is None:
        return False
    return _in(meter, _items(items, "Cannot find has on type"), needle)


@LISTS.add("slice mustSlice", "any, any...")
def slice_list(items: Any, *indices: Any) -> Any:
    found = _items(items, "list should be type of slice or array but")
    if not found:
        return None
    start = to_int(indices[0]) if indices else 0
    end = to_int(indices[1]) if len(indices) > 1 else len(found)
    if not 0 <= start <= end <= len(found):
        raise CallFault("reflect.Value.Slice: slice index out of bounds")
    return Slice(found[start:end], elem=items.elem) if type(items) is Slice else found[start:end]


@LISTS.add("concat", "any...", metered=True)
def concat(meter: Meter, *lists: Any) -> list[Any]:
    out: list[Any] = []
    for items in lists:
        if items is not None and not is_list(items):
            raise CallFault(f"Cannot concat type {kind_name(items)} as list")
        out += _items(items, "")
        meter.reserve(len(out))
    return out or nil_list()
