"""Operands of expressions, and the runtime function that stands for each escaper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clace.gotemplate.escaping.insertion import EVAL_ARGS, PREFIX
from clace.gotemplate.language import nodes
from clace.gotemplate.language.signatures import ANY, MAP, VALUE

# Of one value.
FAST_ESCAPERS: Final = {
    PREFIX + "htmlescaper": "html_value",
    PREFIX + "attrescaper": "attribute_value",
    PREFIX + "rcdataescaper": "rcdata_value",
}
ESCAPERS: Final = {
    PREFIX + "htmlescaper": "html_text",
    PREFIX + "attrescaper": "html_attribute",
    PREFIX + "rcdataescaper": "html_rcdata",
    PREFIX + "commentescaper": "comment",
    PREFIX + "cssescaper": "css_string",
    PREFIX + "cssvaluefilter": "css_value",
    PREFIX + "hxfiltertextescaper": "hx_filter_text",
    PREFIX + "hxfiltervalueescaper": "hx_filter_value",
    PREFIX + "hxnamefilter": "hx_name",
    PREFIX + "hxtriggerfilter": "hx_trigger",
    PREFIX + "hxvaluesfilter": "hx_values",
    PREFIX + "htmlnamefilter": "html_name",
    PREFIX + "jsregexpescaper": "js_regexp",
    PREFIX + "jsstrescaper": "js_string",
    PREFIX + "jstmpllitescaper": "js_template",
    PREFIX + "jsvalescaper": "js_value",
    PREFIX + "nospaceescaper": "html_nospace",
    PREFIX + "srcsetescaper": "srcset",
    PREFIX + "urlescaper": "url_escape",
    PREFIX + "urlfilter": "url_filter",
    PREFIX + "urlnormalizer": "url_normalize",
    EVAL_ARGS: "eval_args",
}
SMALL_RESULTS: Final = frozenset(
    (
        *("len", "index", "not", "eq", "ne", "lt", "le", "gt", "ge", "contains", "hasPrefix"),
        *("hasSuffix", "has", "hasKey", "get", "empty", "default", "coalesce", "ternary", "add"),
        *("add1", "sub", "mul", "div", "mod", "max", "min", "int", "int64", "first", "last"),
    )
)
"""Functions whose results are small or already there, and so cost nothing."""
NILS: Final = {ANY: "None", VALUE: "NOVALUE", MAP: "NilMap()"}
PLAIN_COMPARISONS: Final = {"eq": "==", "ne": "!="}


@dataclass(frozen=True, slots=True)
class Operand:
    """A side-effect-free Python expression; ``kind`` is its exact type where that is known."""

    code: str
    kind: str = ""
    nilable: bool = True

    @property
    def is_literal(self) -> bool:
        """Return true if the code is a text that the template spells out."""
        return self.code[0] in "'\""


@dataclass(slots=True)
class LocalVariable:
    """A template variable: its local name and whether it came out of a Go ``any``.

    One that an argument of ``and`` or ``or`` declares may be undefined later.
    """

    name: str
    local: str
    interface: str = "False"
    conditional: bool = False


def number(node: nodes.Number) -> Operand | None:
    """A constant whose type follows from its spelling; nothing for an int that Go has not."""
    text = node.text
    if node.as_complex is not None:
        return Operand(repr(node.as_complex), "complex", nilable=False)
    hexadecimal = text[:2] in ("0x", "0X") and not any(char in "pP" for char in text)
    looks_float = not hexadecimal and text[0] != "'" and any(char in ".eEpP" for char in text)
    if node.as_float is not None and looks_float:
        return Operand(repr(node.as_float), "float", nilable=False)
    if node.as_int is not None:
        return Operand(repr(node.as_int), "int", nilable=False)
    return None


def comparison(name: str, operands: Sequence[Operand]) -> str:
    """``eq`` and ``ne`` with a constant, decided in place when the types agree."""
    if name not in PLAIN_COMPARISONS or len(operands) != 2:  # noqa: PLR2004
        return ""
    left, right = operands
    if right.kind not in ("str", "int") or left.kind:
        return ""
    return (
        f"{left.code} {PLAIN_COMPARISONS[name]} {right.code} "
        f"if type({left.code}) is {right.kind} else f_{name}({left.code}, {right.code})"
    )
