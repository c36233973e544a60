"""JSON text to values, by the grammar and with the messages of Go's scanner."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from clace.gotemplate.go.json import JSONFault
from clace.gotemplate.go.values import encode

_LONE: Final = re.compile("[\ud800-\udfff]")
MAX_NESTING: Final = 100
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_END: Final = "unexpected end of JSON input"


def unmarshal(text: str) -> Any:
    """The value of a JSON text: every number a float, as Go's ``any`` has it."""
    _check(text)
    text = _LONE.sub("\ufffd", text)
    value = json.loads(text, parse_int=_number, parse_float=_number, strict=False)
    return _clean(value)


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise JSONFault(f"json: cannot unmarshal number {text} into Go value of type float64")
    return value


def _clean(value: Any) -> Any:
    """Escaped halves of surrogate pairs become replacement characters."""
    if isinstance(value, str):
        return value if value.isascii() else _LONE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def _check(text: str) -> None:
    """Refuse a text that is not one JSON value."""
    scanner = _Scanner(text)
    scanner.value("looking for beginning of value", 0)
    scanner.space()
    if scanner.at < len(text):
        scanner.fail("after top-level value")


def _shown(char: str) -> str:
    """A character as Go's scanner names it: it sees bytes."""
    char = chr(encode(char)[0])
    if char == "'":
        return r"'\''"
    if char == '"':
        return "'\"'"
    if char.isprintable() and char != "\\":
        return f"'{char}'"
    return {"\\": r"'\\'", "\n": r"'\n'", "\t": r"'\t'", "\r": r"'\r'"}.get(
        char, f"'\\x{ord(char):02x}'"
    )


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, context: str, *, takes_space: bool = True) -> None:
        """Refuse the character here; at the end Go tries a space before it gives up."""
        if self.at >= len(self.text):
            if not takes_space:
                raise JSONFault(f"invalid character ' ' {context}")
            raise JSONFault(_END)
        raise JSONFault(f"invalid character {_shown(self.text[self.at])} {context}")

    def space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def _char(self) -> str:
        return self.text[self.at : self.at + 1]

    def value(self, context: str, depth: int) -> None:
        if depth > MAX_NESTING:
            raise JSONFault("exceeded max depth")
        self.space()
        char = self._char()
        if char == '"':
            self._string()
        elif char == "{":
            self._object(depth)
        elif char == "[":
            self._array(depth)
        elif char and char in "tfn":
            self._word({"t": "true", "f": "false", "n": "null"}[char])
        elif char == "-" or (char.isdigit() and char.isascii()):
            self._number()
        else:
            self.fail(context)

    def _word(self, word: str) -> None:
        for char in word:
            if self._char() != char:
                self.fail(f"in literal {word} (expecting {_shown(char)})", takes_space=False)
            self.at += 1

    def _digits(self, context: str) -> None:
        if not ("0" <= self._char() <= "9"):
            self.fail(context, takes_space=False)
        while "0" <= self._char() <= "9":
            self.at += 1

    def _number(self) -> None:
        if self._char() == "-":
            self.at += 1
        if self._char() == "0":
            self.at += 1
        else:
            self._digits("in numeric literal")
        if self._char() == ".":
            self.at += 1
            self._digits("after decimal point in numeric literal")
        if self._char() in ("e", "E"):
            self.at += 1
            if self._char() in ("+", "-"):
                self.at += 1
            self._digits("in exponent of numeric literal")

    def _string(self) -> None:
        self.at += 1
        while (char := self._char()) != '"':
            if char < " ":
                self.fail("in string literal")
            self.at += 1
            if char == "\\":
                self._escape()
        self.at += 1

    def _escape(self) -> None:
        if self._char() == "u":
            for _ in range(4):
                self.at += 1
                if self._char() not in "0123456789abcdefABCDEF" or not self._char():
                    self.fail("in \\u hexadecimal character escape", takes_space=False)
        elif self._char() not in 'bfnrt\\/"' or not self._char():
            self.fail("in string escape code", takes_space=False)
        self.at += 1

    def _array(self, depth: int) -> None:
        self.at += 1
        self.space()
        if self._char() == "]":
            self.at += 1
            return
        while True:
            self.value("looking for beginning of value", depth + 1)
            self.space()
            if self._char() == "]":
                break
            if self._char() != ",":
                self.fail("after array element")
            self.at += 1
        self.at += 1

    def _object(self, depth: int) -> None:
        self.at += 1
        self.space()
        if self._char() == "}":
            self.at += 1
            return
        while True:
            self.space()
            if self._char() != '"':
                self.fail("looking for beginning of object key string")
            self._string()
            self.space()
            if self._char() != ":":
                self.fail("after object key")
            self.at += 1
            self.value("looking for beginning of value", depth + 1)
            self.space()
            if self._char() == "}":
                break
            if self._char() != ",":
                self.fail("after object key:value pair")
            self.at += 1
        self.at += 1
