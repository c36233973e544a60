"""The place in an HTML document where template text ends; the names are those of Go's messages."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from clace.gotemplate.language import nodes


class State(StrEnum):
    """The innermost syntax; CSS, JavaScript and URLs may sit inside attributes."""

    TEXT = "stateText"
    TAG = "stateTag"
    ATTR_NAME = "stateAttrName"
    AFTER_NAME = "stateAfterName"
    BEFORE_VALUE = "stateBeforeValue"
    HTML_COMMENT = "stateHTMLCmt"
    RCDATA = "stateRCDATA"
    ATTR = "stateAttr"
    URL = "stateURL"
    SRCSET = "stateSrcset"
    JS = "stateJS"
    JS_DQ = "stateJSDqStr"
    JS_SQ = "stateJSSqStr"
    JS_TEMPLATE = "stateJSTmplLit"
    JS_REGEXP = "stateJSRegexp"
    JS_BLOCK_COMMENT = "stateJSBlockCmt"
    JS_LINE_COMMENT = "stateJSLineCmt"
    JS_HTML_OPEN = "stateJSHTMLOpenCmt"
    JS_HTML_CLOSE = "stateJSHTMLCloseCmt"
    CSS = "stateCSS"
    CSS_DQ = "stateCSSDqStr"
    CSS_SQ = "stateCSSSqStr"
    CSS_DQ_URL = "stateCSSDqURL"
    CSS_SQ_URL = "stateCSSSqURL"
    CSS_URL = "stateCSSURL"
    CSS_BLOCK_COMMENT = "stateCSSBlockCmt"
    CSS_LINE_COMMENT = "stateCSSLineCmt"
    ERROR = "stateError"
    META_CONTENT = "stateMetaContent"
    META_CONTENT_URL = "stateMetaContentURL"
    HX_VALUES = "stateHTMXValues"
    HX_TRIGGER = "stateHTMXTrigger"
    DEAD = "stateDead"


class Delim(StrEnum):
    """The delimiter that ends the current attribute value."""

    NONE = "delimNone"
    DOUBLE = "delimDoubleQuote"
    SINGLE = "delimSingleQuote"
    SPACE = "delimSpaceOrTagEnd"


class URLPart(StrEnum):
    """The part of a URL that the text has reached."""

    NONE = "urlPartNone"
    PRE_QUERY = "urlPartPreQuery"
    QUERY = "urlPartQueryOrFrag"
    UNKNOWN = "urlPartUnknown"


class Slash(StrEnum):
    """The meaning of the next ``/`` in JavaScript."""

    REGEXP = "jsCtxRegexp"
    DIVISION = "jsCtxDivOp"
    UNKNOWN = "jsCtxUnknown"


class Attr(StrEnum):
    """The kind of the current attribute's value."""

    NONE = "attrNone"
    SCRIPT = "attrScript"
    SCRIPT_TYPE = "attrScriptType"
    STYLE = "attrStyle"
    URL = "attrURL"
    SRCSET = "attrSrcset"
    META_CONTENT = "attrMetaContent"
    HX_SCRIPT = "attrHTMXScript"
    HX_VALUES = "attrHTMXValues"
    HX_TRIGGER = "attrHTMXTrigger"
    HX_URL = "attrHTMXURL"


class Element(StrEnum):
    """The element whose tag or special body we are in."""

    NONE = "elementNone"
    SCRIPT = "elementScript"
    STYLE = "elementStyle"
    TEXTAREA = "elementTextarea"
    TITLE = "elementTitle"
    META = "elementMeta"


class Place(NamedTuple):
    """A node and the tree it stands in."""

    tree: nodes.Tree
    node: nodes.Node


class EscapeError:
    """Why a template cannot be made safe, and where if that is known."""

    __slots__ = ("description", "line", "place")

    def __init__(self, description: str, place: Place | None) -> None:
        self.description = description
        self.place = place
        self.line = 0


class Context(NamedTuple):
    """A point in a document; the default is the start of an HTML fragment.

    ``brackets`` counts those open in a filter of HTMX; the rest is as in Go.
    """

    state: State = State.TEXT
    delim: Delim = Delim.NONE
    url_part: URLPart = URLPart.NONE
    slash: Slash = Slash.REGEXP
    braces: tuple[int, ...] = ()
    attr: Attr = Attr.NONE
    element: Element = Element.NONE
    error: EscapeError | None = None
    brackets: int = 0

    def __str__(self) -> str:
        error = "<nil>" if self.error is None else self.error.description
        braces = " ".join(map(str, self.braces))
        return (
            f"{{{self.state} {self.delim} {self.url_part} {self.slash} [{braces}] "
            f"{self.attr} {self.element} {error}}}"
        )

    def mangle(self, name: str) -> str:
        """The name of a template when it starts here; the name itself for plain text."""
        if self.state is State.TEXT:
            return name
        parts = [f"{name}$htmltemplate", str(self.state)]
        if self.delim is not Delim.NONE:
            parts.append(self.delim)
        if self.url_part is not URLPart.NONE:
            parts.append(self.url_part)
        if self.slash is not Slash.REGEXP:
            parts.append(self.slash)
        if self.braces:
            parts.append(f"jsBraceDepth([{' '.join(map(str, self.braces))}])")
        if self.attr is not Attr.NONE:
            parts.append(self.attr)
        if self.element is not Element.NONE:
            parts.append(self.element)
        if self.brackets:
            parts.append(f"brackets({self.brackets})")
        return "_".join(parts)


START: Final = Context()
DEAD: Final = Context(State.DEAD)
COMMENTS: Final = frozenset(
    (
        State.HTML_COMMENT,
        State.JS_BLOCK_COMMENT,
        State.JS_LINE_COMMENT,
        State.JS_HTML_OPEN,
        State.JS_HTML_CLOSE,
        State.CSS_BLOCK_COMMENT,
        State.CSS_LINE_COMMENT,
    )
)
SCRIPT_LITERALS: Final = frozenset((State.JS_DQ, State.JS_SQ, State.JS_TEMPLATE, State.JS_REGEXP))
IN_TAG: Final = frozenset(
    (State.TAG, State.ATTR_NAME, State.AFTER_NAME, State.BEFORE_VALUE, State.ATTR)
)
VALUE_STATES: Final = {
    Attr.NONE: State.ATTR,
    Attr.SCRIPT: State.JS,
    Attr.SCRIPT_TYPE: State.ATTR,
    Attr.STYLE: State.CSS,
    Attr.URL: State.URL,
    Attr.SRCSET: State.SRCSET,
    Attr.META_CONTENT: State.META_CONTENT,
    Attr.HX_SCRIPT: State.JS,
    Attr.HX_VALUES: State.HX_VALUES,
    Attr.HX_TRIGGER: State.HX_TRIGGER,
    Attr.HX_URL: State.URL,
}


def failed(description: str, place: Place | None = None) -> Context:
    """The context from which no way leads back."""
    return Context(State.ERROR, error=EscapeError(description, place))


def nudge(context: Context) -> Context:
    """The context that an empty value would start from."""
    if context.state is State.TAG:
        return context._replace(state=State.ATTR_NAME)
    if context.state is State.BEFORE_VALUE:
        return context._replace(state=VALUE_STATES[context.attr], delim=Delim.SPACE, attr=Attr.NONE)
    if context.state is State.AFTER_NAME:
        return context._replace(state=State.ATTR_NAME, attr=Attr.NONE)
    return context


def join(a: Context, b: Context, keyword: str, place: Place) -> Context:
    """The context after two branches, or an error at ``place`` if they end differently."""
    if a.state is State.ERROR or b.state is State.DEAD:
        return a
    if b.state is State.ERROR or a.state is State.DEAD or a == b:
        return b
    if a._replace(url_part=b.url_part) == b:
        return a._replace(url_part=URLPart.UNKNOWN)
    if a._replace(slash=b.slash) == b:
        return a._replace(slash=Slash.UNKNOWN)
    nudged_a, nudged_b = nudge(a), nudge(b)
    if (nudged_a, nudged_b) != (a, b):
        joined = join(nudged_a, nudged_b, keyword, place)
        if joined.state is not State.ERROR:
            return joined
    shown = "{{%s}} branches end in different contexts: %s, %s" % (keyword, a, b)  # noqa: UP031
    return failed(shown, place)
