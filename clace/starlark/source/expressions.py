"""Tokens to expressions, by recursive descent and precedence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from clace.starlark.errors import Position, SourceError
from clace.starlark.source import tokens
from clace.starlark.source.nodes import (
    Argument,
    Binary,
    Call,
    Comprehension,
    Conditional,
    DictDisplay,
    Dot,
    Entry,
    Expression,
    ForClause,
    Identifier,
    IfClause,
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
    start,
)
from clace.starlark.source.tokens import Token

MAX_DEPTH = 150
_COMPARISON = 4
# From the loosest to the tightest; "not" stands alone at 3.
_PRECEDENCE = {
    operator: level
    for level, operators in enumerate(
        (
            "or",
            "and",
            "not",
            "== != < > <= >= in",
            "|",
            "^",
            "&",
            "<< >>",
            "- +",
            "* % / //",
        ),
        start=1,
    )
    for operator in operators.split()
} | {tokens.NOT_IN: _COMPARISON}
_NOT = _PRECEDENCE["not"]
_LIST_ENDS = frozenset({tokens.END, tokens.NEWLINE, "=", "}", "]", ")", ";"})
_LITERALS = frozenset({tokens.INT, tokens.FLOAT, tokens.STRING, tokens.BYTES})


class ExpressionParser:
    """Holds one token at a time: ``kind``, ``value`` and ``at``, where it begins."""

    def __init__(self, name: str, scanned: list[Token]) -> None:
        self.name = name
        self._tokens = iter(scanned)
        self._depth = 0
        self.kind = ""
        self.value: object = None
        self.at: Place = (1, 1)
        self.advance()

    def advance(self) -> Place:
        """Go to the next token; returns where the current one was."""
        before = self.at
        self._token = next(self._tokens)
        self.kind, self.value, line, column, _, _ = self._token
        self.at = (line, column)
        if self.kind == tokens.FAULT:
            self.fail(str(self.value))
        return before

    def expect(self, kind: str) -> Place:
        """Go past a token of this kind.

        :raises SourceError: if the current one is another.
        """
        if self.kind != kind:
            self.fail(f"got {tokens.describe(self.kind)}, want {tokens.describe(kind)}")
        return self.advance()

    def fail(self, message: str, at: Place | None = None) -> NoReturn:
        """Refuse the source.

        :raises SourceError: in any case, at a place or after the current token.
        """
        raise SourceError(message, Position(self.name, *(at or self._token[4:])))

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Go one level deeper.

        :raises SourceError: if the source is nested too deeply.
        """
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.fail("excessive nesting")
        yield
        self._depth -= 1

    def identifier(self) -> Identifier:
        if self.kind != tokens.IDENTIFIER:
            self.fail("not an identifier")
        name = str(self.value)
        return Identifier(name, self.advance())

    def expression(self, *, trailing_comma: bool = False) -> Expression:
        """One expression, or several with commas between them: a tuple."""
        first = self.test()
        if self.kind != ",":
            return first
        items = self._more([first], trailing_comma=trailing_comma)
        return TupleDisplay(items, start(first))

    def _more(self, items: list[Expression], *, trailing_comma: bool) -> list[Expression]:
        while self.kind == ",":
            at = self.advance()
            if self.kind in _LIST_ENDS:
                if not trailing_comma:
                    self.fail("unparenthesized tuple with trailing comma", at)
                break
            items.append(self.test())
        return items

    def test(self) -> Expression:
        """One expression without commas."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.fail("excessive nesting")
        value: Expression
        if self.kind == "lambda":
            value = self._lambda(conditional=True)
        else:
            value = self._operation(1)
            if self.kind == "if":
                value = self._conditional(value)
        self._depth -= 1
        return value

    def _conditional(self, yes: Expression) -> Conditional:
        at = self.advance()
        condition = self._operation(1)
        if self.kind != "else":
            self.fail("conditional expression without else clause", at)
        self.advance()
        return Conditional(condition, yes, self.test(), at)

    def _lambda(self, *, conditional: bool) -> Lambda:
        at = self.advance()
        parameters = [] if self.kind == ":" else self.parameters()
        self.expect(":")
        with self.nested():
            body = self.test() if conditional else self._unconditional()
        return Lambda(parameters, body, at)

    def _unconditional(self) -> Expression:
        """An expression that does not end in ``if ... else``."""
        return self._lambda(conditional=False) if self.kind == "lambda" else self._operation(1)

    def _operation(self, level: int) -> Expression:
        """Operands and operators that bind at least as tightly as ``level``."""
        if self.kind == "not" and level <= _NOT:
            return self._binary(self._not(), level)
        return self._binary(self._primary_with_suffixes(), level)

    def _not(self) -> Unary:
        at = self.advance()
        with self.nested():
            return Unary("not", self._operation(_NOT), at)

    def _binary(self, left: Expression, level: int) -> Expression:
        compared = ""
        while True:
            if self.kind == "not":
                self.advance()
                if self.kind != "in":
                    self.fail(f"got {tokens.describe(self.kind)}, want in")
                self.kind = tokens.NOT_IN
            operator = self.kind
            binds = _PRECEDENCE.get(operator, 0)
            if binds < level or not binds:
                return left
            if binds == _COMPARISON:
                if compared:
                    self.fail(f"{compared} does not associate with {operator} (use parens)")
                compared = operator
            elif binds < _COMPARISON:
                compared = ""
            at = self.advance()
            left = Binary(operator, left, self._right(binds + 1), at)

    def _right(self, level: int) -> Expression:
        """The right operand of an operator."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.fail("excessive nesting")
        value = self._operation(level)
        self._depth -= 1
        return value

    def _primary_with_suffixes(self) -> Expression:
        value = self._primary()
        while True:
            kind = self.kind
            if kind == ".":
                at = self.advance()
                value = Dot(value, self.identifier().name, at)
            elif kind == "(":
                value = self._call(value)
            elif kind == "[":
                value = self._index(value)
            else:
                return value

    def _call(self, function: Expression) -> Call:
        at = self.advance()
        arguments: list[Argument] = []
        while self.kind not in (")", tokens.END):
            if arguments:
                self.expect(",")
                if self.kind == ")":
                    break
            arguments.append(self._argument())
        self.expect(")")
        return Call(function, arguments, at)

    def _argument(self) -> Argument:
        if self.kind in ("*", "**"):
            stars = self.kind
            at = self.advance()
            return Argument(stars, None, self.test(), at)
        value = self.test()
        if self.kind != "=":
            return Argument("", None, value, start(value))
        if not isinstance(value, Identifier):
            self.fail("keyword argument must have form name=expr")
        self.advance()
        return Argument("", value, self.test(), value.at)

    def _index(self, value: Expression) -> Expression:
        at = self.advance()
        low = high = step = None
        if self.kind != ":":
            low = self.expression()
            if self.kind == "]":
                self.advance()
                return Index(value, low, at)
        if self.kind == ":":
            self.advance()
            if self.kind not in (":", "]"):
                high = self.test()
        if self.kind == ":":
            self.advance()
            if self.kind != "]":
                step = self.test()
        self.expect("]")
        return Slice(value, low, high, step, at)

    def _primary(self) -> Expression:  # noqa: PLR0911 - one row a kind
        kind = self.kind
        if kind == tokens.IDENTIFIER:
            name = str(self.value)
            return Identifier(name, self.advance())
        if kind in _LITERALS:
            value = self.value
            assert isinstance(value, int | float | str | bytes)
            return Literal(value, self.advance())
        if kind == "(":
            return self._parenthesized()
        if kind == "[":
            return self._list()
        if kind == "{":
            return self._dict()
        if kind in ("-", "+", "~"):
            at = self.advance()
            with self.nested():
                return Unary(kind, self._primary_with_suffixes(), at)
        return self.fail(f"got {tokens.describe(kind)}, want primary expression", self.at)

    def _parenthesized(self) -> Expression:
        at = self.advance()
        if self.kind == ")":
            self.advance()
            return TupleDisplay([], at)
        inner = self.expression(trailing_comma=True)
        self.expect(")")
        return Parenthesized(inner, at)

    def _list(self) -> Expression:
        at = self.advance()
        if self.kind == "]":
            self.advance()
            return ListDisplay([], at)
        first = self.test()
        if self.kind == "for":
            return self._comprehension(first, at, "]")
        items = self._more([first], trailing_comma=True)
        self.expect("]")
        return ListDisplay(items, at)

    def _dict(self) -> Expression:
        at = self.advance()
        if self.kind == "}":
            self.advance()
            return DictDisplay([], at)
        first = self._entry()
        if self.kind == "for":
            return self._comprehension(first, at, "}")
        entries = [first]
        while self.kind == ",":
            self.advance()
            if self.kind == "}":
                break
            entries.append(self._entry())
        self.expect("}")
        return DictDisplay(entries, at)

    def _entry(self) -> Entry:
        key = self.test()
        at = self.expect(":")
        return Entry(key, self.test(), at)

    def _comprehension(self, body: Expression | Entry, at: Place, end: str) -> Comprehension:
        clauses: list[ForClause | IfClause] = []
        while self.kind != end:
            if self.kind == "for":
                # CPython goes a level deeper for each, and does not look how deep it is.
                if len(clauses) > MAX_DEPTH:
                    self.fail("excessive nesting")
                place = self.advance()
                target = self.loop_variables()
                self.expect("in")
                clauses.append(ForClause(target, self._operation(1), place))
            elif self.kind == "if":
                place = self.advance()
                clauses.append(IfClause(self._unconditional(), place))
            else:
                self.fail(f"got {tokens.describe(self.kind)}, want '{end}', for, or if")
        self.advance()
        return Comprehension(body, clauses, at)

    def loop_variables(self) -> Expression:
        first = self._primary_with_suffixes()
        if self.kind != ",":
            return first
        items = [first]
        while self.kind == ",":
            self.advance()
            if self.kind in _LIST_ENDS:
                break
            items.append(self._primary_with_suffixes())
        return TupleDisplay(items, start(first))

    def parameters(self) -> list[Parameter]:
        found: list[Parameter] = []
        while self.kind not in (")", ":", tokens.END):
            if found:
                self.expect(",")
                if self.kind == ")":
                    break
            found.append(self._parameter())
        return found

    def _parameter(self) -> Parameter:
        if self.kind in ("*", "**"):
            stars = self.kind
            at = self.advance()
            named = stars == "**" or self.kind == tokens.IDENTIFIER
            return Parameter(stars, self.identifier() if named else None, None, at)
        name = self.identifier()
        if self.kind != "=":
            return Parameter("", name, None, name.at)
        at = self.advance()
        return Parameter("", name, self.test(), at)
