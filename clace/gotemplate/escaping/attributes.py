"""Kinds of attribute values: as Go guesses them from names, and as HTMX uses its own."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class AttrType(StrEnum):
    PLAIN = "plain"
    UNSAFE = "unsafe"
    URL = "url"
    SRCSET = "srcset"
    CSS = "css"
    JS = "js"
    HTML = "html"
    HX_SCRIPT = "htmx script"
    HX_VALUES = "htmx values"
    HX_TRIGGER = "htmx trigger"
    HX_URL = "htmx url"


_NAMES: Final = {
    AttrType.URL: (
        "action archive background cite classid codebase data formaction href icon longdesc "
        "manifest poster profile src usemap xmlns"
    ),
    AttrType.UNSAFE: (
        "accept-charset async challenge charset content crossorigin defer enctype form formenctype "
        "formmethod formnovalidate http-equiv keytype language method novalidate pattern rel "
        "sandbox type value"
    ),
    AttrType.PLAIN: (
        "accept alt autocomplete autofocus autoplay border checked class cols colspan "
        "contenteditable contextmenu controls coords datetime default dir dirname disabled "
        "draggable dropzone for formtarget headers height hidden high hreflang id ismap kind label "
        "lang list loop low max maxlength media mediagroup min multiple name open optimum "
        "placeholder preload pubdate radiogroup readonly required reversed rows rowspan spellcheck "
        "scope scoped seamless selected shape size sizes span srclang start step tabindex target "
        "title width wrap"
    ),
    AttrType.HTML: "srcdoc",
    AttrType.SRCSET: "srcset",
    AttrType.CSS: "style",
    AttrType.HX_SCRIPT: "hx-vars include-vals",
    AttrType.HX_VALUES: "hx-vals hx-headers hx-request",
    AttrType.HX_TRIGGER: "hx-trigger",
    # A template that makes up the rest of the name means a method: hx-{{.method}}.
    AttrType.HX_URL: "hx- hx-delete hx-get hx-patch hx-post hx-put hx-push-url hx-replace-url"
    " sse-connect",
}
_TYPES: Final = {name: kind for kind, names in _NAMES.items() for name in names.split()}


def attribute_type(name: str) -> AttrType:
    """The kind of a lower-case attribute name; anything that may hold a URL is one."""
    if name.removeprefix("data-").startswith("hx-on"):
        return AttrType.HX_SCRIPT
    prefix, colon, rest = name.partition(":")
    if name.startswith("data-"):
        name = name[len("data-") :]
    elif colon:
        if prefix == "xmlns":
            return AttrType.URL
        name = rest
    if name in _TYPES:
        return _TYPES[name]
    if name.startswith("on"):
        return AttrType.JS
    if any(hint in name for hint in ("src", "uri", "url")):
        return AttrType.URL
    return AttrType.PLAIN
