"""The kinds of tokens, and their names in messages."""

from __future__ import annotations

from typing import NamedTuple

NEWLINE = "newline"
INDENT = "indent"
OUTDENT = "outdent"
END = "end of file"
IDENTIFIER = "identifier"
INT = "int literal"
FLOAT = "float literal"
STRING = "string literal"
BYTES = "bytes literal"
NOT_IN = "not in"
FAULT = "fault"  # the scanner could not go on; the value says why

_KEYWORDS = "and break continue def elif else for if in lambda load not or pass return while"
_RESERVED = (
    "as async await class del except finally from global import is nonlocal raise try with yield"
)
_ASSIGNMENTS = "= += -= *= /= //= %= &= |= ^= <<= >>="
_OPERATORS = "+ - * / // % & | ^ << >> ~ . , ; : ( ) [ ] { } < > >= <= == != **"
KEYWORDS = frozenset(_KEYWORDS.split())
# Python's other keywords are refused, so that programs stay readable as Python.
RESERVED = frozenset(_RESERVED.split())
ASSIGNMENTS = frozenset(_ASSIGNMENTS.split())
PUNCTUATION = ASSIGNMENTS | frozenset(_OPERATORS.split())


class Token(NamedTuple):
    """A token, where it begins and ends; ``value`` is what a literal or an identifier denotes."""

    kind: str
    value: object
    line: int
    column: int
    end_line: int
    end_column: int


def describe(kind: str) -> str:
    """The kind of a token as messages name it."""
    return f"'{kind}'" if kind in PUNCTUATION else kind
