"""Expressions of Starlark to expressions of Python."""

from __future__ import annotations

import ast
from typing import Any

from clace.starlark.emit import code
from clace.starlark.emit.calls import keyword_names, method_helper
from clace.starlark.emit.operations import Operations
from clace.starlark.emit.scope import EmitScope
from clace.starlark.source.nodes import (
    Argument,
    Binary,
    Call,
    Comprehension,
    Conditional,
    DictDisplay,
    Dot,
    Expression,
    Identifier,
    Index,
    Lambda,
    ListDisplay,
    Literal,
    Parameter,
    Parenthesized,
    Place,
    Slice,
    TupleDisplay,
    Unary,
)
from clace.starlark.source.nodes import Scope as NameScope
from clace.starlark.values.attributes import RESERVED

_CONSTANTS: dict[str, Any] = {"None": None, "True": True, "False": False}
_UNARY = {"-": "negate", "+": "positive", "~": "invert"}
_BUILTIN = (NameScope.PREDECLARED, NameScope.UNIVERSAL)
LONG_CHAIN = 40


def unwrapped(node: Expression) -> Expression:
    """An expression without its parentheses."""
    while isinstance(node, Parenthesized):
        node = node.inner
    return node


def is_range(node: Expression) -> bool:
    """Return true for a call of the built-in ``range``, whose result nobody else has."""
    if not isinstance(node, Call) or not isinstance(node.function, Identifier):
        return False
    binding = node.function.binding
    return (
        node.function.name == "range"
        and binding is not None
        and binding.scope is NameScope.UNIVERSAL
    )


def is_fresh(node: Expression) -> bool:
    """Return true if the value is new, so that no other variable can change it."""
    return isinstance(node, ListDisplay | DictDisplay | Comprehension | TupleDisplay)


class ExpressionEmitter:
    """Emits expressions, in the order in which they are evaluated."""

    def __init__(self, scope: EmitScope) -> None:
        self.scope = scope
        self.operations = Operations(scope)

    def expression(self, node: Expression) -> ast.expr:
        node = unwrapped(node)
        emit = getattr(self, f"_{type(node).__name__.lower()}")
        return emit(node)  # type: ignore[no-any-return]  # one method for each kind of node

    def _identifier(self, node: Identifier) -> ast.expr:
        binding = node.binding
        assert binding is not None
        if binding.scope in _BUILTIN:
            if binding.scope is NameScope.UNIVERSAL and node.name in _CONSTANTS:
                return code.constant(_CONSTANTS[node.name], node.at)
            return code.load(f"@{node.name}", node.at)
        return code.load(code.slot(node.name), node.at)

    def target_name(self, node: Identifier) -> ast.expr:
        """The variable, to be assigned to."""
        return code.store(code.slot(node.name), node.at)

    def _literal(self, node: Literal) -> ast.expr:
        return code.constant(node.value, node.at)

    def _listdisplay(self, node: ListDisplay) -> ast.expr:
        items = [self.expression(item) for item in node.items]
        return code.place(ast.List(items, code.LOAD), node.at)  # type: ignore[no-any-return]

    def _tupledisplay(self, node: TupleDisplay) -> ast.expr:
        items = [self.expression(item) for item in node.items]
        return code.place(ast.Tuple(items, code.LOAD), node.at)  # type: ignore[no-any-return]

    def _dictdisplay(self, node: DictDisplay) -> ast.expr:
        keys = [self.expression(entry.key) for entry in node.entries]
        values = [self.expression(entry.value) for entry in node.entries]
        plain = [code.value_of(one) for one in keys if code.is_string(one) or code.is_int(one)]
        if len(plain) == len(keys) == len(set(plain)):
            return code.place(ast.Dict(list(keys), values), node.at)  # type: ignore[no-any-return]
        pairs = [one for pair in zip(keys, values, strict=True) for one in pair]
        self.scope.notes.entries[node.at] = [entry.at for entry in node.entries]
        return code.helper("make_dict", pairs, node.at)

    def _conditional(self, node: Conditional) -> ast.expr:
        condition, yes, no = map(self.expression, (node.condition, node.yes, node.no))
        return code.choose(condition, yes, no, node.at)

    def _unary(self, node: Unary) -> ast.expr:
        operand = self.expression(node.operand)
        if node.operator == "not":
            return code.place(ast.UnaryOp(ast.Not(), operand), node.at)  # type: ignore[no-any-return]
        if node.operator == "-" and code.is_number(operand):
            return code.constant(-code.value_of(operand), node.at)
        return code.helper(_UNARY[node.operator], [operand], node.at)

    # Binary operators.

    def _binary(self, node: Binary) -> ast.expr:
        chain = [node]
        left = unwrapped(node.left)
        while isinstance(left, Binary):
            chain.append(left)
            left = unwrapped(left.left)
        chain.reverse()
        if len(chain) > LONG_CHAIN:
            return self._long(left, chain)
        value = self.expression(left)
        for step in chain:
            value = self._step(value, step)
        return value

    def _step(self, left: ast.expr, node: Binary) -> ast.expr:
        right = self.expression(node.right)
        if node.operator in ("and", "or"):
            operator = ast.And() if node.operator == "and" else ast.Or()
            return code.place(ast.BoolOp(operator, [left, right]), node.at)  # type: ignore[no-any-return]
        return self.operations.binary(node.operator, left, right, node.at)

    def _long(self, first: Expression, chain: list[Binary]) -> ast.expr:
        """Many operators in a row, one after the other, so that the code is not nested deeply."""
        if any(step.operator in ("and", "or") for step in chain):
            return self._long_logic(first, chain)
        if not self.scope.allows_temporaries:
            return self._folded(first, chain)
        name = self.scope.temporary()
        steps = [code.walrus(name, self.expression(first), chain[0].at)]
        for step in chain:
            value = self._step(code.load(name, step.at), step)
            steps.append(code.walrus(name, value, step.at))
        whole = code.place(ast.Tuple(steps, code.LOAD), chain[-1].at)
        last = code.constant(-1, chain[-1].at)
        return code.place(ast.Subscript(whole, last, code.LOAD), chain[-1].at)  # type: ignore[no-any-return]

    def _long_logic(self, first: Expression, chain: list[Binary]) -> ast.expr:
        """Equal operators in a row are one operation of Python's."""
        value = self.expression(first)
        start = 0
        while start < len(chain):
            operator = chain[start].operator
            end = start
            while end < len(chain) and chain[end].operator == operator:
                end += 1
            if operator in ("and", "or"):
                operands = [value, *(self.expression(step.right) for step in chain[start:end])]
                kind = ast.And() if operator == "and" else ast.Or()
                value = code.place(ast.BoolOp(kind, operands), chain[start].at)
            else:
                for step in chain[start:end]:
                    value = self._step(value, step)
            start = end
        return value

    def _folded(self, first: Expression, chain: list[Binary]) -> ast.expr:
        """A comprehension lacks temporary variables: a helper does the steps."""
        operands = [self.expression(first), *(self.expression(step.right) for step in chain)]
        operators = tuple(step.operator for step in chain)
        at = chain[-1].at
        return code.helper("fold", [code.constant(operators, at), *operands], at)

    # Attributes, indexes, calls.

    def _dot(self, node: Dot) -> ast.expr:
        value = self.expression(node.value)
        return code.helper("attribute", [value, code.constant(node.name, node.at)], node.at)

    def _index(self, node: Index) -> ast.expr:
        return self.item(self.expression(node.value), self.expression(node.key), node.at)

    def item(self, value: ast.expr, key: ast.expr, at: Place) -> ast.expr:
        """``value[key]``: Python's own for a list and an integer, or a dict and a plain key."""
        kind = "dict" if code.is_string(key) else "list"
        possible = code.is_simple(key) and (code.is_simple(value) or self.scope.allows_temporaries)
        if not self.scope.inline or not possible or isinstance(value, ast.Constant):
            return code.helper("get_item", [value, key], at)
        if isinstance(key, ast.Constant) and not (code.is_int(key) or code.is_string(key)):
            return code.helper("get_item", [value, key], at)
        first = value
        if not code.is_simple(value):
            name = self.scope.temporary()
            first, value = code.walrus(name, value, at), code.load(name, at)
        if kind == "list":
            known = key.id if isinstance(key, ast.Name) else code.value_of(key)
            assert isinstance(value, ast.Name)
            self.scope.notes.items[at] = (value.id, known)
        tests = [code.type_is(first, kind, at)]
        if isinstance(key, ast.Name):
            tests.append(code.type_is(key, "int", at))
        fast = code.place(ast.Subscript(value, key, code.LOAD), at)
        slow = code.helper("get_item", [value, key], at)
        return code.choose(code.both(tests, at), fast, slow, at)

    def _slice(self, node: Slice) -> ast.expr:
        parts = [self.expression(node.value)]
        bounds = (node.low, node.high, node.step)
        parts += [self.expression(one) if one else code.constant(None, node.at) for one in bounds]
        return code.helper("get_slice", parts, node.at)

    def _call(self, node: Call) -> ast.expr:
        plain = all(not one.stars and one.name is None for one in node.arguments)
        starred = any(one.stars for one in node.arguments)
        reserved = not RESERVED.isdisjoint(keyword_names(node.arguments))
        positional = sum(not one.stars and one.name is None for one in node.arguments)
        self.scope.notes.calls[node.at] = (
            None if starred else (positional, keyword_names(node.arguments))
        )
        function = unwrapped(node.function)
        if isinstance(function, Dot):
            self.scope.notes.dots[node.at] = function.at
            if plain and (name := method_helper(function.name, positional)):
                values = [function.value, *(one.value for one in node.arguments)]
                return code.helper(name, [self.expression(one) for one in values], node.at)
            if not starred and not reserved:
                return self._method(function, node)
        called = self.expression(node.function)
        if reserved or (starred and any(one.name for one in node.arguments)):
            return self._late(called, node)
        return self._arguments(called, [], node)

    def _method(self, function: Dot, node: Call) -> ast.expr:
        """A call of a method without an object for the method; it has its place of the dot."""
        receiver = self.expression(function.value)
        name = code.constant(function.name, function.at)
        called = code.load("$call_method", node.at)
        return self._arguments(called, [receiver, name], node)

    def _arguments(self, called: ast.expr, before: list[ast.expr], node: Call) -> ast.expr:
        args = list(before)
        keywords: list[ast.keyword] = []
        for one in node.arguments:
            value = self.expression(one.value)
            if one.stars == "*":
                spread = code.helper("star", [value], node.at)
                args.append(code.place(ast.Starred(spread, code.LOAD), node.at))
            elif one.stars:
                spread = code.helper("double_star", [value], node.at)
                keywords.append(code.place(ast.keyword(None, spread), node.at))
            elif one.name is not None:
                keywords.append(code.place(ast.keyword(one.name.name, value), one.at))
            else:
                args.append(value)
        return code.place(ast.Call(called, args, keywords), node.at)  # type: ignore[no-any-return]

    def _late(self, called: ast.expr, node: Call) -> ast.expr:
        """Named arguments are evaluated before ``*`` and ``**``, which Python does otherwise, and
        may have any names.
        """

        def named(stars: str) -> list[Argument]:
            return [one for one in node.arguments if one.stars == stars]

        plain = named("")
        args = [self.expression(one.value) for one in plain if one.name is None]
        names = [one for one in plain if one.name is not None]
        keys: list[ast.expr | None] = [
            code.constant(one.name.name, one.at) for one in names if one.name
        ]
        values = [self.expression(one.value) for one in names]
        star = [code.helper("star", [self.expression(one.value)], node.at) for one in named("*")]
        more = [
            code.helper("double_star", [self.expression(one.value)], node.at) for one in named("**")
        ]
        parts = [
            called,
            code.place(ast.Tuple(args, code.LOAD), node.at),
            code.place(ast.Dict(keys, values), node.at),
            star[0] if star else code.place(ast.Tuple([], code.LOAD), node.at),
            more[0] if more else code.place(ast.Dict([], []), node.at),
        ]
        return code.helper("late_call", parts, node.at)

    # Functions.

    def _lambda(self, node: Lambda) -> ast.expr:
        parameters = self.parameters(node.parameters)
        with self.scope.function():
            body = self.expression(node.body)
        return code.place(ast.Lambda(parameters, body), node.at)  # type: ignore[no-any-return]

    def parameters(self, given: list[Parameter]) -> ast.arguments:
        """The parameters of a function; their defaults are evaluated outside of it."""
        found = ast.arguments([], [], None, [], [], None, [])
        after_star = False
        for one in given:
            argument = code.parameter(one.name)
            if one.stars:
                after_star = True
                if one.stars == "*":
                    found.vararg = argument
                else:
                    found.kwarg = argument
                continue
            assert argument is not None
            default = self.expression(one.default) if one.default else None
            if after_star:
                found.kwonlyargs.append(argument)
                found.kw_defaults.append(default)
            else:
                found.args.append(argument)
                if default is not None:
                    found.defaults.append(default)
        return found
