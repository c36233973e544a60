"""Escapers for JavaScript values, strings, template literals and regular expressions."""

from __future__ import annotations

import re
from typing import Any, Final

from clace.gotemplate.escaping.escapers_html import stringify
from clace.gotemplate.go.json import JSONFault, marshal
from clace.gotemplate.go.printing import sprint
from clace.gotemplate.go.types import json_method, string_method
from clace.gotemplate.go.values import JS, NOVALUE, JSStr

_LOW: Final = {code: f"\\u{code:04x}" for code in range(0x20)} | {
    9: r"\t",
    10: r"\n",
    12: r"\f",
    13: r"\r",
    0x2028: r"\u2028",
    0x2029: r"\u2029",
}
_UNICODE: Final = {ord(char): f"\\u{ord(char):04x}" for char in "\"&'`+<>"}
_NORM: Final = _LOW | _UNICODE | {ord("/"): r"\/"}
_STRING: Final = _NORM | {ord("\\"): r"\\"}
_TEMPLATE: Final = _STRING | {ord(char): f"\\u{ord(char):04x}" for char in "${}"}
_REGEXP: Final = (
    _LOW
    | {ord(char): f"\\u{ord(char):04x}" for char in "\"&'+<>"}
    | {ord(char): "\\" + char for char in r"$()*-./?[\]^{|}"}
)
_SCRIPT: Final = re.compile(r"<(/?)script", re.IGNORECASE | re.ASCII)
_IDENT: Final = re.compile(r"[$0-9A-Z_a-z]")


def js_value(*args: Any) -> str:
    """A JavaScript expression without side effects: the value as JSON."""
    value: Any = args[0] if len(args) == 1 else sprint(args)
    if type(value) is JS:
        return str.__str__(value)
    if type(value) is JSStr:
        return f'"{str.__str__(value)}"'
    if json_method(value) is None:
        words = string_method(value)
        value = value if words is None else words
    try:
        text = marshal(None if value is NOVALUE else value)
    except JSONFault as fault:
        shown = _SCRIPT.sub(r"\\x3C\1script", str(fault))
        shown = shown.replace("*/", "* /").replace("<!--", r"\x3C!--")
        return f" /* {shown} */null "
    return f" {text} " if _IDENT.match(text[0]) or _IDENT.match(text[-1]) else text


def js_string(*args: Any) -> str:
    text = stringify(args)
    return text.translate(_NORM if type(text) is JSStr else _STRING)


def js_template(*args: Any) -> str:
    return stringify(args).translate(_TEMPLATE)


def js_regexp(*args: Any) -> str:
    return stringify(args).translate(_REGEXP) or "(?:)"
