"""Methods that templates may call on values, each listed by hand."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote_plus

from clace.gotemplate.faults import Fault
from clace.gotemplate.go.values import Slice, URLValues, encode
from clace.gotemplate.language.signatures import Function, signature

_Table = dict[str, Function]


def _method(table: _Table, name: str, params: str, call: Any) -> None:
    types, variadic = signature(params)
    table[name] = Function(name, call, types, variadic)


def _first(values: URLValues, key: str) -> str:
    found = values.entries.get(key)
    return str(found[0]) if found else ""


def canonical(name: str) -> str:
    """A header name in canonical form; names with invalid characters stay as they are."""
    if not name or any(not (c.isalnum() or c in "!#$%&'*+-.^_`|~") or c > "~" for c in name):
        return name
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def _query_encode(values: URLValues) -> str:
    pairs = ((key, value) for key in sorted(values.entries) for value in values.entries[key])
    return "&".join(f"{query_escape(key)}={query_escape(value)}" for key, value in pairs)


def query_escape(text: str) -> str:
    """Go's ``url.QueryEscape``."""
    return quote_plus(encode(text), safe="~")


URL_VALUES: Final[_Table] = {}
_method(URL_VALUES, "Get", "string", _first)
_method(URL_VALUES, "Has", "string", lambda values, key: key in values.entries)
_method(URL_VALUES, "Encode", "", _query_encode)

HEADER: Final[_Table] = {}
_method(HEADER, "Get", "string", lambda values, key: _first(values, canonical(key)))
_method(
    HEADER,
    "Values",
    "string",
    lambda values, key: values.entries.get(canonical(key), Slice(elem="string", nil=True)),
)
_method(HEADER, "Clone", "", lambda values: URLValues(values.entries, header=True))
_NO_RESULT: Final = {
    "url.Values": frozenset(("Add", "Del", "Set")),
    "http.Header": frozenset(("Add", "Del", "Set")),
}
_TABLES: Final[dict[type, _Table]] = {}


def method_of(receiver: Any, name: str) -> Function | None:
    """The method of a value, looked up by its exact type."""
    if type(receiver) is URLValues:
        if name in _NO_RESULT[receiver.go_type]:
            raise Fault(f"function {name} has 0 return values; should be 1 or 2")
        return (HEADER if receiver.go_type == "http.Header" else URL_VALUES).get(name)
    table = _TABLES.get(type(receiver))
    return table.get(name) if table else None


def register(kind: type, table: _Table) -> None:
    """Give the values of one exact type their methods."""
    _TABLES[kind] = table
