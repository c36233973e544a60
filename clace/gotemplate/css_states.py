"""How template text moves through CSS: strings, URLs and comments."""

from __future__ import annotations

import re
from typing import Final

from clace.gotemplate.context import Context, State, failed
from clace.gotemplate.html_states import SPACE, Step, url
from clace.gotemplate.literals import quote

_SPECIAL: Final = re.compile(r"[(\"'/]")
_URL: Final = re.compile(
    r"(?:\A|[^-_0-9A-Za-z\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff])url\Z",
    re.IGNORECASE | re.ASCII,
)
_ENDS: Final = {
    State.CSS_DQ: re.compile(r'[\\"]'),
    State.CSS_DQ_URL: re.compile(r'[\\"]'),
    State.CSS_SQ: re.compile(r"[\\']"),
    State.CSS_SQ_URL: re.compile(r"[\\']"),
    State.CSS_URL: re.compile(r"[\\\t\n\f\r )]"),
}
_ESCAPE: Final = re.compile(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[\t\n\f\r ])?|(.)|\Z)", re.DOTALL)


def decode_css(source: str) -> str:
    """The text with CSS escapes resolved."""
    return _ESCAPE.sub(_decoded, source) if "\\" in source else source


def _decoded(found: re.Match[str]) -> str:
    if not found[1]:
        return found[2] or ""
    code = int(found[1], 16)
    if code > 0x10FFFF:  # noqa: PLR2004
        return chr(code >> 4) + found[1][-1]
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)  # noqa: PLR2004


def code(context: Context, source: str) -> Step:
    start = 0
    while (found := _SPECIAL.search(source, start)) is not None:
        at, char = found.start(), found[0]
        start = at + 1
        if char == "(":
            if _URL.search(source[:at].rstrip(SPACE)):
                return _open_url(context, source, start)
        elif char == "/":
            if source.startswith("//", at):
                return context._replace(state=State.CSS_LINE_COMMENT), at + 2
            if source.startswith("/*", at):
                return context._replace(state=State.CSS_BLOCK_COMMENT), at + 2
        else:
            state = State.CSS_DQ if char == '"' else State.CSS_SQ
            return context._replace(state=state), start
    return context, len(source)


def _open_url(context: Context, source: str, start: int) -> Step:
    start = len(source) - len(source[start:].lstrip(SPACE))
    char = source[start : start + 1]
    if char == '"':
        return context._replace(state=State.CSS_DQ_URL), start + 1
    if char == "'":
        return context._replace(state=State.CSS_SQ_URL), start + 1
    return context._replace(state=State.CSS_URL), start


def string(context: Context, source: str) -> Step:
    """A string or ``url(...)`` up to its end; strings too may hold URLs."""
    pattern = _ENDS[context.state]
    start = 0
    while (found := pattern.search(source, start)) is not None:
        at = found.start()
        if found[0] != "\\":
            return context._replace(state=State.CSS), at + 1
        if at + 1 == len(source):
            shown = quote(source)
            return failed(f"unfinished escape sequence in CSS string: {shown}"), len(source)
        context, _ = url(context, decode_css(source[: at + 2]))
        start = at + 2
    context, _ = url(context, decode_css(source[start:]))
    return context, len(source)
