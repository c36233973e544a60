"""Escapers for CSS strings and values."""

from __future__ import annotations

import re
from typing import Any, Final

from clace.gotemplate.escaping.css_states import decode_css
from clace.gotemplate.escaping.escapers_html import FAILSAFE, stringify
from clace.gotemplate.go.values import CSS

_TABLE: Final = {
    "\0": r"\0",
    "\t": r"\9",
    "\n": r"\a",
    "\f": r"\c",
    "\r": r"\d",
    "\\": r"\\",
} | {char: f"\\{ord(char):x}" for char in "\"&'()+/:;<>{}"}
_ESCAPED: Final = re.compile("([\0\t\n\f\r\\\\\"&'()+/:;<>{}])(?=([0-9a-fA-F\t\n\f\r ]|\\Z)?)")
_UNSAFE: Final = re.compile("[\0\"'()/;@\\[\\\\\\]`{}<>]|--")
# Hyphens are left out: -moz-binding and ex-pression are what they hide.
_NOT_NAME: Final = re.compile("[^_0-9A-Za-z]")


def _escape(found: re.Match[str]) -> str:
    text = _TABLE[found[1]]
    return text if text == r"\\" or found[2] is None else text + " "


def css_string(*args: Any) -> str:
    return _ESCAPED.sub(_escape, stringify(args))


def css_value(*args: Any) -> str:
    """A value that cannot end its declaration or run script, or the failsafe word."""
    text = stringify(args)
    if type(text) is CSS:
        return str.__str__(text)
    text = decode_css(str.__str__(text))
    if _UNSAFE.search(text):
        return FAILSAFE
    name = _NOT_NAME.sub("", text).lower()
    if "expression" in name or "mozbinding" in name:
        return FAILSAFE
    return text
