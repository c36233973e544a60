"""Escapers for HTML text, attributes and names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from clace.gotemplate.escaping.attributes import AttrType, attribute_type
from clace.gotemplate.escaping.context import IN_TAG, START, Context, Delim, Element, State
from clace.gotemplate.escaping.transitions import DELIM_ENDS, TRANSITIONS
from clace.gotemplate.go.printing import sprint
from clace.gotemplate.go.values import HTML, NOVALUE, Content, HTMLAttr
from clace.gotemplate.limits import SMALL, Meter

FAILSAFE: Final = "ZgotmplZ"
_TABLE: Final = {
    0: "\ufffd",
    34: "&#34;",
    38: "&amp;",
    39: "&#39;",
    43: "&#43;",
    60: "&lt;",
    62: "&gt;",
}
_NORM: Final = {code: text for code, text in _TABLE.items() if code != ord("&")}
_BAD_RUNES: Final = {
    code: f"&#x{code:x};" for code in (*range(0xFDD0, 0xFDF0), *range(0xFFF0, 0x10000))
}
_NOSPACE: Final = (
    _TABLE
    | _BAD_RUNES
    | {0: "&#xfffd;", 9: "&#9;", 10: "&#10;", 11: "&#11;", 12: "&#12;", 13: "&#13;"}
    | {32: "&#32;", 61: "&#61;", 96: "&#96;"}
    | dict.fromkeys(range(56448, 56576), "&#xfffd;")
)
_NOSPACE_NORM: Final = {code: text for code, text in _NOSPACE.items() if code != ord("&")}
find_special: Final = re.compile("[\0\"&'+<>]").search


def stringify(args: tuple[Any, ...]) -> str:
    """Arguments as one string, nil left out; a lone string keeps its content type."""
    if len(args) == 1:
        value = args[0]
        if isinstance(value, str):
            return value
        if value is None or value is NOVALUE:
            return ""
    return sprint(arg for arg in args if arg is not None and arg is not NOVALUE)


def escape_html(text: str) -> str:
    """The text with everything replaced that means something in HTML."""
    # To look first is quicker than to replace nothing.
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if '"' in text:
        text = text.replace('"', "&#34;")
    if "'" in text:
        text = text.replace("'", "&#39;")
    if "+" in text:
        text = text.replace("+", "&#43;")
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return text


def html_value(value: Any, meter: Meter | None = None) -> str:
    """One value as HTML text: what nearly every action of a page comes to."""
    kind = type(value)
    if kind is str:
        return _escaped(value, meter)
    if kind is int:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    return html_text(_paid(value, meter))


def attribute_value(value: Any, meter: Meter | None = None) -> str:
    """One value as the value of a quoted attribute."""
    if type(value) is str:
        return _escaped(value, meter)
    return html_attribute(_paid(value, meter))


def rcdata_value(value: Any, meter: Meter | None = None) -> str:
    """One value as the text of an element that holds no others."""
    if type(value) is str:
        return _escaped(value, meter)
    return html_rcdata(_paid(value, meter))


def _escaped(text: str, meter: Meter | None) -> str:
    return escape_html(_paid(text, meter)) if len(text) > SMALL else _escaped_short(text)


# The names and titles that need it are the same on page after page.
_escaped_short = lru_cache(1024)(escape_html)


def _paid(value: Any, meter: Meter | None) -> Any:
    return value if meter is None else meter.paid(value)


def html_text(*args: Any) -> str:
    text = stringify(args)
    kind = type(text)
    if kind is HTML:
        return str.__str__(text)
    return escape_html(str.__str__(text)) if kind is not str or find_special(text) else text


def _text(*args: Any) -> tuple[str, bool]:
    """The text, and whether it is trusted HTML."""
    text = stringify(args)
    return (str.__str__(text) if isinstance(text, Content) else text), type(text) is HTML


def html_rcdata(*args: Any) -> str:
    text, trusted = _text(*args)
    return text.translate(_NORM) if trusted else escape_html(text)


def html_attribute(*args: Any) -> str:
    text, trusted = _text(*args)
    return strip_tags(text).translate(_NORM) if trusted else escape_html(text)


def html_nospace(*args: Any) -> str:
    text, trusted = _text(*args)
    if not text:
        return FAILSAFE
    return strip_tags(text).translate(_NOSPACE_NORM) if trusted else text.translate(_NOSPACE)


def html_name(*args: Any) -> str:
    """A harmless attribute or tag name, or the failsafe word."""
    text = stringify(args)
    if type(text) is HTMLAttr:
        return str.__str__(text)
    text = text.lower()
    if not text or attribute_type(text) is not AttrType.PLAIN:
        return FAILSAFE
    harmless = text.isascii() and text.isalnum()
    return str.__str__(text) if harmless else FAILSAFE


def comment(*_: Any) -> str:
    return ""


def strip_tags(source: str) -> str:
    """The text of an HTML fragment without its tags and comments."""
    out: list[str] = []
    context, place, all_text = START, 0, True
    while place != len(source):
        if context.delim is not Delim.NONE:
            found = DELIM_ENDS[context.delim].search(source, place)
            if found is None:
                break
            place = found.start() + (context.delim is not Delim.SPACE)
            context = Context(State.TAG, element=context.element)
            continue
        state = context.state
        if context.element is not Element.NONE and state not in IN_TAG:
            state = State.RCDATA
        after, stop = TRANSITIONS[state](context, source, place, len(source))
        if context.state in (State.TEXT, State.RCDATA):
            end = stop
            if after.state != context.state:
                opening = source.rfind("<", place, end)
                end = opening if opening >= 0 else end
            out.append(source[place:end])
        else:
            all_text = False
        context, place = after, stop
    if all_text:
        return source
    if context.state in (State.TEXT, State.RCDATA):
        out.append(source[place:])
    return "".join(out)
