"""Calls of escapers in generated code, and the quick tests that spare most values the call."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from clace.gotemplate.escaping.escapers import ESCAPING
from clace.gotemplate.escaping.insertion import PREFIX
from clace.gotemplate.language import nodes
from clace.gotemplate.language.operands import ESCAPERS, FAST_ESCAPERS, Operand
from clace.gotemplate.language.signatures import Function
from clace.gotemplate.language.writer import Site, Writer

_LINK: Final = tuple(PREFIX + name for name in ("urlfilter", "urlnormalizer", "attrescaper"))
_QUERY: Final = tuple(PREFIX + name for name in ("urlescaper", "attrescaper"))
# The test of a text that all these escapers, one after the other, leave as it is.
_UNCHANGED: Final = {_LINK: "plain_url", _LINK[1:]: "plain_url", _QUERY: "plain_word"}


def unchanged_test(commands: Sequence[nodes.Command]) -> str:
    """Return the name of the test that spares a text these commands; empty without one."""
    return _UNCHANGED.get(tuple([_name(command) for command in commands]), "")


def _name(command: nodes.Command) -> str:
    first = command.args[0]
    return first.name if isinstance(first, nodes.Identifier) and len(command.args) == 1 else ""


def constant_call(function: Function, operands: Sequence[Operand]) -> Operand:
    """The result of a pure function of constants."""
    result = function.call(*[ast.literal_eval(operand.code) for operand in operands])
    assert isinstance(result, (str, bool))
    return Operand(repr(result), type(result).__name__, nilable=False)


def escaped(
    writer: Writer, name: str, operands: list[Operand], site: Site, *, compact: bool
) -> Operand:
    """Emit the escaper ``name`` of operands that are literals or named."""
    if len(operands) == 1 and operands[0].is_literal and operands[0].kind in ("str", "safe"):
        constant = ESCAPING[ESCAPERS[name]](ast.literal_eval(operands[0].code))
        return Operand(repr(constant), "safe", nilable=False)
    if name in FAST_ESCAPERS and len(operands) == 1 and operands[0].kind != "safe":
        code = _in_place(FAST_ESCAPERS[name], operands[0].code, compact=compact)
    else:
        code = f"{ESCAPERS[name]}({', '.join(map(_paid, operands))})"
    local = writer.name("e")
    writer.line(f"{local} = {code}", site)
    return Operand(local, "safe", nilable=False)


def _paid(operand: Operand) -> str:
    free = operand.kind not in ("", "str") or operand.is_literal
    return operand.code if free else f"run.paid({operand.code})"


def _in_place(function: str, code: str, *, compact: bool) -> str:
    slow = f"{function}({code}, run)"
    if compact:
        return slow
    # The search reads a long text more slowly than the escaper does.
    is_plain = f"{code}.isalnum() or len({code}) < 64 and not special({code})"
    is_plain = f"type({code}) is str and ({is_plain})"
    return f"{code} if {is_plain} else str({code}) if type({code}) is int else {slow}"
