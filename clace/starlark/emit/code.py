"""Small pieces of Python's syntax tree, each at a place of the Starlark source.

Names of helpers begin with ``$`` and those of built-in functions with ``@``, so that no name of a
program can reach or hide them. Nothing made here uses Python's attribute access.
"""

from __future__ import annotations

import ast
from typing import Any

from clace.starlark.source.nodes import Identifier, Place
from clace.starlark.values.attributes import RESERVED

LOAD, STORE = ast.Load(), ast.Store()
_TYPE_PARAMS: dict[str, Any] = (
    {"type_params": []} if "type_params" in ast.FunctionDef._fields else {}
)


def place(node: Any, at: Place) -> Any:
    """The node, at a place of the source."""
    line, column = at
    node.lineno = node.end_lineno = line
    node.col_offset = column - 1
    node.end_col_offset = column
    return node


def slot(name: str) -> str:
    """The Python name of a variable of the program."""
    return f"${name}" if name in RESERVED else name


def load(name: str, at: Place) -> ast.expr:
    return place(ast.Name(name, LOAD), at)  # type: ignore[no-any-return]


def store(name: str, at: Place) -> ast.expr:
    return place(ast.Name(name, STORE), at)  # type: ignore[no-any-return]


def constant(value: Any, at: Place) -> ast.expr:
    return place(ast.Constant(value), at)  # type: ignore[no-any-return]


def call(function: ast.expr, args: list[ast.expr], at: Place) -> ast.expr:
    return place(ast.Call(function, args, []), at)  # type: ignore[no-any-return]


def helper(name: str, args: list[ast.expr], at: Place) -> ast.expr:
    """A call of the helper ``name``."""
    return call(load(f"${name}", at), args, at)


def walrus(name: str, value: ast.expr, at: Place) -> ast.expr:
    target = ast.Name(name, STORE)
    return place(ast.NamedExpr(place(target, at), value), at)  # type: ignore[no-any-return]


def choose(test: ast.expr, yes: ast.expr, no: ast.expr, at: Place) -> ast.expr:
    return place(ast.IfExp(test, yes, no), at)  # type: ignore[no-any-return]


def compare(
    left: ast.expr, operators: list[ast.cmpop], others: list[ast.expr], at: Place
) -> ast.expr:
    return place(ast.Compare(left, operators, others), at)  # type: ignore[no-any-return]


def both(tests: list[ast.expr], at: Place) -> ast.expr:
    """All tests, or the only one."""
    if len(tests) == 1:
        return tests[0]
    return place(ast.BoolOp(ast.And(), tests), at)  # type: ignore[no-any-return]


def type_is(value: ast.expr, kind: str, at: Place) -> ast.expr:
    """``type(value) is kind``"""
    found = helper("type", [value], at)
    return compare(found, [ast.Is()], [load(f"${kind}", at)], at)


def types_are(left: ast.expr, right: ast.expr, kind: str, at: Place) -> ast.expr:
    """``type(left) is type(right) is kind``, which evaluates both in any case."""
    others = [helper("type", [right], at), load(f"${kind}", at)]
    return compare(helper("type", [left], at), [ast.Is(), ast.Is()], others, at)


def is_simple(node: ast.expr) -> bool:
    """Return true if evaluating the node twice does no harm and costs little."""
    return isinstance(node, ast.Name | ast.Constant)


def is_int(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def is_string(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is str


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def value_of(node: ast.expr) -> Any:
    """The value of a constant."""
    assert isinstance(node, ast.Constant)
    return node.value


def parameter(name: Identifier | None) -> ast.arg | None:
    if name is None:
        return None
    return place(ast.arg(slot(name.name)), name.at)  # type: ignore[no-any-return]


def statement(value: ast.expr, at: Place) -> ast.stmt:
    return place(ast.Expr(value), at)  # type: ignore[no-any-return]


def assign(target: ast.expr, value: ast.expr, at: Place) -> ast.stmt:
    return place(ast.Assign([target], value), at)  # type: ignore[no-any-return]


def function(name: str, parameters: ast.arguments, body: list[ast.stmt], at: Place) -> ast.stmt:
    made = ast.FunctionDef(name, parameters, body, [], None, **_TYPE_PARAMS)
    return place(made, at)  # type: ignore[no-any-return]
