"""sprig's ``snakecase``, ``kebabcase`` and ``camelcase``, with words as xstrings finds them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from clace.gotemplate.go.unicase import is_space, lower, upper
from clace.gotemplate.language.signatures import Library

CASES: Final = Library()
INVALID, NUMBER, UPPER, ALPHABET, CONNECTOR, PUNCT, OTHER = range(7)
_LINKS: Final = (CONNECTOR, PUNCT)


@lru_cache(maxsize=1024)
def _is_connector(char: str) -> bool:
    return char in "-_" or is_space(char)


@lru_cache(maxsize=1024)
def _is_upper(char: str) -> bool:
    return unicodedata.category(char) == "Lu"


@lru_cache(maxsize=1024)
def _is_punct(char: str) -> bool:
    return unicodedata.category(char)[0] == "P"


@lru_cache(maxsize=1024)
def _is_number(char: str) -> bool:
    return unicodedata.category(char)[0] == "N"


_GOES_ON: Final[dict[int, Callable[[str], bool]]] = {
    CONNECTOR: _is_connector,
    PUNCT: _is_punct,
    NUMBER: _is_number,
    UPPER: _is_upper,
    ALPHABET: lambda char: char.isalpha() and not _is_upper(char),
    OTHER: lambda char: (
        not (_is_connector(char) or char.isalpha() or _is_number(char) or _is_punct(char))
    ),
}


def _run(text: str, start: int, kind: int) -> int:
    """The end of the characters that go on like the first."""
    goes_on = _GOES_ON[kind]
    end = start
    while end < len(text) and goes_on(text[end]):
        end += 1
    return end


@lru_cache(maxsize=1024)
def _kind(char: str) -> int:
    if _is_connector(char):
        return CONNECTOR
    if _is_punct(char):
        return PUNCT
    if _is_upper(char):
        return UPPER
    if char.isalpha():
        return ALPHABET
    return NUMBER if _is_number(char) else OTHER


def _word_end(text: str, start: int) -> tuple[int, int]:
    """The kind of the word that starts there, and its end."""
    if start == len(text):
        return INVALID, start
    kind = _kind(text[start])
    end = start + 1
    if kind != UPPER:
        return kind, _run(text, end, kind)
    if end < len(text) and _is_upper(text[end]):
        end = _run(text, end, UPPER)
        if end < len(text) and text[end].isalpha():
            end -= 1
    elif end < len(text) and text[end].isalpha():
        end = _run(text, end, ALPHABET)
    return kind, end


class _Lowering:
    """Words written out in lower case, a connector between them."""

    def __init__(self, text: str, connector: str) -> None:
        self._text = text
        self._connector = connector
        self._out: list[str] = []
        self._end = 0
        self._advance()

    def _write(self, kind: int, word: str) -> None:
        if kind in (UPPER, CONNECTOR):
            word = "".join(
                self._connector if _is_connector(char) else lower(char) if _is_upper(char) else char
                for char in word
            )
        self._out.append(word)

    @property
    def _has_more(self) -> bool:
        return self._end < len(self._text)

    def _advance(self) -> None:
        start = self._end
        self.kind, self._end = _word_end(self._text, start)
        self.word = self._text[start : self._end]

    def run(self) -> str:
        while self._has_more:
            if self.kind != CONNECTOR:
                self._write(self.kind, self.word)
            before, last = self.kind, self.word
            self._advance()
            if before == NUMBER:
                self._absorb()
            elif before == CONNECTOR:
                self._write(before, last)
            elif before != PUNCT:
                self._after_word()
        self._write(self.kind, self.word)
        return "".join(self._out)

    def _absorb(self) -> None:
        """Letters and digits that follow digits belong to them."""
        while self.kind in (ALPHABET, NUMBER):
            self._write(self.kind, self.word)
            self._advance()
        if self.kind not in (INVALID, *_LINKS):
            self._out.append(self._connector)

    def _after_word(self) -> None:
        if self.kind != NUMBER:
            if self.kind not in _LINKS:
                self._out.append(self._connector)
            return
        if not self._has_more:
            return
        last = self.word
        self._advance()
        if self.kind != ALPHABET:
            self._write(NUMBER, last)
            if self.kind not in _LINKS:
                self._out.append(self._connector)
            return
        self._out.append(self._connector)
        self._write(NUMBER, last)
        self._absorb()


@CASES.add("snakecase", "string")
def snakecase(text: str) -> str:
    return _Lowering(text, "_").run()


@CASES.add("kebabcase", "string")
def kebabcase(text: str) -> str:
    return _Lowering(text, "-").run()


@CASES.add("camelcase", "string")
def camelcase(text: str) -> str:
    """Upper camel case; leading connectors stay."""
    start = next((at for at, char in enumerate(text) if not _is_connector(char)), len(text))
    if start == len(text):
        # The original writes the last of nothing but connectors twice.
        return text + text[-1:]
    out = [text[:start]]
    first_upper = _is_upper(text[start])
    held = upper(text[start])
    for char in text[start + 1 :]:
        before, held = held, char
        if _is_connector(held) and _is_connector(before):
            out.append(before)
            continue
        if _is_connector(before):
            first_upper = _is_upper(held)
            held = upper(held)
            continue
        if first_upper and _is_upper(held):
            held = lower(held)
        else:
            first_upper = False
        out.append(before)
    return "".join((*out, held))
