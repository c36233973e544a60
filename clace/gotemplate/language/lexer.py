"""Template text to tokens, with Go's trim markers and its wording for what it cannot read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from clace.gotemplate.language.literals import quote

KEYWORDS: Final = frozenset(
    (
        "block",
        "break",
        "continue",
        "define",
        "else",
        "end",
        "if",
        "range",
        "nil",
        "template",
        "with",
    )
)
SPACES: Final = " \t\r\n"
_COMMENT: Final = re.compile(r"\{\{(?:-(?=[ \t\r\n])[ \t\r\n])?/\*")
_RIGHT: Final = re.compile(r"(?:[ \t\r\n]-)?\}\}")
_SPACE: Final = re.compile(r"[ \t\r\n]+")
_WORD: Final = re.compile(r"\w*")
_QUOTED: Final = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_RAW: Final = re.compile(r"`[^`]*`")
_RUNE: Final = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'")
_SCAN_NUMBER: Final = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    r"|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)


class Token(NamedTuple):
    """``kind`` is ``word`` for identifiers, the keyword itself, or a class such as ``number``."""

    kind: str
    pos: int
    text: str
    line: int

    def __str__(self) -> str:
        if self.kind == "eof":
            return "EOF"
        if self.kind == "error":
            return self.text
        if self.kind in KEYWORDS or self.kind == ".":
            return f"<{self.text}>"
        if len(self.text.encode("utf-8", "surrogatepass")) > 10:  # noqa: PLR2004
            return quote(self.text[:10]) + "..."
        return quote(self.text)


def is_word(char: str) -> bool:
    """Return true if a character may stand in an identifier."""
    return char == "_" or char.isalpha() or char.isdecimal()


class Lexer:
    """One pass over a template; :func:`tokens` runs it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.pos = 0
        self.tokens: list[Token] = []
        self._depth = 0
        self._counted = 0
        self._line = 1

    def run(self) -> list[Token]:
        while self._text() and self._action():
            pass
        return self.tokens

    def _add(self, kind: str, start: int, end: int) -> bool:
        self.tokens.append(Token(kind, start, self.source[start:end], self._line_of(start)))
        self.pos = end
        return True

    def _fail(self, message: str, start: int) -> bool:
        self.tokens.append(Token("error", start, message, self._line_of(start)))
        return False

    def _line_of(self, pos: int) -> int:
        self._line += self.source.count("\n", self._counted, pos)
        self._counted = max(pos, self._counted)
        return self._line

    def _text(self) -> bool:
        """Text up to the next action; false at the end of the template."""
        source, start = self.source, self.pos
        found = source.find("{{", start)
        if found < 0:
            if start < len(source):
                self._add("text", start, len(source))
            return self._add("eof", len(source), len(source)) and False
        end = found
        trims = source[found + 2 : found + 3] == "-" and source[found + 3 : found + 4] in SPACES
        trims = trims and found + 3 < len(source)
        if trims:
            end = start + len(source[start:found].rstrip(SPACES))
        if end > start:
            self._add("text", start, end)
        self.pos = found
        if _COMMENT.match(source, found):
            return self._comment(trims)
        self._add("{{", found, found + 2)
        self.pos += 2 if trims else 0
        self._depth = 0
        return True

    def _comment(self, trims: bool) -> bool:  # noqa: FBT001
        start = self.pos + (4 if trims else 2)
        close = self.source.find("*/", start + 2)
        if close < 0:
            return self._fail("unclosed comment", start)
        right = _RIGHT.match(self.source, close + 2)
        if right is None:
            return self._fail("comment ends before closing delimiter", start)
        self.pos = right.end()
        self._trim_after(right)
        return self._text()

    def _trim_after(self, right: re.Match[str]) -> None:
        if right[0] != "}}" and (space := _SPACE.match(self.source, self.pos)):
            self.pos = space.end()

    def _action(self) -> bool:
        """Tokens up to and including the closing delimiter."""
        while True:
            right = _RIGHT.match(self.source, self.pos)
            if right is not None:
                if self._depth:
                    return self._fail("unclosed left paren", self.pos)
                self._add("}}", right.end() - 2, right.end())
                self._trim_after(right)
                return True
            if not self._inside():
                return False

    def _inside(self) -> bool:  # noqa: PLR0911 - one for each case
        source, start = self.source, self.pos
        if start >= len(source):
            return self._fail("unclosed action", start)
        char = source[start]
        if space := _SPACE.match(source, start):
            end = space.end()
            if source.startswith("-}}", end):
                end -= 1
            return self._add("space", start, end)
        if char in _SINGLE:
            return self._add(_SINGLE[char], start, start + 1)
        if char in _SCANNERS:
            return _SCANNERS[char](self, start)
        if char in "+-" or "0" <= char <= "9":
            return self._number(start)
        if is_word(char):
            return self._identifier(start)
        if char < "\x7f" and char.isprintable():
            return self._add("char", start, start + 1)
        shown = f" '{char}'" if char.isprintable() else ""
        return self._fail(f"unrecognized character in action: U+{ord(char):04X}{shown}", start)

    def _declare(self, start: int) -> bool:
        if not self.source.startswith(":=", start):
            return self._fail("expected :=", start)
        return self._add(":=", start, start + 2)

    def _paren(self, start: int) -> bool:
        char = self.source[start]
        self._depth += 1 if char == "(" else -1
        if self._depth < 0:
            return self._fail("unexpected right paren", start)
        return self._add(char, start, start + 1)

    def _quoted(self, start: int) -> bool:
        pattern, kind, what = _QUOTES[self.source[start]]
        found = pattern.match(self.source, start)
        if found is None:
            return self._fail(f"unterminated {what}", start)
        return self._add(kind, start, found.end())

    def _word_end(self, start: int) -> int:
        end = _WORD.match(self.source, start).end()  # type: ignore[union-attr]
        if self.source[start:end].isascii():
            return end
        return next((i for i in range(start, end) if not is_word(self.source[i])), end)

    def _ends(self, end: int) -> bool:
        """Return true if an identifier may end here."""
        char = self.source[end : end + 1]
        return char in " \t\r\n.,|:)(" or self.source.startswith("}}", end)

    def _bad(self, start: int, end: int) -> bool:
        char = self.source[end]
        shown = f" '{char}'" if char.isprintable() else ""
        return self._fail(f"bad character U+{ord(char):04X}{shown}", start)

    def _field(self, start: int) -> bool:
        char = self.source[start]
        after = self.source[start + 1 : start + 2]
        if char == "." and (not after or "0" <= after <= "9"):
            return self._number(start)
        end = self._word_end(start + 1)
        if not self._ends(end):
            return self._bad(start, end)
        if end == start + 1 and char == ".":
            return self._add(".", start, end)
        return self._add("field" if char == "." else "variable", start, end)

    def _identifier(self, start: int) -> bool:
        end = self._word_end(start)
        if not self._ends(end):
            return self._bad(start, end)
        word = self.source[start:end]
        if word in KEYWORDS:
            return self._add(word, start, end)
        return self._add("bool" if word in ("true", "false") else "word", start, end)

    def _number(self, start: int) -> bool:
        end, good = self._scan_number(start)
        kind = "number"
        if good and self.source[end : end + 1] in ("+", "-"):
            kind = "complex"
            end, good = self._scan_number(end)
            good = good and self.source[end - 1] == "i"
        if not good:
            return self._fail(f"bad number syntax: {quote(self.source[start:end])}", start)
        return self._add(kind, start, end)

    def _scan_number(self, start: int) -> tuple[int, bool]:
        end = _SCAN_NUMBER.match(self.source, start).end()  # type: ignore[union-attr]
        if end < len(self.source) and is_word(self.source[end]):
            return end + 1, False
        return end, True


_SINGLE: Final = {"=": "=", "|": "|"}
_QUOTES: Final = {
    '"': (_QUOTED, "string", "quoted string"),
    "`": (_RAW, "string", "raw quoted string"),
    "'": (_RUNE, "rune", "character constant"),
}
_SCANNERS: Final[dict[str, Callable[[Lexer, int], bool]]] = {
    ":": Lexer._declare,  # noqa: SLF001
    "(": Lexer._paren,  # noqa: SLF001
    ")": Lexer._paren,  # noqa: SLF001
    '"': Lexer._quoted,  # noqa: SLF001
    "`": Lexer._quoted,  # noqa: SLF001
    "'": Lexer._quoted,  # noqa: SLF001
    ".": Lexer._field,  # noqa: SLF001
    "$": Lexer._field,  # noqa: SLF001
}


def tokens(source: str) -> list[Token]:
    """All tokens of a template; the last is ``eof`` or ``error``."""
    return Lexer(source).run()
