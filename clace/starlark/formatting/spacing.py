"""Spaces between the tokens of a line, by what stands on either side of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from clace.starlark.formatting.lexemes import COMMENT, Lexeme
from clace.starlark.source import tokens

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_NUMBERS = frozenset({tokens.INT, tokens.FLOAT})
_OPERANDS = _CLOSING | _NUMBERS | {tokens.IDENTIFIER, tokens.STRING, tokens.BYTES}
_SIGNS = frozenset({"-", "+", "~", "*", "**"})
_TIGHT_BEFORE = _CLOSING | {",", ";", ":"}
_CALL, _INDEX, _OTHER = "call", "index", "other"


@dataclass
class _Bracket:
    """An open bracket, or the file around all; ``lambdas`` wait for their colons in there."""

    kind: str
    lambdas: int = 0


@dataclass
class Spacing:
    """Follows the tokens of a file and says how many spaces come before each."""

    _brackets: list[_Bracket] = field(default_factory=lambda: [_Bracket(_OTHER)])
    _last: str = ""  # the kind of the token before
    _is_tight: bool = False  # the token before clings to the next one

    def before(self, lexeme: Lexeme, *, is_first: bool) -> int:
        """Return the spaces before a token that may be the first of its line, and go on to it."""
        kind = lexeme.kind
        if kind == COMMENT:
            return 0 if is_first else 2
        is_tight = is_first or self._is_tight or self._clings(kind)
        self._is_tight = self._follow(kind)
        self._last = kind
        return 0 if is_tight else 1

    def _clings(self, kind: str) -> bool:
        """Tell a token that follows the one before without a space."""
        if kind in _TIGHT_BEFORE:
            return True
        if kind == ".":
            return self._last not in _NUMBERS
        if kind == "=":
            return self._is_argument()
        return kind in {"(", "["} and self._last in _OPERANDS

    def _follow(self, kind: str) -> bool:
        """Know the brackets after a token; return true if no space comes after it."""
        here = self._brackets[-1]
        if kind in _OPENING:
            self._brackets.append(_Bracket(self._opened(kind)))
            return True
        if kind in _CLOSING and len(self._brackets) > 1:
            self._brackets.pop()
        if kind == "lambda":
            here.lambdas += 1
        if kind == ":":
            return self._colon(here)
        if kind in _SIGNS:
            return self._last not in _OPERANDS
        return kind == "." or (kind == "=" and self._is_argument())

    def _opened(self, kind: str) -> str:
        if self._last not in _OPERANDS:
            return _OTHER
        return {"(": _CALL, "[": _INDEX}.get(kind, _OTHER)

    @staticmethod
    def _colon(here: _Bracket) -> bool:
        """Return true for the colon of a slice."""
        if here.lambdas:
            here.lambdas -= 1
            return False
        return here.kind == _INDEX

    def _is_argument(self) -> bool:
        here = self._brackets[-1]
        return here.kind == _CALL or here.lambdas > 0
