"""Transitions of template text through CSS: strings, URLs and comments."""

from __future__ import annotations

import re
from typing import Final

from clace.gotemplate.escaping.context import Context, State, failed
from clace.gotemplate.escaping.html_states import SPACE, Step, url
from clace.gotemplate.language.literals import quote

_SPECIAL: Final = re.compile(r"[(\"'/]")
_NAME_CHAR: Final = re.compile(r"[-_0-9A-Za-z\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_SPACE: Final = re.compile(r"[^ \t\n\f\r]")
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


def code(context: Context, source: str, start: int, end: int) -> Step:
    place = start
    while (found := _SPECIAL.search(source, place, end)) is not None:
        at, char = found.start(), found[0]
        place = at + 1
        if char == "(":
            if _after_url(source, start, at):
                return _open_url(context, source, place, end)
        elif char == "/":
            if source.startswith("//", at, end):
                return context._replace(state=State.CSS_LINE_COMMENT), at + 2
            if source.startswith("/*", at, end):
                return context._replace(state=State.CSS_BLOCK_COMMENT), at + 2
        else:
            state = State.CSS_DQ if char == '"' else State.CSS_SQ
            return context._replace(state=state), place
    return context, end


def _after_url(source: str, start: int, at: int) -> bool:
    """Return true if the word ``url`` stands before a parenthesis."""
    while at > start and source[at - 1] in SPACE:
        at -= 1
    before = source[max(at - 4, start) : at]
    if before[-3:].lower() != "url":
        return False
    return len(before) < 4 or not _NAME_CHAR.match(before)  # noqa: PLR2004


def _open_url(context: Context, source: str, start: int, end: int) -> Step:
    found = _NOT_SPACE.search(source, start, end)
    place = end if found is None else found.start()
    char = source[place : place + 1] if place < end else ""
    if char == '"':
        return context._replace(state=State.CSS_DQ_URL), place + 1
    if char == "'":
        return context._replace(state=State.CSS_SQ_URL), place + 1
    return context._replace(state=State.CSS_URL), place


def string(context: Context, source: str, start: int, end: int) -> Step:
    """A string or ``url(...)`` up to its end; strings too may hold URLs."""
    pattern = _ENDS[context.state]
    place = escape = start
    while (found := pattern.search(source, place, end)) is not None:
        at = found.start()
        if found[0] != "\\":
            return context._replace(state=State.CSS), at + 1
        if at + 1 == end:
            shown = quote(source[start:end])
            return failed(f"unfinished escape sequence in CSS string: {shown}"), end
        context = _decoded_url(context, source[escape : at + 2])
        place, escape = at + 2, at
    return _decoded_url(context, source[place:end]), end


def _decoded_url(context: Context, text: str) -> Context:
    text = decode_css(text)
    return url(context, text, 0, len(text))[0]
