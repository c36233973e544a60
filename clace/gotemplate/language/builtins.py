"""The functions that every Go template has, and the pieces that compiled code calls itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from clace.gotemplate.faults import CallFault, Fault
from clace.gotemplate.go.comparison import equal, less
from clace.gotemplate.go.printf import sprintf
from clace.gotemplate.go.printing import sprint, sprintln, text_of
from clace.gotemplate.go.values import (
    NOVALUE,
    Content,
    Map,
    Slice,
    Uint8,
    URLValues,
    decode,
    encode,
    is_list,
    type_name,
)
from clace.gotemplate.language.methods import query_escape
from clace.gotemplate.language.signatures import Library
from clace.gotemplate.limits import Meter

BUILTINS: Final = Library()
_SORTED: Final = 4
_JS: Final = {
    "\\": r"\\",
    "'": r"\'",
    '"': r"\"",
    "<": r"\u003C",
    ">": r"\u003E",
    "&": r"\u0026",
    "=": r"\u003D",
}
_HTML: Final = {0: "\ufffd", 34: "&#34;", 39: "&#39;", 38: "&amp;", 60: "&lt;", 62: "&gt;"}


def elements(meter: Meter, value: Any) -> Any:
    """Return the elements that a range with at most one variable visits, maps in key order."""
    if is_list(value):
        return value
    if value is None or value is NOVALUE:
        return ()
    if isinstance(value, int) and not isinstance(value, bool):
        if type(value) is int or value <= 0:
            return range(value)
        return map(type(value), range(value))
    entries = value.entries if isinstance(value, URLValues) else value
    if isinstance(entries, dict):
        meter.weigh(_SORTED, entries)
        return [entries[key] for key in sorted(entries)]
    raise Fault(f"range can't iterate over {text_of(value)}")


def pairs(meter: Meter, value: Any) -> Any:
    """Return the pairs that a range with two variables visits; false if it visits nothing."""
    if is_list(value):
        return value and enumerate(value)
    if isinstance(value, int) and not isinstance(value, bool):
        raise Fault(f"can't use {text_of(value)} to iterate over more than one variable")
    entries = value.entries if isinstance(value, URLValues) else value
    if isinstance(entries, dict):
        meter.weigh(_SORTED, entries)
        return [(key, entries[key]) for key in sorted(entries)]
    return elements(meter, value)


@BUILTINS.add("len", "value")
def length(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(encode(value))
    if isinstance(value, (list, tuple, dict, URLValues)):
        return len(value)
    if value is None:
        raise CallFault("len of nil pointer")
    if value is NOVALUE:
        raise CallFault("reflect: call of reflect.Value.Type on zero Value")
    raise CallFault(f"len of type {type_name(value).removeprefix('*')}")


def _index_arg(index: Any, limit: int) -> int:
    if isinstance(index, int) and not isinstance(index, bool):
        if 0 <= index <= limit:
            return int(index)
        raise CallFault(f"index out of range: {int(index)}")
    if index is None or index is NOVALUE:
        raise CallFault("cannot index slice/array with nil")
    raise CallFault(f"cannot index slice/array with type {type_name(index)}")


@BUILTINS.add("index", "value, value...")
def index(item: Any, *indexes: Any) -> Any:
    if item is None or item is NOVALUE:
        raise CallFault("index of untyped nil")
    for place in indexes:
        item = _index_one(item, place)
    return item


def _index_one(item: Any, place: Any) -> Any:
    if isinstance(item, (list, tuple)):
        at = _index_arg(place, len(item))
        if at == len(item):
            raise CallFault("reflect: slice index out of range")
        return item[at]
    if isinstance(item, str):
        data = encode(item)
        at = _index_arg(place, len(data))
        if at == len(data):
            raise CallFault("reflect: string index out of range")
        return Uint8(data[at])
    if isinstance(item, (dict, URLValues)):
        return _map_entry(item, place)
    if item is None:
        raise CallFault("index of nil pointer")
    raise CallFault(f"can't index item of type {type_name(item).removeprefix('*')}")


def _map_entry(item: Any, key: Any) -> Any:
    if key is None or key is NOVALUE:
        raise CallFault("value is nil; should be of type string")
    if type(key) is not str:
        raise CallFault(f"value has type {type_name(key)}; should be string")
    if isinstance(item, URLValues):
        return item.entries.get(key, Slice(elem="string", nil=True))
    found = item.get(key, NOVALUE)
    return zero_of(item) if found is NOVALUE else found


def zero_of(item: Any) -> Any:
    """The zero value of a map's elements."""
    return {"string": "", "int": 0, "bool": False}.get(item.elem) if isinstance(item, Map) else None


@BUILTINS.add("slice", "value, value...")
def slice_of(item: Any, *indexes: Any) -> Any:
    if item is None or item is NOVALUE:
        raise CallFault("slice of untyped nil")
    if len(indexes) > 3:  # noqa: PLR2004
        raise CallFault(f"too many slice indexes: {len(indexes)}")
    if isinstance(item, str):
        if len(indexes) == 3:  # noqa: PLR2004
            raise CallFault("cannot 3-index slice a string")
        data = encode(item)
        start, end = _bounds(indexes, len(data))
        piece = decode(data[start:end])
        return type(item)(piece) if isinstance(item, Content) else piece
    if not is_list(item):
        raise CallFault(f"can't slice item of type {type_name(item)}")
    start, end = _bounds(indexes, len(item))
    return Slice(item[start:end], elem=item.elem) if isinstance(item, Slice) else item[start:end]


def _bounds(indexes: Sequence[Any], limit: int) -> tuple[int, int]:
    given = [_index_arg(place, limit) for place in indexes]
    start, end, cap = (*given, *(0, limit, limit)[len(given) :])
    if start > end:
        raise CallFault(f"invalid slice index: {start} > {end}")
    if end > cap:
        raise CallFault(f"invalid slice index: {end} > {cap}")
    return start, end


@BUILTINS.add("not", "value")
def negate(value: Any) -> bool:
    return not value


@BUILTINS.add("and or", "value, value...")
def last_of(*values: Any) -> Any:
    """Never called as such: the compiler expands ``and`` and ``or`` where they stand."""
    return values[-1]


@BUILTINS.add("eq", "value, value...")
def eq(first: Any, *others: Any) -> bool:
    if not others:
        raise CallFault("missing argument for comparison")
    return any(equal(first, other) for other in others)


@BUILTINS.add("ne", "value, value")
def ne(first: Any, second: Any) -> bool:
    return not equal(first, second)


@BUILTINS.add("lt", "value, value")
def lt(first: Any, second: Any) -> bool:
    return less(first, second)


@BUILTINS.add("le", "value, value")
def le(first: Any, second: Any) -> bool:
    return less(first, second) or equal(first, second)


@BUILTINS.add("gt", "value, value")
def gt(first: Any, second: Any) -> bool:
    return not le(first, second)


@BUILTINS.add("ge", "value, value")
def ge(first: Any, second: Any) -> bool:
    return not less(first, second)


@BUILTINS.add("call", "value, value...")
def call(shown: str, function: Any, *_: Any) -> Any:
    """No function ever travels as a value, so there is nothing to call."""
    if function is None or function is NOVALUE:
        raise CallFault("call of nil")
    raise CallFault(f"non-function {shown} of type {type_name(function)}")


@BUILTINS.add("print", "any...")
def go_print(*values: Any) -> str:
    return sprint(values)


@BUILTINS.add("println", "any...")
def go_println(*values: Any) -> str:
    return sprintln(values)


@BUILTINS.add("printf", "string, any...", metered=True)
def go_printf(meter: Meter, pattern: str, *values: Any) -> str:
    return sprintf(pattern, values, meter.reserve)


def evaluated(values: tuple[Any, ...]) -> str:
    """Arguments printed as one string, as the predefined escapers take them."""
    if len(values) == 1 and type(values[0]) is str:
        return values[0]
    return sprint("<no value>" if value is None else value for value in values)


@BUILTINS.add("html", "any...")
def go_html(*values: Any) -> str:
    return evaluated(values).translate(_HTML)


@BUILTINS.add("js", "any...")
def go_js(*values: Any) -> str:
    return "".join(map(_js_char, evaluated(values)))


def _js_char(char: str) -> str:
    if char in _JS:
        return _JS[char]
    if char < " ":
        return f"\\u{ord(char):04X}"
    if char < "\x80" or char.isprintable():
        return char
    return char if "\udc80" <= char <= "\udcff" else f"\\u{ord(char):04X}"


@BUILTINS.add("urlquery", "any...")
def go_urlquery(*values: Any) -> str:
    return query_escape(evaluated(values))
