"""The lines of a source written anew, as its author broke them."""

from __future__ import annotations

from dataclasses import dataclass, field

from clace.starlark.errors import Position, SourceError
from clace.starlark.formatting.lexemes import COMMENT, Lexeme, lexemes
from clace.starlark.formatting.spacing import Spacing
from clace.starlark.source import tokens
from clace.starlark.source.parser import parse

_STEP = 4
_MOST_BLANK = 2
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def formatted(name: str, source: str) -> str:
    """Lay out a file: indentation by four spaces, one space around operators, double quotes.

    Line breaks stay where they are, and so does every comment. What is laid out so already is
    returned as it is.

    :raises SourceError: if the source is not Starlark.
    """
    parse(name, source)
    found = list(lexemes(f"{source}\n"))
    text = _Layout().laid_out(found)
    if [each.meaning for each in lexemes(text)] != [each.meaning for each in found]:
        raise SourceError("it cannot be laid out without changing it", Position(name, 1, 1))
    return text


@dataclass
class _Layout:
    """Writes lexemes line by line."""

    _lines: list[str] = field(default_factory=list)
    _line: str = ""
    _indent: int = 0  # of the line that is being written
    _blocks: list[int] = field(default_factory=lambda: [0])  # columns in the source
    _brackets: list[int] = field(default_factory=list)  # the indents of lines that opened them
    _comments: list[Lexeme] = field(default_factory=list)  # lines before a token that is awaited
    _spacing: Spacing = field(default_factory=Spacing)
    _begins: bool = True  # nothing of this logical line was written

    def laid_out(self, found: list[Lexeme]) -> str:
        outer = self._blocks
        for lexeme in found:
            match lexeme.kind:
                case tokens.NEWLINE:
                    self._begins = True
                case tokens.INDENT:
                    self._blocks = [*self._blocks, lexeme.column]
                case tokens.OUTDENT:
                    self._blocks = self._blocks[:-1]
                case tokens.END:
                    self._place_comments(outer)
                case _:
                    outer = self._take(lexeme, outer)
        self._break(0)
        return "".join(f"{line}\n" for line in self._lines)

    def _take(self, lexeme: Lexeme, outer: list[int]) -> list[int]:
        """Write a token or comment; ``outer`` are the blocks of the line before, and returned are
        those of this one.
        """
        is_alone = self._begins and not self._brackets
        if lexeme.kind == COMMENT and is_alone and (lexeme.breaks or not self._line):
            self._comments.append(lexeme)
            return outer
        if lexeme.kind != COMMENT and is_alone:
            self._place_comments(outer)
            outer = self._blocks
        starts = is_alone and lexeme.kind != COMMENT and (lexeme.breaks > 0 or not self._line)
        if starts or lexeme.breaks:
            self._break(lexeme.breaks, joined=lexeme.joined)
            self._indent = self._indentation(lexeme, starts=starts)
        self._write(lexeme)
        return outer

    def _indentation(self, lexeme: Lexeme, *, starts: bool) -> int:
        if self._brackets:
            return self._brackets[-1] + (0 if lexeme.kind in _CLOSING else _STEP)
        depth = _STEP * (len(self._blocks) - 1)
        return depth if starts else depth + _STEP

    def _write(self, lexeme: Lexeme) -> None:
        is_first = not self._line
        spaces = self._spacing.before(lexeme, is_first=is_first)
        self._line += " " * (self._indent if is_first else spaces) + lexeme.text
        if lexeme.kind != COMMENT:
            self._begins = False
        if lexeme.kind in _OPENING:
            self._brackets.append(self._indent)
        elif lexeme.kind in _CLOSING and self._brackets:
            self._brackets.pop()

    def _place_comments(self, outer: list[int]) -> None:
        """Write the comments between two lines, each in the block whose column it has."""
        low, high = sorted((outer, self._blocks), key=len)
        is_opening = len(self._blocks) > len(outer)
        for comment in self._comments:
            depth = len(self._blocks) - 1
            if not is_opening:
                fitting = [at for at in range(len(low), len(high)) if high[at] <= comment.column]
                depth = max([depth, *fitting])
            self._break(comment.breaks)
            self._indent = _STEP * depth
            self._write(comment)
        self._comments.clear()

    def _break(self, breaks: int, *, joined: bool = False) -> None:
        """End the line that is written, and leave blank lines as there were."""
        if self._line:
            outside = not self._brackets
            self._lines.append(f"{self._line} \\" if joined and outside else self._line)
        self._line = ""
        if self._lines and not joined:
            most = _MOST_BLANK if not self._brackets and len(self._blocks) == 1 else 1
            self._lines += [""] * min(breaks - 1, most)
