"""Sets of characters in regular expressions."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

Test = Callable[[str], bool]
MEMO: Final = 4096
_POSIX: Final = {
    "alnum": "09AZaz",
    "alpha": "AZaz",
    "ascii": "\0\x7f",
    "blank": "\t\t  ",
    "cntrl": "\0\x1f\x7f\x7f",
    "digit": "09",
    "graph": "!~",
    "lower": "az",
    "print": " ~",
    "punct": "!/:@[`{~",
    "space": "\t\r  ",
    "upper": "AZ",
    "word": "09AZaz__",
    "xdigit": "09AFaf",
}
_PERL: Final = {"d": "09", "s": "\t\n\f\r  ", "w": "09AZaz__"}
_CATEGORIES: Final = frozenset(
    (
        *("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe"),
        *("Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"),
    )
)
_NAMED_SCRIPTS: Final = (
    *("Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Georgian", "Greek", "Gujarati"),
    *("Hangul", "Hebrew", "Hiragana", "Kannada", "Katakana", "Khmer", "Lao", "Latin"),
    *("Malayalam", "Mongolian", "Myanmar", "Sinhala", "Tamil", "Telugu", "Thai", "Tibetan"),
)
_SCRIPTS: Final = {"Han": "CJK "} | {name: name.upper() + " " for name in _NAMED_SCRIPTS}


def fold(char: str) -> frozenset[str]:
    """The characters that are the same but for case."""
    forms = {char, char.lower(), char.upper(), char.lower().upper(), char.upper().lower()}
    forms |= _EXTRA.get(char, frozenset())
    return frozenset(form for form in forms if len(form) == 1)


_EXTRA: Final = {
    char: frozenset(group)
    for group in ("kK\u212a", "sS\u017f", "\u00e5\u00c5\u212b", "\u00b5\u03bc\u039c")
    for char in group
}


class CharSet:
    """A union of ranges and tests, perhaps negated, perhaps blind to case."""

    def __init__(self, *, fold_case: bool = False, negated: bool = False) -> None:
        self._fold = fold_case
        self._negated = negated
        self._ranges: list[tuple[str, str]] = []
        self._tests: list[Test] = []
        self._memo: dict[str, bool] = {}

    def add(self, low: str, high: str) -> None:
        self._ranges.append((low, high))

    def add_pairs(self, pairs: str) -> None:
        """Ranges written as one string, two characters each."""
        for at in range(0, len(pairs), 2):
            self.add(pairs[at], pairs[at + 1])

    def add_test(self, test: Test) -> None:
        self._tests.append(test)

    def has(self, char: str) -> bool:
        """Return true if a character belongs; bytes that are not UTF-8 count as U+FFFD."""
        found = self._memo.get(char)
        if found is None:
            found = self._find("\ufffd" if "\ud800" <= char <= "\udfff" else char)
            if len(self._memo) < MEMO:
                self._memo[char] = found
        return found

    def _find(self, char: str) -> bool:
        forms = fold(char) if self._fold else (char,)
        found = any(low <= form <= high for low, high in self._ranges for form in forms)
        found = found or any(test(form) for test in self._tests for form in forms)
        return found is not self._negated


def perl_class(letter: str) -> Test:
    """The test of ``d``, ``s``, ``w`` and their capital opposites."""
    return _pairs_test(_PERL[letter.lower()], negated=letter.isupper())


def posix_class(name: str) -> Test | None:
    """The test of a name between ``[:`` and ``:]``."""
    bare = name.removeprefix("^")
    if bare not in _POSIX:
        return None
    return _pairs_test(_POSIX[bare], negated=bare != name)


def _pairs_test(pairs: str, *, negated: bool) -> Test:
    ranges = [(pairs[at], pairs[at + 1]) for at in range(0, len(pairs), 2)]
    return lambda char: any(low <= char <= high for low, high in ranges) is not negated


def unicode_class(name: str, *, negated: bool) -> Test | None:
    """The test of a general category or a script, None for an unknown name.

    Scripts are told by the official names of characters.
    """
    bare = name.removeprefix("^")
    negated = negated is not (bare != name)
    if bare == "Any":
        return lambda _: not negated
    if bare in _CATEGORIES or bare in "LMNPSZC":
        return lambda char: unicodedata.category(char).startswith(bare) is not negated
    if bare in _SCRIPTS:
        prefix = _SCRIPTS[bare]
        return lambda char: unicodedata.name(char, "").startswith(prefix) is not negated
    return None
