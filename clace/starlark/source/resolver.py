"""Names to variables: what each identifier of a file means, decided before it runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from clace.starlark.errors import Position, SourceError
from clace.starlark.options import Options
from clace.starlark.source.blocks import Block
from clace.starlark.source.nodes import (
    Assignment,
    Binary,
    Binding,
    Branch,
    Call,
    Comprehension,
    Conditional,
    Def,
    DictDisplay,
    Dot,
    Entry,
    Expression,
    ExpressionStatement,
    File,
    For,
    ForClause,
    Identifier,
    If,
    Index,
    Lambda,
    ListDisplay,
    Literal,
    Load,
    Parenthesized,
    Place,
    Return,
    Scope,
    Slice,
    Statement,
    TupleDisplay,
    Unary,
    While,
    start,
)
from clace.starlark.source.parameters import check_arguments, parameter_faults
from clace.starlark.source.spelling import suggestion

_DIALECT = "this Starlark dialect does not "


def resolve(
    file: File, options: Options, predeclared: Collection[str], universal: Collection[str]
) -> None:
    """Bind every identifier of ``file``.

    :raises SourceError: if a name is undefined, or a statement stands where it may not.
    """
    _Resolver(file, options, predeclared, universal).run()


class _Resolver:
    def __init__(
        self,
        file: File,
        options: Options,
        predeclared: Collection[str],
        universal: Collection[str],
    ) -> None:
        self._file = file
        self._options = options
        self._predeclared = predeclared
        self._universal = universal
        self._top = self._block = Block(None, container=True)
        self._globals: dict[str, Binding] = {}
        self._others: dict[str, Binding] = {}
        self._faults: list[SourceError] = []
        self._loops = 0
        self._ifs = 0

    def run(self) -> None:
        self._statements(self._file.body)
        self._resolve_locals(self._top)
        self._resolve_rest(self._top)
        self._file.globals = list(self._globals)
        if self._faults:
            first, *others = self._faults
            raise SourceError(first.message, first.position, others)

    def _fault(self, at: Place, message: str) -> None:
        self._faults.append(SourceError(message, Position(self._file.name, *at)))

    @property
    def _in_function(self) -> bool:
        return self._block.container() is not self._top

    # Names.

    def _bind(self, name: Identifier) -> bool:
        """Give a name a variable in the current block; return true if it had one."""
        if self._block is not self._top:
            return self._bind_local(name)
        known = self._top.bindings.get(name.name) or self._globals.get(name.name)
        if known is None:
            self._globals[name.name] = name.binding = Binding(Scope.GLOBAL, name)
            return False
        if not self._options.global_reassignment:
            assert known.first is not None
            before = Position(self._file.name, *known.first.at)
            kind = "global" if known.scope is Scope.GLOBAL else "local"
            self._fault(name.at, f"cannot reassign {kind} {name.name} declared at {before}")
        name.binding = known
        return True

    def _bind_local(self, name: Identifier) -> bool:
        known = name.name in self._block.bindings
        if not known:
            self._block.bindings[name.name] = Binding(Scope.LOCAL, name)
        self._use(name)
        return known

    def _use(self, name: Identifier) -> None:
        if self._options.global_reassignment and self._block is self._top:
            name.binding = self._top_level(name, self._top)
        else:
            self._block.container().uses.append((name, self._block))

    def _resolve_locals(self, container: Block) -> None:
        """Bind what is local to a function that was read; keep the rest for the end."""
        left = []
        for name, block in container.uses:
            found = block.local(name.name)
            if found is None:
                left.append((name, block))
            else:
                name.binding = found
        container.uses = left

    def _resolve_rest(self, block: Block) -> None:
        for child in block.children:
            self._resolve_rest(child)
        for name, used_in in block.uses:
            name.binding = self._lexical(name, used_in)

    def _lexical(self, name: Identifier, used_in: Block) -> Binding:
        """The variable of a name; every block on the way to it knows it from then on."""
        passed: list[Block] = []
        block: Block | None = used_in
        found: Binding | None = None
        while found is None and block is not None and block is not self._top:
            found = block.bindings.get(name.name)
            passed.append(block)
            block = block.parent
        found = found or self._top_level(name, used_in)
        for one in passed:
            one.bindings[name.name] = found
        return found

    def _top_level(self, name: Identifier, used_in: Block) -> Binding:
        text = name.name
        for known in (self._top.bindings, self._globals, self._others):
            if text in known:
                return known[text]
        if text in self._predeclared:
            return self._others.setdefault(text, Binding(Scope.PREDECLARED))
        if text in self._universal:
            if text == "set" and not self._options.sets:
                self._fault(name.at, _DIALECT + "support sets")
            return self._others.setdefault(text, Binding(Scope.UNIVERSAL))
        hint = suggestion(text, sorted(self._visible(used_in)))
        self._fault(name.at, f"undefined: {text}{hint}")
        return Binding(Scope.UNDEFINED)

    def _visible(self, block: Block | None) -> Iterator[str]:
        while block is not None:
            yield from block.bindings
            block = block.parent
        yield from self._globals

    @contextmanager
    def _within(self, *, container: bool) -> Iterator[None]:
        """Resolve in a new block."""
        outer = self._block
        self._block = Block(outer, container=container)
        outer.children.append(self._block)
        yield
        if container:
            self._resolve_locals(self._block)
        self._block = outer

    # Statements.

    def _statements(self, body: Sequence[Statement]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, statement: Statement) -> None:  # noqa: C901 - one row a kind
        match statement:
            case ExpressionStatement():
                self._expression(statement.value)
            case Assignment():
                self._expression(statement.value)
                self._assign(statement.target, augmented=statement.operator != "=")
            case Branch():
                if not self._loops and statement.keyword != "pass":
                    self._fault(statement.at, f"{statement.keyword} not in a loop")
            case Return():
                self._return(statement)
            case If():
                self._if(statement)
            case For():
                self._for(statement)
            case While():
                self._while(statement)
            case Def():
                self._bind(statement.name)
                self._function(statement)
            case Load():
                self._load(statement)

    def _return(self, statement: Return) -> None:
        if not self._in_function:
            self._fault(statement.at, "return statement not within a function")
        if statement.value is not None:
            self._expression(statement.value)

    def _need_function(self, at: Place, what: str) -> None:
        if not self._options.top_level_control and not self._in_function:
            self._fault(at, f"{what} not within a function")

    def _if(self, statement: If) -> None:
        depth = self._ifs
        branch: If | None = statement
        while branch is not None:
            self._need_function(branch.at, "if statement")
            self._expression(branch.condition)
            self._ifs += 1
            self._statements(branch.yes)
            follows = branch.no
            branch = follows[0] if len(follows) == 1 and isinstance(follows[0], If) else None
            if branch is None:
                self._statements(follows)
        self._ifs = depth

    def _for(self, statement: For) -> None:
        self._need_function(statement.at, "for loop")
        self._expression(statement.iterable)
        self._assign(statement.target)
        self._loops += 1
        self._statements(statement.body)
        self._loops -= 1

    def _while(self, statement: While) -> None:
        if not self._options.while_loops:
            self._fault(statement.at, _DIALECT + "support while loops")
        self._need_function(statement.at, "while loop")
        self._expression(statement.condition)
        self._loops += 1
        self._statements(statement.body)
        self._loops -= 1

    def _load(self, statement: Load) -> None:
        if self._in_function:
            self._fault(statement.at, "load statement within a function")
        elif self._loops:
            self._fault(statement.at, "load statement within a loop")
        elif self._ifs:
            self._fault(statement.at, "load statement within a conditional")
        for own, theirs in statement.names:
            if not theirs.name:
                self._fault(theirs.at, "load: empty identifier")
                continue
            if theirs.name[0] == "_":
                message = "load: names with leading underscores are not exported: "
                self._fault(theirs.at, message + theirs.name)
            if self._bind_local(own) and not self._options.global_reassignment:
                self._fault(own.at, f"cannot reassign top-level {own.name}")

    def _assign(self, target: Expression, *, augmented: bool = False) -> None:
        match target:
            case Identifier():
                self._bind(target)
            case Index():
                self._expression(target.value)
                self._expression(target.key)
            case Dot():
                self._expression(target.value)
            case TupleDisplay() | ListDisplay():
                if augmented:
                    kind = "tuple" if isinstance(target, TupleDisplay) else "list"
                    message = f"can't use {kind} expression in augmented assignment"
                    self._fault(target.at, message)
                for item in target.items:
                    self._assign(item, augmented=augmented)
            case Parenthesized():
                self._assign(target.inner, augmented=augmented)
            case _:
                self._fault(start(target), f"can't assign to {_TARGETS[type(target)]}")

    # Expressions.

    def _expression(self, node: Expression | Entry) -> None:  # noqa: C901, PLR0912 - one row a kind
        while isinstance(node, Parenthesized):
            node = node.inner
        match node:
            case Identifier():
                self._use(node)
            case Literal():
                pass
            case Binary():
                self._binary(node)
            case Unary():
                self._expression(node.operand)
            case Call():
                self._call(node)
            case Dot():
                self._expression(node.value)
            case Index():
                self._expression(node.value)
                self._expression(node.key)
            case Slice():
                self._each((node.value, node.low, node.high, node.step))
            case Conditional():
                self._each((node.condition, node.yes, node.no))
            case ListDisplay() | TupleDisplay():
                self._each(node.items)
            case DictDisplay():
                self._each(node.entries)
            case Entry():
                self._each((node.key, node.value))
            case Lambda():
                self._function(node)
            case Comprehension():
                self._comprehension(node)

    def _each(self, nodes: Sequence[Expression | Entry | None]) -> None:
        for node in nodes:
            if node is not None:
                self._expression(node)

    def _binary(self, node: Binary) -> None:
        """A long sum is deep on its left side only."""
        rights = [node.right]
        left = node.left
        while isinstance(left, Binary):
            rights.append(left.right)
            left = left.left
        self._expression(left)
        self._each(rights[::-1])

    def _call(self, node: Call) -> None:
        self._expression(node.function)
        for at, message in check_arguments(node.arguments, start(node)):
            self._fault(at, message)
        self._each([argument.value for argument in node.arguments])

    def _comprehension(self, node: Comprehension) -> None:
        first, *clauses = node.clauses
        assert isinstance(first, ForClause)
        self._expression(first.iterable)
        with self._within(container=False):
            self._assign(first.target)
            for clause in clauses:
                if isinstance(clause, ForClause):
                    self._assign(clause.target)
                    self._expression(clause.iterable)
                else:
                    self._expression(clause.condition)
            self._expression(node.body)

    def _function(self, node: Def | Lambda) -> None:
        for parameter in node.parameters:
            if parameter.default is not None:
                self._expression(parameter.default)
        loops, self._loops = self._loops, 0
        with self._within(container=True):
            for at, message in parameter_faults(node.parameters, self._bind):
                self._fault(at, message)
            if isinstance(node, Lambda):
                self._expression(node.body)
            else:
                self._statements(node.body)
        self._loops = loops


_TARGETS: dict[type, str] = {
    Literal: "literal",
    DictDisplay: "dictexpr",
    Comprehension: "comprehension",
    Lambda: "lambdaexpr",
    Conditional: "condexpr",
    Unary: "unaryexpr",
    Binary: "binaryexpr",
    Slice: "sliceexpr",
    Call: "callexpr",
}
