"""How template text moves through HTML: tags, attribute names and values, comments, meta."""

from __future__ import annotations

import re
from typing import Final

from clace.gotemplate.attributes import AttrType, attribute_type
from clace.gotemplate.context import (
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
from clace.gotemplate.literals import quote

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
}
Step = tuple[Context, int]


def lower(text: str) -> str:
    """ASCII lower case."""
    return text.lower() if text.isascii() else "".join(c.lower() if c < "\x80" else c for c in text)


def text(context: Context, source: str) -> Step:
    found = _TAG.search(source)
    if found is None:
        return context, len(source)
    if found["comment"]:
        return Context(State.HTML_COMMENT), found.end()
    element = Element.NONE if found["end"] else _ELEMENTS.get(found["name"].lower(), Element.NONE)
    return Context(State.TAG, element=element), found.end()


def _attribute_name(source: str, start: int) -> tuple[int, Context | None]:
    found = _NAME_END.search(source, start)
    if found is None:
        return len(source), None
    if found[0] in "'\"<":
        shown = quote(source[:32])
        return -1, failed(f"{quote(found[0])} in attribute name: {shown}")
    return found.start(), None


def tag(context: Context, source: str) -> Step:
    found = _NOT_SPACE.search(source)
    if found is None:
        return context, len(source)
    start = found.start()
    if found[0] == ">":
        element = Element.NONE if context.element is Element.META else context.element
        return Context(_CONTENT[element], element=element), start + 1
    end, error = _attribute_name(source, start)
    if error is not None:
        return error, len(source)
    if end == start:
        shown = quote(source[start:])
        return failed(f"expected space, attr name, or end of tag, but got {shown}"), len(source)
    state = State.ATTR_NAME if end == len(source) else State.AFTER_NAME
    attr = _attribute(context.element, source[start:end].lower())
    return Context(state, element=context.element, attr=attr), end


def _attribute(element: Element, name: str) -> Attr:
    if element is Element.SCRIPT and name == "type":
        return Attr.SCRIPT_TYPE
    if element is Element.META and name == "content":
        return Attr.META_CONTENT
    return _ATTRS.get(attribute_type(name), Attr.NONE)


def attribute_name(context: Context, source: str) -> Step:
    end, error = _attribute_name(source, 0)
    if error is not None:
        return error, len(source)
    if end != len(source):
        context = context._replace(state=State.AFTER_NAME)
    return context, end


def after_name(context: Context, source: str) -> Step:
    found = _NOT_SPACE.search(source)
    if found is None:
        return context, len(source)
    if found[0] != "=":
        return context._replace(state=State.TAG), found.start()
    return context._replace(state=State.BEFORE_VALUE), found.end()


def before_value(context: Context, source: str) -> Step:
    found = _NOT_SPACE.search(source)
    if found is None:
        return context, len(source)
    delim, end = Delim.SPACE, found.start()
    if found[0] in "'\"":
        delim, end = (Delim.SINGLE if found[0] == "'" else Delim.DOUBLE), found.end()
    return context._replace(state=VALUE_STATES[context.attr], delim=delim), end


def comment(context: Context, source: str) -> Step:
    end = source.find("-->")
    return (START, end + 3) if end >= 0 else (context, len(source))


def special_end(context: Context, source: str) -> Step:
    """Stop before the end tag of a script, style, textarea or title."""
    if context.element is not Element.NONE:
        if context.element is Element.SCRIPT and (
            context.state in SCRIPT_LITERALS or context.state in COMMENTS
        ):
            return context, len(source)
        found = _END_TAGS[context.element].search(source)
        if found is not None:
            return START, found.start()
    return context, len(source)


def attribute(context: Context, source: str) -> Step:
    return context, len(source)


def url(context: Context, source: str) -> Step:
    if "#" in source or "?" in source:
        return context._replace(url_part=URLPart.QUERY), len(source)
    if context.url_part is URLPart.NONE and _NOT_SPACE.search(source):
        context = context._replace(url_part=URLPart.PRE_QUERY)
    return context, len(source)


def meta_content(context: Context, source: str) -> Step:
    found = _META_URL.search(source)
    if found is None:
        return context, len(source)
    return context._replace(state=State.META_CONTENT_URL), found.end()


def meta_content_url(context: Context, source: str) -> Step:
    end = source.find(";")
    if end < 0:
        return context, len(source)
    return context._replace(state=State.META_CONTENT), end + 1
