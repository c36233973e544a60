"""Escapers for the attributes of HTMX that hold script and data together."""

from __future__ import annotations

import re
from typing import Any, Final

from clace.gotemplate.escaping.attributes import AttrType, attribute_type
from clace.gotemplate.escaping.escapers_html import FAILSAFE, stringify
from clace.gotemplate.escaping.htmx_states import may_begin_script

_HARMLESS: Final = (AttrType.PLAIN, AttrType.HX_URL)
_NOT_OUTSIDE: Final = re.compile(r"[\[\]'\"/\\`]")
_LITERAL: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_MARK: Final = re.compile(r"\\(.)|[\[\]/]", re.DOTALL)


def hx_name(*args: Any) -> str:
    """The rest of a name after ``hx-`` if its value is not script, or the failsafe word."""
    text = str.__str__(stringify(args))
    return text if attribute_type(f"hx-{text}") in _HARMLESS else FAILSAFE


def hx_values(*args: Any) -> str:
    """The start of JSON, or the failsafe word for text that would make script of it."""
    text = str.__str__(stringify(args))
    return FAILSAFE if may_begin_script(text) else text


def hx_trigger(*args: Any) -> str:
    """A part of ``hx-trigger`` that opens no filter, or the failsafe word."""
    text = str.__str__(stringify(args))
    return FAILSAFE if _NOT_OUTSIDE.search(text) else text


def hx_filter_value(*args: Any) -> str:
    """A JavaScript value whose strings hold no mark by which HTMX would end the filter."""
    return _LITERAL.sub(lambda found: _unmarked(found[0]), stringify(args))


def hx_filter_text(*args: Any) -> str:
    """The same for text that is already inside a literal."""
    return _unmarked(stringify(args))


def _unmarked(text: str) -> str:
    return _MARK.sub(_mark, text)


def _mark(found: re.Match[str]) -> str:
    char = found[1] or found[0]
    return f"\\u{ord(char):04x}" if char in "[]/" else found[0]
