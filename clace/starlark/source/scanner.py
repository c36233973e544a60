"""Source text to tokens, with indentation as tokens of its own."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import NoReturn

from clace.starlark.errors import Failure
from clace.starlark.source import tokens
from clace.starlark.source.literals import BadLiteral, unquote
from clace.starlark.source.tokens import Token
from clace.starlark.values.numerals import parse_digits

MAX_NESTING = 200
_TAB = 8
_ESCAPED_OR = r"(?:[^{0}\\\n]|\\.)*"
_TRIPLE = r"{0}{0}{0}[^{0}\\]*(?:(?:\\.|{0}(?!{0}{0}))[^{0}\\]*)*{0}{0}{0}"
_TOKEN = re.compile(
    r"""
    (?P<space>[ \t]+|\\\n)
  | (?P<comment>\#[^\n]*)
  | (?P<newline>\n)
  | (?P<string>(?P<prefix>rb|r|b|)(?:
        (?P<triple>"""
    + _TRIPLE.format('"')
    + "|"
    + _TRIPLE.format("'")
    + r""")
      | (?P<single>\"(?!\"\")"""
    + _ESCAPED_OR.format('"')
    + r"""\"|'(?!'')"""
    + _ESCAPED_OR.format("'")
    + r"""')))
  | (?P<unended>(?:rb|r|b|)["'])
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>0[xX][0-9a-fA-F]*|0[oO][0-7]*|0[bB][01]*
      |(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]*)?)
  | (?P<op>//=|<<=|>>=|\*\*|//|<<|>>|[-+*/%&|^<>=!]=|[-+*/%&|^~<>=.,:;()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_INDENTATION = re.compile(r"[ \t]*")
_PREFIXED = {"0x": (16, "hex"), "0o": (8, "octal"), "0b": (2, "binary")}
_MIN_LITERAL = 2


class _Stop(Exception):
    """The source cannot be scanned any further."""


def scan(source: str) -> list[Token]:
    """All tokens of a source; the last one is the end, or the fault that stopped the scanner."""
    scanner = _Scanner(source.replace("\r\n", "\n").replace("\r", "\n"))
    with suppress(_Stop):
        scanner.run()
    return scanner.tokens


class _Scanner:
    def __init__(self, text: str) -> None:
        self.tokens: list[Token] = []
        self._text = text
        self._at = 0
        self._line = 1
        self._bol = 0  # where the line begins
        self._depth = 0
        self._indents = [0]

    def run(self) -> None:
        match = _TOKEN.match
        text = self._text
        size = len(text)
        self._indent()
        while self._at < size:
            found = match(text, self._at)
            if found is None:
                self._other()
                continue
            kind = found.lastgroup
            if kind == "op":
                self._punctuation(found[0])
            elif kind == "name":
                self._name(found.end())
            elif kind == "newline":
                self._newline()
            elif kind == "string":
                self._string(found)
            elif kind == "number":
                self._number(found[0])
            elif kind == "unended":
                self._unended(found[0])
            else:
                self._skip(found[0])
        self._end()

    def _add(self, kind: str, value: object, end: int) -> None:
        line, bol = self._line, self._bol
        self.tokens.append(Token(kind, value, line, self._at - bol + 1, line, end - bol + 1))
        self._at = end

    def _fail(self, message: str, at: int) -> NoReturn:
        """Stop with a fault at the character ``at`` of the current line."""
        line, column = self._line, at - self._bol + 1
        self.tokens.append(Token(tokens.FAULT, message, line, column, line, column))
        raise _Stop

    def _skip(self, text: str) -> None:
        self._at += len(text)
        if text[-1] == "\n":
            self._line += 1
            self._bol = self._at

    def _newline(self) -> None:
        """A line that is not blank ends with a token, unless it is inside brackets."""
        if self._depth == 0 and self.tokens and self.tokens[-1].kind not in _LINE_STARTS:
            line, column = self._line, self._at - self._bol + 1
            self.tokens.append(Token(tokens.NEWLINE, None, line, column, line + 1, 1))
        self._skip("\n")
        self._indent()

    def _indent(self) -> None:
        """Compare the indentation of a new line with those before it."""
        found = _INDENTATION.match(self._text, self._at)
        assert found is not None
        self._at = found.end()
        if self._depth or self._text[self._at : self._at + 1] in ("", "#", "\n"):
            return
        width = _width(found[0])
        if width > self._indents[-1]:
            self._indents.append(width)
            self._add(tokens.INDENT, None, self._at)
        if width not in self._indents:
            self._fail("unindent does not match any outer indentation level", self._at)
        while width < self._indents[-1]:
            self._indents.pop()
            self._add(tokens.OUTDENT, None, self._at)

    def _end(self) -> None:
        if len(self._indents) > 1:
            if self.tokens[-1].kind not in _LINE_STARTS and not self._is_within_brackets():
                self._add(tokens.NEWLINE, None, self._at)
            for _ in self._indents[1:]:
                self._add(tokens.OUTDENT, None, self._at)
        self._add(tokens.END, None, self._at)

    def _is_within_brackets(self) -> bool:
        """Tell if no line has to be ended, as brackets are open and the last line is blank."""
        last = self._text[self._bol :].strip()
        goes_on = self._text.endswith("\\\n", 0, self._bol)
        return self._depth > 0 and not goes_on and (not last or last.startswith("#"))

    def _punctuation(self, text: str) -> None:
        if text == "!=":
            pass
        elif text in "([{":
            self._depth += 1
            if self._depth > MAX_NESTING:
                self._fail("excessive nesting", self._at)
        elif text in ")]}":
            if self._depth == 0:
                self._fail(f"unexpected '{text}'", self._at)
            self._depth -= 1
        self._add(text, None, self._at + len(text))

    def _name(self, end: int) -> None:
        text = self._text
        while end < len(text) and _goes_on(text[end]):
            end += 1
        name = text[self._at : end]
        if name in tokens.KEYWORDS or name in tokens.RESERVED:
            self._add(name, name, end)
        else:
            self._add(tokens.IDENTIFIER, name, end)

    def _string(self, found: re.Match[str]) -> None:
        prefix, quoted = found["prefix"], found["triple"] or found["single"]
        width = 3 if found["triple"] else 1
        is_bytes = "b" in prefix
        try:
            value = unquote(quoted[width:-width], raw="r" in prefix, is_bytes=is_bytes)
        except BadLiteral as bad:
            self._fail(str(bad), self._at + len(prefix))
        self._add(tokens.BYTES if is_bytes else tokens.STRING, value, found.end())
        if lines := quoted.count("\n"):
            self._line += lines
            self._bol = self._text.rfind("\n", 0, self._at) + 1
            end = (self._line, self._at - self._bol + 1)
            self.tokens[-1] = Token(*self.tokens[-1][:4], *end)

    def _unended(self, opening: str) -> None:
        quote = opening[-1]
        start = self._at + len(opening)
        is_triple = self._text.startswith(quote * 2, start)
        rest = re.compile(r"(?:[^\\\n]|\\.)*", re.DOTALL).match(self._text, start)
        assert rest is not None
        ended = is_triple or self._text[rest.end() :] in ("", "\\")
        self._fail(f"unexpected {'EOF' if ended else 'newline'} in string", self._at)

    def _number(self, text: str) -> None:
        end = self._at + len(text)
        base, name = _PREFIXED.get(text[:2].lower(), (10, ""))
        if name:
            if len(text) == _MIN_LITERAL:
                self._fail(f"invalid {name} literal", self._at if base == 16 else end)  # noqa: PLR2004
            self._add(tokens.INT, self._integer(text[2:], base), end)
        elif text.isdigit():
            self._decimal(text, end)
        else:
            self._float(text, end)

    def _decimal(self, text: str, end: int) -> None:
        if text[0] == "0" and text.strip("0"):
            if "8" in text or "9" in text:
                self._fail("invalid int literal", self._at)
            self._fail(f"obsolete form of octal literal; use 0o{text[1:]}", end)
        self._add(tokens.INT, self._integer(text, 10), end)

    def _integer(self, digits: str, base: int) -> int:
        try:
            return parse_digits(digits, base)
        except Failure as failure:
            self._fail(failure.message, self._at)

    def _float(self, text: str, end: int) -> None:
        try:
            value = float(text)
        except ValueError:
            self._fail("invalid float literal", end)
        if value == float("inf"):
            self._fail("invalid float literal", end)
        self._add(tokens.FLOAT, value, end)

    def _other(self) -> None:
        """A character that begins no ASCII token: part of a name, or refused."""
        character = self._text[self._at]
        if character.isalpha():
            self._name(self._at + 1)
        elif character == "\\":
            self._fail("stray backslash in program", self._at + 1)
        elif character == "!":
            self._fail("unexpected input character '!'", self._at)
        else:
            self._fail(f"unexpected input character {_quoted(character)}", self._at)


_LINE_STARTS = frozenset({tokens.NEWLINE, tokens.INDENT, tokens.OUTDENT})


def _goes_on(character: str) -> bool:
    """Return true if a name may contain this character after its first."""
    return character == "_" or character.isalpha() or "0" <= character <= "9"


def _width(indentation: str) -> int:
    """The width of leading white space; a tab reaches to the next multiple of eight."""
    if "\t" not in indentation:
        return len(indentation)
    width = 0
    for column, character in enumerate(indentation):
        width += _TAB - column % _TAB if character == "\t" else 1
    return width


_NAMED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\r": "\\r", "\v": "\\v"}
_BMP = 0x10000


def _quoted(character: str) -> str:
    """A character between quotes, escaped unless it can be printed."""
    if character.isprintable() or character in _NAMED:
        return f"'{_NAMED.get(character, character)}'"
    code = ord(character)
    if code < 0x80:  # noqa: PLR2004 - ASCII
        return f"'\\x{code:02x}'"
    return f"'\\u{code:04x}'" if code < _BMP else f"'\\U{code:08x}'"
