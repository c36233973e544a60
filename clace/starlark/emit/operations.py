"""Binary operators: Python's own where a quick test of the types allows it, else a helper."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from clace.starlark.emit import code
from clace.starlark.emit.scope import EmitScope
from clace.starlark.source.nodes import Place

HELPERS = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "//": "floor_divide",
    "%": "remainder",
    "&": "bit_and",
    "|": "bit_or",
    "^": "bit_xor",
    "<<": "shift_left",
    ">>": "shift_right",
    "==": "equal",
    "!=": "unequal",
    "<": "less",
    "<=": "less_or_equal",
    ">": "greater",
    ">=": "greater_or_equal",
    "in": "contains",
    "not in": "excludes",
}
_IN_PLACE = {"+": "add_to", "|": "or_to"}
_COMPARISONS: dict[str, Callable[[], ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}
_ARITHMETIC: dict[str, Callable[[], ast.operator]] = {"+": ast.Add, "-": ast.Sub}
_BY_CONSTANT: dict[str, Callable[[], ast.operator]] = {
    "*": ast.Mult,
    "//": ast.FloorDiv,
    "%": ast.Mod,
}
_SMALL = 1 << 30
_VERBS = re.compile("%[sd]")


class Operations:
    """Emits operators on operands that are emitted already."""

    def __init__(self, scope: EmitScope) -> None:
        self._scope = scope

    def binary(self, operator: str, left: ast.expr, right: ast.expr, at: Place) -> ast.expr:
        """``left operator right``"""
        return self._operate(operator, HELPERS[operator], left, right, at)

    def augmented(self, operator: str, left: ast.expr, right: ast.expr, at: Place) -> ast.expr:
        """``left operator= right``: a list or a dict may grow in place."""
        name = _IN_PLACE.get(operator) or HELPERS[operator]
        return self._operate(operator, name, left, right, at)

    def _operate(
        self, operator: str, name: str, left: ast.expr, right: ast.expr, at: Place
    ) -> ast.expr:
        if self._scope.inline:
            inlined = self._inlined(operator, name, left, right, at)
            if inlined is not None:
                return inlined
        return code.helper(name, [left, right], at)

    def _inlined(
        self, operator: str, name: str, left: ast.expr, right: ast.expr, at: Place
    ) -> ast.expr | None:
        if operator in ("in", "not in"):
            return self._membership(operator, name, left, right, at)
        if operator == "%" and code.is_string(left):
            return self._interpolation(name, left, right, at)
        native = self._native(operator, left, right)
        if native is None:
            return None
        kind, make = native
        if not self._can_repeat(left, right):
            return None
        first, left = self._once(left, at)
        second, right = self._once(right, at)
        if isinstance(right, ast.Constant):
            test = code.type_is(first, kind, at)
        elif isinstance(left, ast.Constant):
            test = code.type_is(second, kind, at)
        else:
            test = code.types_are(first, second, kind, at)
        slow = code.helper(name, [left, right], at)
        return code.choose(test, make(left, right, at), slow, at)

    def _can_repeat(self, left: ast.expr, right: ast.expr) -> bool:
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            return False
        return self._scope.allows_temporaries or (code.is_simple(left) and code.is_simple(right))

    def _once(self, value: ast.expr, at: Place) -> tuple[ast.expr, ast.expr]:
        """Return the code that evaluates the operand, and the name of its value afterwards."""
        if code.is_simple(value):
            return value, value
        name = self._scope.temporary()
        return code.walrus(name, value, at), code.load(name, at)

    @staticmethod
    def _native(
        operator: str, left: ast.expr, right: ast.expr
    ) -> tuple[str, Callable[[ast.expr, ast.expr, Place], ast.expr]] | None:
        """The type of operands for which Python's operator does the same, and how it is made."""
        for operand in (left, right):
            if isinstance(operand, ast.Constant) and type(operand.value) not in (int, str):
                return None
        kind = "str" if code.is_string(left) or code.is_string(right) else "int"
        if operator in _COMPARISONS:
            if kind == "str" and operator not in ("==", "!="):
                return None
            sign = _COMPARISONS[operator]
            return kind, lambda a, b, at: code.compare(a, [sign()], [b], at)
        make = _ARITHMETIC.get(operator)
        if make is None or (kind == "str" and operator != "+"):
            make = _BY_CONSTANT.get(operator) if _is_small(operator, left, right) else None
        if make is None:
            return None
        found = make
        return kind, lambda a, b, at: code.place(ast.BinOp(a, found(), b), at)

    def _membership(
        self, operator: str, name: str, left: ast.expr, right: ast.expr, at: Place
    ) -> ast.expr | None:
        """A dict with a key that Python does not confuse."""
        if not (code.is_simple(left) and isinstance(right, ast.Name)):
            return None
        tests = [code.type_is(right, "dict", at)]
        if isinstance(left, ast.Name):
            # The left name comes first: if neither has a value, it is the one to be told.
            tests.insert(0, code.type_is(left, "str", at))
        elif not (code.is_string(left) or code.is_int(left)):
            return None
        sign = ast.In() if operator == "in" else ast.NotIn()
        fast = code.compare(left, [sign], [right], at)
        slow = code.helper(name, [left, right], at)
        return code.choose(code.both(tests, at), fast, slow, at)

    @staticmethod
    def _interpolation(
        name: str, template: ast.expr, right: ast.expr, at: Place
    ) -> ast.expr | None:
        """A template of only ``%s`` and ``%d`` over names: an f-string if their types fit.

        One over another value has a helper, which does the same.
        """
        text: str = code.value_of(template)
        values = right.elts if isinstance(right, ast.Tuple) else [right]
        verbs = _VERBS.findall(text)
        literals = _VERBS.split(text)
        fits = values and len(verbs) == len(values) and not any("%" in one for one in literals)
        # Halves of a character could meet between two conversions without text between them.
        fits = fits and all(literals[1:-1])
        if not fits or not text.isascii():
            return None
        if not isinstance(right, ast.Name | ast.Tuple):
            before, after = (code.constant(one, at) for one in literals)
            helped = "with_number" if verbs == ["%d"] else "with_text"
            return code.helper(helped, [before, right, after, template], at)
        if not all(isinstance(one, ast.Name) for one in values):
            return None
        tests = []
        for verb, value in zip(verbs, values, strict=True):
            tests.append(code.type_is(value, "int" if verb == "%d" else "str", at))
            if verb == "%d":
                tests.append(_in_64_bits(value, at))
        parts: list[ast.expr] = []
        for number, literal in enumerate(literals):
            if literal:
                parts.append(code.constant(literal, at))
            if number < len(values):
                parts.append(code.place(ast.FormattedValue(values[number], -1, None), at))
        fast = code.place(ast.JoinedStr(parts), at)
        return code.choose(code.both(tests, at), fast, code.helper(name, [template, right], at), at)


def _is_small(operator: str, left: ast.expr, right: ast.expr) -> bool:
    """Return true if one operand is a constant with which no step grows or fails."""
    if code.is_int(right):
        return bool(0 < abs(code.value_of(right)) < _SMALL)
    if operator == "*" and code.is_int(left):
        return bool(abs(code.value_of(left)) < _SMALL)
    return False


def _in_64_bits(value: ast.expr, at: Place) -> ast.expr:
    bounds = [value, code.constant(1 << 63, at)]
    return code.compare(code.constant(-1 << 63, at), [ast.Lt(), ast.Lt()], bounds, at)
