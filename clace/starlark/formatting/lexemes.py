"""Tokens as they are spelt in a source, with the comments and line breaks between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from clace.starlark.source import tokens
from clace.starlark.source.scanner import scan
from clace.starlark.source.tokens import Token

COMMENT = "comment"
_BETWEEN = re.compile(r"(?P<comment>\#[^\n]*)|(?P<joined>\\\n)|(?P<newline>\n)|[ \t]+")
_PLAIN_QUOTES = re.compile(r"(?P<prefix>rb|r|b|)'(?P<body>[^'\"\\\n]*)'\Z")


class Lexeme(NamedTuple):
    """A token or a comment. ``breaks`` counts the line breaks before it, and ``joined`` tells a
    backslash at the end of the line before; ``column`` counts from 0.
    """

    kind: str
    text: str
    value: object
    breaks: int
    joined: bool
    column: int

    @property
    def meaning(self) -> tuple[str, object]:
        """Return what has to stay the same."""
        return self.kind, self.value


def lexemes(source: str) -> Iterator[Lexeme]:
    """Yield the tokens of a source and the comments between them, in their order."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    starts = [0, *(found.end() for found in re.finditer("\n", source))]
    at = breaks = 0
    joined = False
    for token in scan(source):
        begin, end = _span(token, starts, len(source))
        for found in _BETWEEN.finditer(source, at, max(at, begin)):
            if found.lastgroup == COMMENT:
                text = found[0].rstrip()
                column = found.start() - (source.rfind("\n", 0, found.start()) + 1)
                yield Lexeme(COMMENT, text, text, breaks, joined, column)
                breaks, joined = 0, False
            else:
                breaks += found.lastgroup is not None
                joined = joined or found.lastgroup == "joined"
        if token.kind in _LAYOUT:
            yield Lexeme(token.kind, "", None, 0, joined=False, column=token.column - 1)
            at = max(at, begin)
            continue
        text = spelling(source[begin:end])
        yield Lexeme(token.kind, text, token.value, breaks, joined, token.column - 1)
        at, breaks, joined = end, 0, False


_LAYOUT = frozenset({tokens.NEWLINE, tokens.INDENT, tokens.OUTDENT, tokens.END})


def _span(token: Token, starts: list[int], size: int) -> tuple[int, int]:
    """Return where a token begins and ends in the source."""
    begin = starts[token.line - 1] + token.column - 1
    last = token.end_line - 1
    end = starts[last] + token.end_column - 1 if last < len(starts) else size
    return min(begin, size), min(end, size)


def spelling(text: str) -> str:
    """Return a token with double quotes in place of single ones, where nothing else changes."""
    plain = _PLAIN_QUOTES.match(text)
    return f'{plain["prefix"]}"{plain["body"]}"' if plain else text
