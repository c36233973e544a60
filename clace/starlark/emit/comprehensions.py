"""Comprehensions of Starlark to those of Python."""

from __future__ import annotations

import ast

from clace.starlark.emit import code
from clace.starlark.emit.expressions import ExpressionEmitter, is_fresh, is_range, unwrapped
from clace.starlark.emit.mutation import turn_may_mutate
from clace.starlark.source.nodes import (
    Comprehension,
    Dot,
    Entry,
    Expression,
    ForClause,
    Identifier,
    Index,
    ListDisplay,
    Place,
    TupleDisplay,
)


class ComprehensionEmitter(ExpressionEmitter):
    """Emits expressions of every kind, comprehensions included."""

    def _comprehension(self, node: Comprehension) -> ast.expr:
        locked = turn_may_mutate(node)
        with self.scope.comprehension():
            clauses = self._clauses(node, locked=locked)
            body = node.body
            if isinstance(body, Entry):
                key = self._key(self.expression(body.key), body.at)
                made: ast.expr = ast.DictComp(key, self.expression(body.value), clauses)
            else:
                made = ast.ListComp(self.expression(body), clauses)
        return code.place(made, node.at)  # type: ignore[no-any-return]

    def _key(self, key: ast.expr, at: Place) -> ast.expr:
        slow = code.helper("to_key", [key], at)
        if not isinstance(key, ast.Name) or not self.scope.inline:
            return slow
        return code.choose(code.type_is(key, "str", at), key, slow, at)

    def _clauses(self, node: Comprehension, *, locked: bool) -> list[ast.comprehension]:
        found: list[ast.comprehension] = []
        self.scope.notes.entries[node.at] = [clause.at for clause in node.clauses]
        for number, clause in enumerate(node.clauses):
            if not isinstance(clause, ForClause):
                found[-1].ifs.append(self.expression(clause.condition))
                continue
            iterable = self._iterable(clause.iterable, clause.at, locked=locked)
            target = unwrapped(clause.target)
            if isinstance(target, TupleDisplay | ListDisplay):
                parts = [code.constant(one, clause.at) for one in (len(target.items), number)]
                iterable = code.helper("unpack_each", [iterable, *parts], clause.at)
            self._bind(target, iterable, clause.at, found)
        return found

    def _bind(
        self, target: Expression, iterable: ast.expr, at: Place, found: list[ast.comprehension]
    ) -> None:
        """Loop over the items; anything but a plain name is assigned from a temporary variable."""
        pending: list[tuple[str, Expression]] = []
        if isinstance(target, TupleDisplay | ListDisplay):
            names = [self._loop_name(item, pending) for item in target.items]
            variable = code.place(ast.Tuple(names, code.STORE), target.at)
        else:
            variable = self._loop_name(target, pending)
        found.append(ast.comprehension(variable, iterable, [], 0))
        for name, item in pending:
            value = code.load(name, item.at)
            if isinstance(item, TupleDisplay | ListDisplay):
                unpacked = code.helper("unpack", [value, code.constant(len(item.items), at)], at)
                self._bind(item, code.place(ast.List([unpacked], code.LOAD), at), at, found)
            else:
                stored = self._stored(item, value)
                found[-1].ifs.append(code.place(ast.UnaryOp(ast.Not(), stored), item.at))

    def _loop_name(self, node: Expression, pending: list[tuple[str, Expression]]) -> ast.expr:
        node = unwrapped(node)
        if isinstance(node, Identifier):
            return self.target_name(node)
        name = self.scope.temporary()
        pending.append((name, node))
        return code.store(name, node.at)

    def _stored(self, target: Expression, value: ast.expr) -> ast.expr:
        """Call the helper that assigns to an item or an attribute, which gives ``None``."""
        if isinstance(target, Index):
            parts = [value, self.expression(target.value), self.expression(target.key)]
            return code.helper("store_item", parts, target.at)
        assert isinstance(target, Dot)
        name = code.constant(target.name, target.at)
        return code.helper(
            "store_attribute", [value, self.expression(target.value), name], target.at
        )

    def _iterable(self, node: Expression, at: Place, *, locked: bool) -> ast.expr:
        value = self.expression(node)
        if is_range(unwrapped(node)):
            return value
        guarded = locked and not is_fresh(unwrapped(node))
        return code.helper("guarded" if guarded else "items_of", [value], at)
