"""Values as Go sees them: the types this package adds to Python's own, and their Go names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from clace.gotemplate.faults import CallFault

INT_MIN: Final = -(1 << 63)
INT_MAX: Final = (1 << 63) - 1


class NoValue:
    """Go's invalid ``reflect.Value``: what a missing map key evaluates to."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "<no value>"


NOVALUE: Final = NoValue()


class Sized(int):
    """An integer whose Go type is not plain ``int``."""

    __slots__ = ()
    go_type = "int"
    unsigned = False


class Int64(Sized):
    __slots__ = ()
    go_type = "int64"


class Int32(Sized):
    __slots__ = ()
    go_type = "int32"


class Uint8(Sized):
    __slots__ = ()
    go_type = "uint8"
    unsigned = True


class Uint64(Sized):
    __slots__ = ()
    go_type = "uint64"
    unsigned = True


class Content(str):
    """A string that a trusted function vouches for in one context."""

    __slots__ = ()
    go_type = "template.Content"


class HTML(Content):
    __slots__ = ()
    go_type = "template.HTML"


class HTMLAttr(Content):
    __slots__ = ()
    go_type = "template.HTMLAttr"


class CSS(Content):
    __slots__ = ()
    go_type = "template.CSS"


class JS(Content):
    __slots__ = ()
    go_type = "template.JS"


class JSStr(Content):
    __slots__ = ()
    go_type = "template.JSStr"


class URL(Content):
    __slots__ = ()
    go_type = "template.URL"


class Srcset(Content):
    __slots__ = ()
    go_type = "template.Srcset"


class Slice(list[Any]):
    """A Go slice whose elements are not ``interface {}``."""

    __slots__ = ("elem", "nil")

    def __init__(self, items: Iterable[Any] = (), *, elem: str, nil: bool = False) -> None:
        super().__init__(items)
        self.elem = elem
        self.nil = nil


class Map(dict[str, Any]):
    """A Go map from strings whose elements are not ``interface {}``."""

    __slots__ = ("elem",)

    def __init__(self, items: Mapping[str, Any], *, elem: str) -> None:
        super().__init__(items)
        self.elem = elem


class NilMap(dict[str, Any]):
    """A Go map that was never made: empty, and not to be written to."""

    __slots__ = ()
    go_type = "map[string]interface {}"

    def __setitem__(self, key: str, value: Any) -> None:
        raise CallFault("assignment to entry in nil map")


class Record:
    """A Go struct: a type name and fields; ``interfaces`` names those declared ``interface {}``.

    The fields are the mapping that was given; it may make a field when it is first read.
    """

    __slots__ = ("fields", "interfaces", "type_name")
    # Fields are read by name only.
    __iter__ = None
    __contains__ = None

    def __init__(
        self, type_name: str, fields: Mapping[str, Any], *, interfaces: Iterable[str] = ()
    ) -> None:
        self.type_name = type_name
        self.fields = fields
        self.interfaces = frozenset(interfaces)

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]


class URLValues:
    """Go's ``url.Values``, or with ``header=True`` its ``http.Header``: names to strings."""

    __slots__ = ("entries", "go_type")

    def __init__(self, entries: Mapping[str, Iterable[str]], *, header: bool = False) -> None:
        self.entries: dict[str, Slice] = {
            name: Slice(values, elem="string") for name, values in entries.items()
        }
        self.go_type = "http.Header" if header else "url.Values"

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)


_TYPES: Final[dict[type, str]] = {
    bool: "bool",
    int: "int",
    float: "float64",
    str: "string",
    list: "[]interface {}",
    tuple: "[]interface {}",
    dict: "map[string]interface {}",
    datetime: "time.Time",
    bytes: "[]uint8",
    complex: "complex128",
}

KINDS: Final[dict[str, str]] = {
    "bool": "bool",
    "int": "int",
    "float64": "float64",
    "string": "string",
    "time.Time": "struct",
    "[]uint8": "slice",
    "complex128": "complex128",
}


def type_name(value: Any) -> str:  # noqa: PLR0911 - one for each kind
    """The Go type that ``%T`` prints; nil and the missing value are ``<nil>``."""
    kind = type(value)
    if (known := _TYPES.get(kind)) is not None:
        return known
    if value is None or value is NOVALUE:
        return "<nil>"
    if kind is Slice:
        return "[]" + str(value.elem)
    if kind is Map:
        return "map[string]" + str(value.elem)
    if kind is Record:
        return str(value.type_name)
    if kind is URLValues:
        return str(value.go_type)
    return str(getattr(kind, "go_type", "struct {}"))


def kind_name(value: Any) -> str:
    """The Go kind that ``kindOf`` prints."""
    if value is None or value is NOVALUE:
        return "invalid"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (list, tuple)):
        return "slice"
    if isinstance(value, (dict, URLValues)):
        return "map"
    if isinstance(value, Sized):
        return str(getattr(value, "go_kind", value.go_type))
    name = type_name(value)
    return KINDS.get(name, "ptr" if name.startswith("*") else "struct")


def is_list(value: Any) -> bool:
    """Return true if Go would call the value a slice."""
    return isinstance(value, (list, tuple))


def wrap(value: int) -> int:
    """The value as 64-bit arithmetic leaves it."""
    if INT_MIN <= value <= INT_MAX:
        return value
    return (value - INT_MIN & ((1 << 64) - 1)) + INT_MIN


def encode(text: str) -> bytes:
    """The bytes of a Go string; bytes that are not UTF-8 travel as lone surrogates."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode()


def decode(data: bytes) -> str:
    """The Go string of these bytes, the reverse of :func:`encode`."""
    return data.decode("utf-8", "surrogateescape")
