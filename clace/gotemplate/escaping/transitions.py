"""The document's state machine: text in, context out."""

from __future__ import annotations

import html.entities
import re
from collections.abc import Callable
from typing import Final

from clace.gotemplate.escaping import css_states, html_states, htmx_states, js_states
from clace.gotemplate.escaping.context import (
    COMMENTS,
    SCRIPT_LITERALS,
    START,
    Attr,
    Context,
    Delim,
    Element,
    State,
    failed,
)
from clace.gotemplate.escaping.html_states import Step
from clace.gotemplate.language.literals import quote

TRANSITIONS: Final[dict[State, Callable[[Context, str, int, int], Step]]] = {
    State.TEXT: html_states.text,
    State.TAG: html_states.tag,
    State.ATTR_NAME: html_states.attribute_name,
    State.AFTER_NAME: html_states.after_name,
    State.BEFORE_VALUE: html_states.before_value,
    State.HTML_COMMENT: html_states.comment,
    State.RCDATA: html_states.special,
    State.ATTR: html_states.attribute,
    State.URL: html_states.url,
    State.META_CONTENT: html_states.meta_content,
    State.META_CONTENT_URL: html_states.meta_content_url,
    State.SRCSET: html_states.url,
    State.JS: js_states.code,
    State.JS_DQ: js_states.delimited,
    State.JS_SQ: js_states.delimited,
    State.JS_REGEXP: js_states.delimited,
    State.JS_TEMPLATE: js_states.template_literal,
    State.JS_BLOCK_COMMENT: js_states.block_comment,
    State.JS_LINE_COMMENT: js_states.line_comment,
    State.JS_HTML_OPEN: js_states.line_comment,
    State.JS_HTML_CLOSE: js_states.line_comment,
    State.CSS: css_states.code,
    State.CSS_DQ: css_states.string,
    State.CSS_SQ: css_states.string,
    State.CSS_DQ_URL: css_states.string,
    State.CSS_SQ_URL: css_states.string,
    State.CSS_URL: css_states.string,
    State.CSS_BLOCK_COMMENT: js_states.block_comment,
    State.CSS_LINE_COMMENT: js_states.line_comment,
    State.HX_VALUES: htmx_states.values,
    State.HX_TRIGGER: htmx_states.trigger,
    State.ERROR: html_states.attribute,
}
UNENDED: Final = SCRIPT_LITERALS | COMMENTS
DELIM_ENDS: Final = {
    Delim.DOUBLE: re.compile('"'),
    Delim.SINGLE: re.compile("'"),
    Delim.SPACE: re.compile("[ \t\n\f\r>]"),
}
_BAD_UNQUOTED: Final = re.compile("[\"'<=`]")
_JS_NAMES: Final = ("ecmascript", "javascript", "x-ecmascript", "x-javascript")
_JS_TYPES: Final = frozenset(
    (
        "",
        "module",
        *(f"application/{name}" for name in (*_JS_NAMES, "json", "ld+json")),
        *(f"text/{name}" for name in (*_JS_NAMES, "jscript", "livescript")),
        *(f"text/javascript1.{minor}" for minor in range(6)),
    )
)
_ENTITY: Final = re.compile(r"&(?:#([xX][0-9a-fA-F]+|[0-9]+);?|([0-9A-Za-z]+;?))")
_CONTROLS: Final = dict(
    zip(range(0x80, 0xA0), bytes(range(0x80, 0xA0)).decode("cp1252", "replace"), strict=True)
)
_LONGEST_CODE: Final = 20
_TOO_LARGE: Final = 0x110000
_LONGEST_BARE: Final = 6


def unescape(source: str) -> str:
    """The text with HTML entities resolved, as Go's ``html.UnescapeString``."""
    return _ENTITY.sub(_resolved, source) if "&" in source else source


def _resolved(found: re.Match[str]) -> str:
    if found[1]:
        digits = found[1]
        code = _TOO_LARGE
        if len(digits) <= _LONGEST_CODE:
            code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        if code in _CONTROLS:
            known = _CONTROLS[code]
            return chr(code) if known == "\ufffd" else known
        if code == 0 or 0xD800 <= code < 0xE000 or code > 0x10FFFF:  # noqa: PLR2004
            return "\ufffd"
        return chr(code)
    name = found[2]
    if name in html.entities.html5:
        return html.entities.html5[name]
    for length in range(min(len(name.removesuffix(";")) - 1, _LONGEST_BARE), 1, -1):
        if name[:length] in html.entities.html5:
            return html.entities.html5[name[:length]] + name[length:]
    return found[0]


def is_js_type(mime_type: str) -> bool:
    """Return true if a script of this type is JavaScript or JSON."""
    return mime_type.partition(";")[0].lower().strip() in _JS_TYPES


class Cursor:
    """A text on which a context advances; it remembers the end tag it saw ahead."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._ahead: dict[Element, int] = {}

    def _special_end(self, context: Context, start: int) -> int:
        ahead = self._ahead.get(context.element, -1)
        if ahead >= start and context.state not in UNENDED:
            return ahead
        found = html_states.special_end(context, self.source, start, len(self.source))
        if found >= 0:
            self._ahead[context.element] = found
        return found

    def advance(self, context: Context, start: int) -> Step:
        """The context after some of the text from ``start`` on, and where that ends."""
        if context.delim is not Delim.NONE:
            return self._attribute(context, start)
        special = self._special_end(context, start)
        if special == start:
            return START, start
        end = special if special >= 0 else len(self.source)
        return TRANSITIONS[context.state](context, self.source, start, end)

    def _attribute(self, context: Context, start: int) -> Step:
        source, end = self.source, len(self.source)
        found = DELIM_ENDS[context.delim].search(source, start)
        stop = found.start() if found else end
        if context.delim is Delim.SPACE:
            bad = _BAD_UNQUOTED.search(source, start, stop)
            if bad is not None:
                shown = f"{quote(bad[0])} in unquoted attr: {quote(source[start:stop])}"
                return failed(shown), end
        if found is None:
            return _inside_attribute(context, unescape(source[start:])), end
        element = context.element
        if (
            context.state is State.ATTR
            and element is Element.SCRIPT
            and context.attr is Attr.SCRIPT_TYPE
            and not is_js_type(source[start:stop])
        ):
            element = Element.NONE
        if context.delim is not Delim.SPACE:
            stop += 1
        return Context(State.TAG, element=element), stop


def _inside_attribute(context: Context, source: str) -> Context:
    place = 0
    while place < len(source):
        context, place = TRANSITIONS[context.state](context, source, place, len(source))
    return context
