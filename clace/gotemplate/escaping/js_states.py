"""Transitions of template text through JavaScript: strings, literals, comments."""

from __future__ import annotations

import re
from typing import Final

from clace.gotemplate.escaping.context import Context, Slash, State, failed
from clace.gotemplate.escaping.html_states import Step
from clace.gotemplate.language.literals import quote

JS_SPACE: Final = (
    "\f\n\r\t\v \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_SPECIAL: Final = re.compile("[\"`'/{}<\\-#]")
_SPECIAL_IN_FILTER: Final = re.compile("[\"`'/{}<\\-#\\[\\]]")
_TRAILING_WORD: Final = re.compile(r"[$0-9A-Za-z_]*\Z")
_BEFORE_REGEXP: Final = frozenset(
    (
        "break",
        "case",
        "continue",
        "delete",
        "do",
        "else",
        "finally",
        "in",
        "instanceof",
        "return",
        "throw",
        "try",
        "typeof",
        "void",
    )
)
_OPENS: Final = {'"': State.JS_DQ, "'": State.JS_SQ, "`": State.JS_TEMPLATE}
_DELIMITED: Final = {
    State.JS_DQ: re.compile(r'[\\"]'),
    State.JS_SQ: re.compile(r"[\\']"),
    State.JS_REGEXP: re.compile(r"[\\/\[\]]"),
}
_TEMPLATE: Final = re.compile(r"[`\\]|\$\{")
_LINE_ENDS: Final = {
    State.JS_LINE_COMMENT: (re.compile("[\n\r\u2028\u2029]"), State.JS),
    State.JS_HTML_OPEN: (re.compile("[\n\r\u2028\u2029]"), State.JS),
    State.JS_HTML_CLOSE: (re.compile("[\n\r\u2028\u2029]"), State.JS),
    State.CSS_LINE_COMMENT: (re.compile("[\n\f\r]"), State.CSS),
}


def next_slash(source: str, before: Slash) -> Slash:
    """Return the meaning of a ``/`` after tokens without strings, comments or divisions."""
    source = source.rstrip(JS_SPACE)
    if not source:
        return before
    last = source[-1]
    if last in "+-":
        run = len(source) - len(source.rstrip(last))
        return Slash.REGEXP if run % 2 else Slash.DIVISION
    if last == ".":
        digit = "0" <= source[-2:-1] <= "9"
        return Slash.DIVISION if digit else Slash.REGEXP
    if last in ",<>=*%&|^?!~([:;{}":
        return Slash.REGEXP
    word = _TRAILING_WORD.search(source)
    if word is not None and word[0] in _BEFORE_REGEXP:
        return Slash.REGEXP
    return Slash.DIVISION


def code(  # noqa: PLR0911 - one for each case
    context: Context, source: str, start: int, end: int
) -> Step:
    """JavaScript outside strings, comments and regular expressions."""
    special = _SPECIAL_IN_FILTER if context.brackets else _SPECIAL
    found = special.search(source, start, end)
    at = end if found is None else found.start()
    context = context._replace(slash=next_slash(source[start:at], context.slash))
    if found is None:
        return context, end
    char = found[0]
    if char in _OPENS:
        return context._replace(state=_OPENS[char], slash=Slash.REGEXP), at + 1
    if char == "/":
        return _slash(context, source, at, end)
    if char in "{}":
        return _brace(context, char, at)
    if char in "[]":
        return _bracket(context, char), at + 1
    if char == "<" and source.startswith("<!--", at, end):
        return context._replace(state=State.JS_HTML_OPEN), at + 4
    if char == "-" and source.startswith("-->", at, end):
        return context._replace(state=State.JS_HTML_CLOSE), at + 3
    if char == "#" and source.startswith("#!", at, end):
        return context._replace(state=State.JS_LINE_COMMENT), at + 2
    return context, at + 1


def _slash(context: Context, source: str, at: int, end: int) -> Step:
    if source.startswith("//", at, end):
        return context._replace(state=State.JS_LINE_COMMENT), at + 2
    if source.startswith("/*", at, end):
        return context._replace(state=State.JS_BLOCK_COMMENT), at + 2
    if context.slash is Slash.REGEXP:
        return context._replace(state=State.JS_REGEXP), at + 1
    if context.slash is Slash.DIVISION:
        return context._replace(slash=Slash.REGEXP), at + 1
    shown = quote(source[at : min(at + 32, end)])
    return failed(f"'/' could start a division or regexp: {shown}"), end


def _brace(context: Context, char: str, at: int) -> Step:
    """Braces count only inside the expressions of a template literal."""
    braces = context.braces
    if braces and char == "}" and braces[-1] == 0:
        return context._replace(state=State.JS_TEMPLATE, braces=braces[:-1]), at + 1
    if braces:
        braces = (*braces[:-1], braces[-1] + (1 if char == "{" else -1))
    return context._replace(slash=next_slash(char, context.slash), braces=braces), at + 1


def _bracket(context: Context, char: str) -> Context:
    """Brackets count only in a filter of HTMX, which ends at the last."""
    brackets = context.brackets + (1 if char == "[" else -1)
    if not brackets:
        return context._replace(state=State.HX_TRIGGER, brackets=0, braces=(), slash=Slash.REGEXP)
    return context._replace(slash=next_slash(char, context.slash), brackets=brackets)


def template_literal(context: Context, source: str, start: int, end: int) -> Step:
    place = start
    while (found := _TEMPLATE.search(source, place, end)) is not None:
        if found[0] == "${":
            braces = (*context.braces, 0)
            return context._replace(state=State.JS, braces=braces), found.end()
        if found[0] == "`":
            return context._replace(state=State.JS), found.end()
        place = found.end() + 1
        if place > end:
            return _unfinished(source[start:end]), end
    return context, end


def _unfinished(text: str) -> Context:
    return failed(f"unfinished escape sequence in JS string: {quote(text)}")


def delimited(context: Context, source: str, start: int, end: int) -> Step:
    """A string or a regular expression up to its end."""
    pattern = _DELIMITED[context.state]
    place, in_set = start, False
    while (found := pattern.search(source, place, end)) is not None:
        at, char = found.start(), found[0]
        place = at + 1
        if char == "\\":
            place += 1
            if at + 1 == end:
                return _unfinished(source[start:end]), end
        elif char in "[]":
            in_set = char == "["
        elif char == "/" and at > start and _closes_script(source, at, end):
            place += 1
        elif not in_set:
            return context._replace(state=State.JS, slash=Slash.DIVISION), at + 1
    if in_set:
        return failed(f"unfinished JS regexp charset: {quote(source[start:end])}"), end
    return context, end


def _closes_script(source: str, at: int, end: int) -> bool:
    return at + 7 <= end and source[at - 1 : at + 7].lower() == "</script"


def block_comment(context: Context, source: str, start: int, end: int) -> Step:
    """A comment of JavaScript or CSS."""
    stop = source.find("*/", start, end)
    if stop < 0:
        return context, end
    state = State.JS if context.state is State.JS_BLOCK_COMMENT else State.CSS
    return context._replace(state=state), stop + 2


def line_comment(context: Context, source: str, start: int, end: int) -> Step:
    """A comment up to, not including, the end of its line."""
    pattern, state = _LINE_ENDS[context.state]
    found = pattern.search(source, start, end)
    if found is None:
        return context, end
    return context._replace(state=state), found.start()
