"""Static text as it will be written: comments dropped, stray ``<`` and script ends defused."""

from __future__ import annotations

import re
from typing import Final

from clace.gotemplate.escaping.context import COMMENTS, SCRIPT_LITERALS, Context, Delim, State
from clace.gotemplate.escaping.transitions import Cursor

_SCRIPT_TAG: Final = re.compile(r"<(script|/script|!--)", re.IGNORECASE | re.ASCII)
_LINE_BREAK: Final = re.compile("[\n\r\u2028\u2029]")
_DOCTYPE: Final = "<!DOCTYPE"
_OPENING: Final = {State.HTML_COMMENT: 4, State.JS_HTML_OPEN: 4, State.JS_HTML_CLOSE: 3}


def rewrite(context: Context, text: str) -> tuple[Context, str | None]:
    """The context after the text, and the text to write if it differs."""
    out: list[str] = []
    cursor = Cursor(text)
    written = start = 0
    while start != len(text):
        after, end = cursor.advance(context, start)
        dropping = context.state in COMMENTS and context.delim is Delim.NONE
        if context.state in (State.TEXT, State.RCDATA):
            written = _strays(context, after, text, start, end, written, out)
        elif dropping:
            out.append(_comment_left(context.state, text[written:end]))
            written = end
        if context.state != after.state and after.state in COMMENTS and after.delim is Delim.NONE:
            out.append(text[written : end - _OPENING.get(after.state, 2)])
            written = end
        if context.state in SCRIPT_LITERALS and _SCRIPT_TAG.search(text, start, end):
            out.append(text[written:start])
            out.append(_SCRIPT_TAG.sub(r"\\x3C\1", text[start:end]))
            written = end
        context, start = after, end
    if not written or context.state is State.ERROR:
        return context, None
    if context.state not in COMMENTS or context.delim is not Delim.NONE:
        out.append(text[written:])
    return context, "".join(out)


def _strays(
    context: Context, after: Context, text: str, start: int, end: int, written: int, out: list[str]
) -> int:
    """Write the text so far if it holds a ``<`` that opens nothing."""
    if after.state != context.state:
        opening = text.rfind("<", start, end)
        end = opening if opening >= 0 else end
    place = text.find("<", start, end)
    while place >= 0:
        if text[place : place + len(_DOCTYPE)].upper() != _DOCTYPE:
            out += (text[written:place], "&lt;")
            written = place + 1
        place = text.find("<", place + 1, end)
    return written


def _comment_left(state: State, dropped: str) -> str:
    """Return what replaces a comment: a block comment still separates tokens and ends lines."""
    if state is State.JS_BLOCK_COMMENT:
        return "\n" if _LINE_BREAK.search(dropped) else " "
    return " " if state is State.CSS_BLOCK_COMMENT else ""
