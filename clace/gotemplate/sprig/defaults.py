"""sprig's defaults, JSON and reflection."""

from __future__ import annotations

from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.casts import is_empty
from clace.gotemplate.go.deep import deep_equal
from clace.gotemplate.go.json import JSONFault, indented, marshal
from clace.gotemplate.go.json_read import unmarshal
from clace.gotemplate.go.values import kind_name, type_name
from clace.gotemplate.language.signatures import Library
from clace.gotemplate.limits import ELEMENT, Meter

VALUES: Final = Library()


@VALUES.add("default", "any, any...")
def default(fallback: Any, *given: Any) -> Any:
    return given[0] if given and not is_empty(given[0]) else fallback


@VALUES.add("empty", "any")
def empty(value: Any) -> bool:
    return is_empty(value)


@VALUES.add("coalesce", "any...")
def coalesce(*values: Any) -> Any:
    return next((value for value in values if not is_empty(value)), None)


@VALUES.add("all", "any...")
def every(*values: Any) -> bool:
    return not any(map(is_empty, values))


@VALUES.add("any", "any...")
def some(*values: Any) -> bool:
    return not all(map(is_empty, values))


@VALUES.add("ternary", "any, any, bool")
def ternary(if_true: Any, if_false: Any, test: bool) -> Any:  # noqa: FBT001
    return if_true if test else if_false


def _json(value: Any, *, escape_html: bool = True) -> str:
    try:
        return marshal(value, escape_html=escape_html)
    except JSONFault as fault:
        raise CallFault(str(fault)) from None


@VALUES.add("mustToJson", "any")
def must_to_json(value: Any) -> str:
    return _json(value)


@VALUES.add("toJson", "any")
def to_json(value: Any) -> str:
    """JSON, or nothing for what has none."""
    try:
        return marshal(value)
    except JSONFault:
        return ""


@VALUES.add("mustToPrettyJson", "any")
def must_to_pretty_json(value: Any) -> str:
    return indented(_json(value))


@VALUES.add("toPrettyJson", "any")
def to_pretty_json(value: Any) -> str:
    return indented(to_json(value))


@VALUES.add("toRawJson mustToRawJson", "any")
def to_raw_json(value: Any) -> str:
    return _json(value, escape_html=False)


@VALUES.add("fromJson", "string", metered=True)
def from_json(meter: Meter, text: str) -> Any:
    """Return the value of a JSON text, nil for an invalid one."""
    meter.reserve(len(text) * ELEMENT)
    try:
        return unmarshal(text)
    except JSONFault:
        return None


@VALUES.add("mustFromJson", "string", metered=True)
def must_from_json(meter: Meter, text: str) -> Any:
    meter.reserve(len(text) * ELEMENT)
    try:
        return unmarshal(text)
    except JSONFault as fault:
        raise CallFault(str(fault)) from None


@VALUES.add("fail", "string")
def fail(message: str) -> str:
    """End the render with a message."""
    raise CallFault(message)


@VALUES.add("typeOf", "any")
def type_of(value: Any) -> str:
    return type_name(value)


@VALUES.add("typeIs", "string, any")
def type_is(target: str, value: Any) -> bool:
    return target == type_name(value)


@VALUES.add("typeIsLike", "string, any")
def type_is_like(target: str, value: Any) -> bool:
    return type_name(value) in (target, "*" + target)


@VALUES.add("kindOf", "any")
def kind_of(value: Any) -> str:
    return kind_name(value)


@VALUES.add("kindIs", "string, any")
def kind_is(target: str, value: Any) -> bool:
    return target == kind_name(value)


@VALUES.add("deepEqual", "any, any", metered=True)
def equal(meter: Meter, first: Any, second: Any) -> bool:
    return deep_equal(meter, first, second)
