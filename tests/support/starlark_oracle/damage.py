"""Broken programs, made of sound ones by small accidents."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

_TOKENS = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ";",
    ".",
    "=",
    "==",
    "+",
    "-",
    "*",
    "**",
    "/",
    "//",
    "%",
    "&",
    "|",
    "^",
    "~",
    "<",
    ">",
    "!",
    "$",
    "?",
    "@",
    "`",
    "\\",
    "#",
    "'",
    '"',
    '"""',
    "and",
    "or",
    "not",
    "in",
    "if",
    "else",
    "elif",
    "for",
    "while",
    "def",
    "lambda",
    "return",
    "break",
    "continue",
    "pass",
    "load",
    "class",
    "import",
    "is",
    "None",
    "True",
    "0",
    "08",
    "0x",
    "1e",
    "1.5e+",
    "0b2",
    "1_0",
    "é",
    "²",
    "\\q",
    "r'",
    "b'\\x'",
    "f''",
    "\n",
    "\t",
    "    ",
    "\r\n",
    "'\\",
    "\\\n",
    "\x0c",
    "\xa0",
    "\ufeff",
]


def damaged(random: Random, source: str) -> str:
    """The source after one or two accidents."""
    for _ in range(random.randint(1, 2)):
        source = random.choice(_ACCIDENTS)(random, source)
    return source


def _delete(random: Random, source: str) -> str:
    at = random.randrange(len(source) + 1)
    return source[:at] + source[at + random.randint(1, 3) :]


def _insert(random: Random, source: str) -> str:
    at = random.randrange(len(source) + 1)
    return source[:at] + random.choice(_TOKENS) + source[at:]


def _replace(random: Random, source: str) -> str:
    at = random.randrange(len(source) + 1)
    return source[:at] + random.choice(_TOKENS) + source[at + 1 :]


def _swap_lines(random: Random, source: str) -> str:
    lines = source.split("\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _dent(random: Random, source: str) -> str:
    lines = source.split("\n")
    at = random.randrange(len(lines))
    lines[at] = random.choice([" ", "\t", "   "]) + lines[at]
    return "\n".join(lines)


def _cut(random: Random, source: str) -> str:
    return source[: random.randrange(len(source) + 1)]


_ACCIDENTS: list[Callable[[Random, str], str]] = [
    _delete,
    _insert,
    _insert,
    _replace,
    _replace,
    _swap_lines,
    _dent,
    _cut,
]
