"""Transitions of template text through HTML: tags, attribute names and values, comments, meta.

Every step takes a context and the text between two places, and gives the context after it has
read some of that text, and the place where it stopped.
"""

from __future__ import annotations

import re
from typing import Final

from clace.gotemplate.escaping.attributes import AttrType, attribute_type
from clace.gotemplate.escaping.context import (
    COMMENTS,
    SCRIPT_LITERALS,
    START,
    VALUE_STATES,
    Attr,
    Context,
    Delim,
    Element,
    State,
    URLPart,
    failed,
)
from clace.gotemplate.language.literals import quote

SPACE: Final = " \t\n\f\r"
_TAG: Final = re.compile(
    r"<(?:(?P<comment>!--)|(?P<end>/?)(?P<name>[A-Za-z](?:[A-Za-z0-9]|[:-][A-Za-z0-9])*))"
)
_NAME_END: Final = re.compile(r"[ \t\n\f\r=>'\"<]")
_NOT_SPACE: Final = re.compile(r"[^ \t\n\f\r]")
_META_URL: Final = re.compile(r"(?i:url)[ \t\n\f\r]*=", re.ASCII)
_ELEMENTS: Final = {
    "script": Element.SCRIPT,
    "style": Element.STYLE,
    "textarea": Element.TEXTAREA,
    "title": Element.TITLE,
    "meta": Element.META,
}
_CONTENT: Final = {
    Element.NONE: State.TEXT,
    Element.SCRIPT: State.JS,
    Element.STYLE: State.CSS,
    Element.TEXTAREA: State.RCDATA,
    Element.TITLE: State.RCDATA,
    Element.META: State.TEXT,
}
_END_TAGS: Final = {
    element: re.compile(rf"</{name}(?=[> \t\n\f/])", re.IGNORECASE | re.ASCII)
    for name, element in _ELEMENTS.items()
    if element is not Element.META
} | {Element.META: re.compile(r"</(?=[> \t\n\f/])")}
_ATTRS: Final = {
    AttrType.URL: Attr.URL,
    AttrType.CSS: Attr.STYLE,
    AttrType.JS: Attr.SCRIPT,
    AttrType.SRCSET: Attr.SRCSET,
    AttrType.HX_SCRIPT: Attr.HX_SCRIPT,
    AttrType.HX_VALUES: Attr.HX_VALUES,
    AttrType.HX_TRIGGER: Attr.HX_TRIGGER,
    AttrType.HX_URL: Attr.HX_URL,
}
Step = tuple[Context, int]


def text(context: Context, source: str, start: int, end: int) -> Step:
    found = _TAG.search(source, start, end)
    if found is None:
        return context, end
    if found["comment"]:
        return Context(State.HTML_COMMENT), found.end()
    element = Element.NONE if found["end"] else _ELEMENTS.get(found["name"].lower(), Element.NONE)
    return Context(State.TAG, element=element), found.end()


def _name_end(source: str, start: int, end: int) -> tuple[int, Context | None]:
    found = _NAME_END.search(source, start, end)
    if found is None:
        return end, None
    if found[0] in "'\"<":
        return -1, failed(f"{quote(found[0])} in attribute name")
    return found.start(), None


def tag(context: Context, source: str, start: int, end: int) -> Step:
    found = _NOT_SPACE.search(source, start, end)
    if found is None:
        return context, end
    place = found.start()
    if found[0] == ">":
        element = Element.NONE if context.element is Element.META else context.element
        return Context(_CONTENT[element], element=element), place + 1
    stop, error = _name_end(source, place, end)
    if error is not None:
        return _named(error, source, start, end), end
    if stop == place:
        shown = quote(source[place:end])
        return failed(f"expected space, attr name, or end of tag, but got {shown}"), end
    state = State.ATTR_NAME if stop == end else State.AFTER_NAME
    attr = _attribute(context.element, source[place:stop].lower())
    return Context(state, element=context.element, attr=attr), stop


def _named(context: Context, source: str, start: int, end: int) -> Context:
    """An error about a name, with the text that it stands in."""
    assert context.error is not None
    context.error.description += f": {quote(source[start : min(start + 32, end)])}"
    return context


def _attribute(element: Element, name: str) -> Attr:
    if element is Element.SCRIPT and name == "type":
        return Attr.SCRIPT_TYPE
    if element is Element.META and name == "content":
        return Attr.META_CONTENT
    return _ATTRS.get(attribute_type(name), Attr.NONE)


def attribute_name(context: Context, source: str, start: int, end: int) -> Step:
    stop, error = _name_end(source, start, end)
    if error is not None:
        return _named(error, source, start, end), end
    if stop != end:
        context = context._replace(state=State.AFTER_NAME)
    return context, stop


def after_name(context: Context, source: str, start: int, end: int) -> Step:
    found = _NOT_SPACE.search(source, start, end)
    if found is None:
        return context, end
    if found[0] != "=":
        return context._replace(state=State.TAG), found.start()
    return context._replace(state=State.BEFORE_VALUE), found.end()


def before_value(context: Context, source: str, start: int, end: int) -> Step:
    found = _NOT_SPACE.search(source, start, end)
    if found is None:
        return context, end
    delim, stop = Delim.SPACE, found.start()
    if found[0] in "'\"":
        delim, stop = (Delim.SINGLE if found[0] == "'" else Delim.DOUBLE), found.end()
    return context._replace(state=VALUE_STATES[context.attr], delim=delim), stop


def comment(context: Context, source: str, start: int, end: int) -> Step:
    stop = source.find("-->", start, end)
    return (START, stop + 3) if stop >= 0 else (context, end)


def special_end(context: Context, source: str, start: int, end: int) -> int:
    """The place of the end tag of a script, style, textarea or title, or -1."""
    if context.element is Element.NONE:
        return -1
    if context.element is Element.SCRIPT and (
        context.state in SCRIPT_LITERALS or context.state in COMMENTS
    ):
        return -1
    found = _END_TAGS[context.element].search(source, start, end)
    return -1 if found is None else found.start()


def special(context: Context, source: str, start: int, end: int) -> Step:
    """The text of a textarea or title up to its end tag."""
    stop = special_end(context, source, start, end)
    return (START, stop) if stop >= 0 else (context, end)


def attribute(context: Context, source: str, start: int, end: int) -> Step:
    del source, start
    return context, end


def url(context: Context, source: str, start: int, end: int) -> Step:
    if source.find("#", start, end) >= 0 or source.find("?", start, end) >= 0:
        return context._replace(url_part=URLPart.QUERY), end
    if context.url_part is URLPart.NONE and _NOT_SPACE.search(source, start, end):
        context = context._replace(url_part=URLPart.PRE_QUERY)
    return context, end


def meta_content(context: Context, source: str, start: int, end: int) -> Step:
    found = _META_URL.search(source, start, end)
    if found is None:
        return context, end
    return context._replace(state=State.META_CONTENT_URL), found.end()


def meta_content_url(context: Context, source: str, start: int, end: int) -> Step:
    stop = source.find(";", start, end)
    if stop < 0:
        return context, end
    return context._replace(state=State.META_CONTENT), stop + 1
