"""Statements of Starlark to statements of Python."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from clace.starlark.emit import code
from clace.starlark.emit.comprehensions import ComprehensionEmitter
from clace.starlark.emit.expressions import LONG_CHAIN, is_fresh, is_range, unwrapped
from clace.starlark.emit.mutation import may_mutate, stores
from clace.starlark.emit.scope import EmitNotes, EmitScope
from clace.starlark.errors import Position, SourceError
from clace.starlark.source.nodes import (
    Assignment,
    Branch,
    Def,
    Dot,
    Expression,
    ExpressionStatement,
    File,
    For,
    Identifier,
    If,
    Index,
    ListDisplay,
    Load,
    Place,
    Return,
    Statement,
    TupleDisplay,
    While,
)

MAX_LOOPS = 9  # CPython nests at most twenty blocks, and a loop may be two


def emit(file: File, *, inline: bool = True) -> tuple[ast.Module, EmitNotes]:
    """The Python module of a resolved file; ``inline`` trades size for speed.

    :raises SourceError: if loops are nested too deeply.
    """
    scope = EmitScope(inline=inline)
    body = StatementEmitter(scope, file.name).block(file.body, (1, 1))
    return ast.Module(body, []), scope.notes


class StatementEmitter(ComprehensionEmitter):
    def __init__(self, scope: EmitScope, file: str) -> None:
        super().__init__(scope)
        self._file = file

    def block(self, body: Sequence[Statement], at: Place) -> list[ast.stmt]:
        """Statements; never empty, for Python wants at least one."""
        found: list[ast.stmt] = []
        for one in body:
            found += self._statement(one)
        return found or [code.place(ast.Pass(), at)]

    def _statement(self, node: Statement) -> list[ast.stmt]:  # noqa: PLR0911 - one row a kind
        match node:
            case ExpressionStatement():
                return [code.statement(self.expression(node.value), node.at)]
            case Assignment():
                return self._assignment(node)
            case Branch():
                kind = {"break": ast.Break, "continue": ast.Continue}.get(node.keyword, ast.Pass)
                return [code.place(kind(), node.at)]
            case Return():
                value = self.expression(node.value) if node.value else None
                return [code.place(ast.Return(value), node.at)]
            case If():
                return self._if(node)
            case For():
                return self._for(node)
            case While():
                return [self._while(node)]
            case Def():
                return [self._def(node)]
            case Load():
                return [self._load(node)]

    def _if(self, node: If) -> list[ast.stmt]:
        """A chain of ``elif`` is nested to Python: a long one becomes several."""
        branches = [node]
        while len(no := branches[-1].no) == 1 and isinstance(no[0], If):
            branches.append(no[0])
        rest = branches[-1].no
        made: list[ast.stmt] = []
        waiting = ""  # the variable that is true until a branch was taken
        for start in range(0, len(branches), LONG_CHAIN):
            chain = branches[start : start + LONG_CHAIN]
            more = start + LONG_CHAIN < len(branches)
            now, waiting = waiting, waiting or (self.scope.temporary() if more else "")
            if more and not now:
                made.append(self._flag(waiting, node.at, value=True))
            body = self._chain(chain, [] if more else rest, waiting if more else "")
            made.append(self._guard(now, body))
        return made

    def _chain(self, branches: list[If], rest: list[Statement], taken: str) -> ast.stmt:
        """``if`` and ``elif``; each branch says first that it was taken, if that has a name."""
        last = self.block(rest, branches[-1].at) if rest else []
        made: list[ast.stmt] = last
        for node in reversed(branches):
            yes = self.block(node.yes, node.at)
            if taken:
                yes.insert(0, self._flag(taken, node.at, value=False))
            condition = self.expression(node.condition)
            made = [code.place(ast.If(condition, yes, made), node.at)]
        return made[0]

    @staticmethod
    def _flag(name: str, at: Place, *, value: bool) -> ast.stmt:
        return code.assign(code.store(name, at), code.constant(value, at), at)

    @staticmethod
    def _guard(name: str, body: ast.stmt) -> ast.stmt:
        """The statement, if ``name`` is still true."""
        if not name:
            return body
        at = (body.lineno, body.col_offset + 1)
        return code.place(ast.If(code.load(name, at), [body], []), at)  # type: ignore[no-any-return]

    def _def(self, node: Def) -> ast.stmt:
        parameters = self.parameters(node.parameters)
        with self.scope.function():
            body = self.block(node.body, node.at)
        return code.function(code.slot(node.name.name), parameters, body, node.at)

    def _load(self, node: Load) -> ast.stmt:
        names = [code.constant(theirs.name, theirs.at) for _own, theirs in node.names]
        loaded = code.helper("load", [code.constant(node.module, node.at), *names], node.at)
        targets = [self.target_name(own) for own, _theirs in node.names]
        target = code.place(ast.Tuple(targets, code.STORE), node.at)
        return code.assign(target, loaded, node.at)

    # Loops.

    def _body(self, body: list[Statement], at: Place) -> list[ast.stmt]:
        self.scope.loops += 1
        if self.scope.loops > MAX_LOOPS:
            raise SourceError("excessive nesting of loops", Position(self._file, *at))
        found = self.block(body, at)
        self.scope.loops -= 1
        return found

    def _while(self, node: While) -> ast.stmt:
        condition = self.expression(node.condition)
        made = ast.While(condition, self._body(node.body, node.at), [])
        return code.place(made, node.at)  # type: ignore[no-any-return]

    def _for(self, node: For) -> list[ast.stmt]:
        iterable = self.expression(node.iterable)
        target = unwrapped(node.target)
        before: list[ast.stmt] = []
        if isinstance(target, Identifier):
            variable = self.target_name(target)
        else:
            name = self.scope.temporary()
            variable = code.store(name, target.at)
            before = self._store(target, code.load(name, target.at), node.at)
        body = before + self._body(node.body, node.at)
        if is_range(unwrapped(node.iterable)):
            return [code.place(ast.For(variable, iterable, body, []), node.at)]
        if is_fresh(unwrapped(node.iterable)) or not (stores(target) or may_mutate(node.body)):
            items = code.helper("items_of", [iterable], node.at)
            return [code.place(ast.For(variable, items, body, []), node.at)]
        return self._locked(variable, iterable, body, node.at)

    def _locked(
        self, variable: ast.expr, iterable: ast.expr, body: list[ast.stmt], at: Place
    ) -> list[ast.stmt]:
        """A loop over a value that must not change meanwhile.

        ``begin`` is within the ``try``: between it and the loop an interruption would else leave
        the value locked.
        """
        name = self.scope.temporary()
        items = code.helper("begin", [code.load(name, at)], at)
        loop = code.place(ast.For(variable, items, body, []), at)
        after = code.statement(code.helper("unlock", [code.load(name, at)], at), at)
        return [
            code.assign(code.store(name, at), iterable, at),
            code.place(ast.Try([loop], [], [], [after]), at),
        ]

    # Assignments.

    def _assignment(self, node: Assignment) -> list[ast.stmt]:
        if node.operator != "=":
            return self._augmented(node)
        target, value = unwrapped(node.target), unwrapped(node.value)
        if _are_parallel(target, value):
            names = [self.target_name(one) for one in target.items]  # type: ignore[union-attr, arg-type]  # identifiers
            several = code.place(ast.Tuple(names, code.STORE), node.at)
            return [code.assign(several, self.expression(value), node.at)]
        return self._store(target, self.expression(value), node.at)

    def _store(self, target: Expression, value: ast.expr, at: Place) -> list[ast.stmt]:
        target = unwrapped(target)
        match target:
            case Identifier():
                return [code.assign(self.target_name(target), value, at)]
            case TupleDisplay() | ListDisplay():
                return self._unpack(target, value, at)
            case Index():
                return self._store_item(target, value)
            case Dot():
                name = code.constant(target.name, target.at)
                parts = [value, self.expression(target.value), name]
                stored = code.helper("store_attribute", parts, target.at)
                return [code.statement(stored, target.at)]
        raise AssertionError(target)

    def _store_item(self, target: Index, value: ast.expr) -> list[ast.stmt]:
        """``x[key] = value``: the value is evaluated first."""
        at = target.at
        container, key = self.expression(target.value), self.expression(target.key)
        if self.scope.inline and isinstance(container, ast.Name) and _is_plain_key(key):
            before: list[ast.stmt] = []
            if not code.is_simple(value):
                name = self.scope.temporary()
                before = [code.assign(code.store(name, at), value, at)]
                value = code.load(name, at)
            elif isinstance(value, ast.Name):
                # It may have no value, which is told before those of the container and the key.
                before = [code.statement(value, at)]
            return [*before, self._store_quickly(container, key, value, at)]
        stored = code.helper("store_item", [value, container, key], at)
        return [code.statement(stored, at)]

    @staticmethod
    def _store_quickly(container: ast.expr, key: ast.expr, value: ast.expr, at: Place) -> ast.stmt:
        """Into a dict that may change, by Python's own statement."""
        identity = code.helper("id", [container], at)
        free = code.compare(identity, [ast.NotIn()], [code.load("$locks", at)], at)
        tests = [code.type_is(container, "dict", at), free]
        if isinstance(key, ast.Name):
            tests.insert(1, code.type_is(key, "str", at))
        fast = code.assign(code.place(ast.Subscript(container, key, code.STORE), at), value, at)
        slow = code.statement(code.helper("set_item", [container, key, value], at), at)
        return code.place(ast.If(code.both(tests, at), [fast], [slow]), at)  # type: ignore[no-any-return]

    def _unpack(
        self, target: TupleDisplay | ListDisplay, value: ast.expr, at: Place
    ) -> list[ast.stmt]:
        variables: list[ast.expr] = []
        after: list[ast.stmt] = []
        for item in map(unwrapped, target.items):
            if isinstance(item, Identifier):
                variables.append(self.target_name(item))
            else:
                name = self.scope.temporary()
                variables.append(code.store(name, at))
                after += self._store(item, code.load(name, at), at)
        count = code.constant(len(target.items), at)
        several = code.place(ast.Tuple(variables, code.STORE), at)
        return [code.assign(several, code.helper("unpack", [value, count], at), at), *after]

    def _augmented(self, node: Assignment) -> list[ast.stmt]:
        operator, at = node.operator[:-1], node.at
        target = unwrapped(node.target)
        if isinstance(target, Identifier):
            old = self.expression(target)
            new = self.operations.augmented(operator, old, self.expression(node.value), at)
            return [code.assign(self.target_name(target), new, at)]
        assert isinstance(target, Index | Dot)
        before: list[ast.stmt] = []
        container = self._kept(self.expression(target.value), before, target.at)
        if isinstance(target, Index):
            if isinstance(container, ast.Name) and not before:
                # It may have no value, which is told before the key is looked at.
                before.append(code.statement(container, target.at))
            key = self._kept(self.expression(target.key), before, target.at)
            old = self.item(container, key, target.at)
        else:
            key = code.constant(target.name, target.at)
            old = code.helper("attribute", [container, key], target.at)
        new = self.operations.augmented(operator, old, self.expression(node.value), at)
        if isinstance(target, Index):
            value = self._kept(new, before, at)
            return [*before, self._put(container, key, value, target.at)]
        stored = code.helper("set_attribute", [container, key, new], target.at)
        return [*before, code.statement(stored, target.at)]

    def _put(self, container: ast.expr, key: ast.expr, value: ast.expr, at: Place) -> ast.stmt:
        if self.scope.inline and isinstance(container, ast.Name) and _is_plain_key(key):
            return self._store_quickly(container, key, value, at)
        return code.statement(code.helper("set_item", [container, key, value], at), at)

    def _kept(self, value: ast.expr, before: list[ast.stmt], at: Place) -> ast.expr:
        """Something that can be evaluated twice, after the statements in ``before``."""
        if code.is_simple(value):
            return value
        name = self.scope.temporary()
        before.append(code.assign(code.store(name, at), value, at))
        return code.load(name, at)


def _are_parallel(target: Expression, value: Expression) -> bool:
    """Return true if as many names as expressions stand side by side: ``a, b = b, a``."""
    return (
        isinstance(target, TupleDisplay | ListDisplay)
        and isinstance(value, TupleDisplay)
        and len(target.items) == len(value.items)
        and all(isinstance(one, Identifier) for one in target.items)
    )


def _is_plain_key(key: ast.expr) -> bool:
    return isinstance(key, ast.Name) or code.is_string(key) or code.is_int(key)
