"""The methods of strings on letters: case and kinds of characters, one by one as Go has them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from clace.starlark.values.registry import method
from clace.starlark.values.string_methods import SPACES
from clace.starlark.values.text import replaced

_DOTTED_I = "\u0130"
_SHARP_S = "\xdf"


def _lower(one: str) -> str:
    """The lower case of a character, if it is one character."""
    changed = one.lower()
    return changed if len(changed) == 1 else "i" if one == _DOTTED_I else one


def _upper(one: str) -> str:
    changed = one.upper()
    return changed if len(changed) == 1 else _title(one)


def _title(one: str) -> str:
    changed = one.title()
    return changed if len(changed) == 1 else one


def _is_cased(one: str) -> bool:
    return one == _SHARP_S or _lower(one) != one or _upper(one) != one or _title(one) != one


def _mapped(text: str, change: Callable[[str], str]) -> str:
    return "".join([change(one) for one in replaced(text)])


@method(str)
def str_lower(text: str, /) -> str:
    return text.lower() if text.isascii() else _mapped(text, _lower)


@method(str)
def str_upper(text: str, /) -> str:
    return text.upper() if text.isascii() else _mapped(text, _upper)


@method(str)
def str_capitalize(text: str, /) -> str:
    return _mapped(text[:1], _title) + _mapped(text[1:], _lower)


@method(str)
def str_title(text: str, /) -> str:
    parts = []
    follows = False
    for one in replaced(text):
        changed = _lower(one) if follows else _title(one)
        follows = _is_cased(changed)
        parts.append(changed)
    return "".join(parts)


@method(str)
def str_isalnum(text: str, /) -> bool:
    return bool(text) and all(one.isalpha() or one.isdecimal() for one in text)


@method(str)
def str_isalpha(text: str, /) -> bool:
    return text.isalpha()


@method(str)
def str_isdigit(text: str, /) -> bool:
    return text.isdecimal()


@method(str)
def str_isspace(text: str, /) -> bool:
    return bool(text) and all(one in SPACES for one in text)


@method(str)
def str_islower(text: str, /) -> bool:
    return any(map(_is_cased, text)) and text == str_lower(text)


@method(str)
def str_isupper(text: str, /) -> bool:
    return any(map(_is_cased, text)) and text == str_upper(text)


@method(str)
def str_istitle(text: str, /) -> bool:
    cased = follows = False
    for one in text:
        category = unicodedata.category(one)
        if "A" <= one <= "Z" or category == "Lt":
            if follows:
                return False
            follows = cased = True
        elif category == "Ll":
            if not follows:
                return False
            cased = True
        elif category == "Lu":
            return False
        else:
            follows = False
    return cased
