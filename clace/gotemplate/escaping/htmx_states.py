"""Transitions of template text through HTMX's attributes of script and data together."""

from __future__ import annotations

import re
from typing import Final

from clace.gotemplate.escaping.context import Context, Slash, State
from clace.gotemplate.escaping.html_states import Step
from clace.gotemplate.escaping.js_states import JS_SPACE

SCRIPT_PREFIXES: Final = ("javascript:", "js:")
"""How a value begins that HTMX evaluates, and does not read as JSON."""
_NOT_SPACE: Final = re.compile(r"\S")


def may_begin_script(text: str) -> bool:
    """Return whether a value of this start is evaluated, or is if more follows."""
    text = text.strip(JS_SPACE).lower()
    return bool(text) and any(
        text.startswith(prefix) or prefix.startswith(text) for prefix in SCRIPT_PREFIXES
    )


def values(context: Context, source: str, start: int, end: int) -> Step:
    """The start of ``hx-vals``, ``hx-headers`` or ``hx-request``: script or JSON follows."""
    found = _NOT_SPACE.search(source, start, end)
    if found is None:
        return context, end
    place = found.start()
    if not may_begin_script(source[place:end]):
        return context._replace(state=State.ATTR), end
    colon = source.find(":", place, end)
    return context._replace(state=State.JS), end if colon < 0 else colon + 1


def trigger(context: Context, source: str, start: int, end: int) -> Step:
    """``hx-trigger`` outside the filters in brackets, which are script."""
    place = source.find("[", start, end)
    if place < 0:
        return context, end
    return context._replace(state=State.JS, slash=Slash.REGEXP, brackets=1), place + 1
