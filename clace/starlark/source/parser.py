"""Tokens to statements; expressions are read by ``expressions``."""

from __future__ import annotations

from clace.starlark.source import tokens
from clace.starlark.source.expressions import ExpressionParser
from clace.starlark.source.nodes import (
    Assignment,
    Branch,
    Def,
    ExpressionStatement,
    File,
    For,
    Identifier,
    If,
    Load,
    Return,
    Statement,
    While,
    start,
)
from clace.starlark.source.scanner import scan

_ENDS = frozenset({tokens.END, tokens.NEWLINE, ";"})
MAX_BLOCKS = 80


def parse(name: str, source: str) -> File:
    """The syntax tree of a file.

    :raises SourceError: if the source is not Starlark.
    """
    return Parser(name, scan(source)).file()


class Parser(ExpressionParser):
    """Reads statements by recursive descent."""

    def file(self) -> File:
        body: list[Statement] = []
        while self.kind != tokens.END:
            if self.kind == tokens.NEWLINE:
                self.advance()
            else:
                self._statement(body)
        return File(self.name, body)

    def _statement(self, into: list[Statement]) -> None:
        match self.kind:
            case "def":
                into.append(self._def())
            case "if":
                into.append(self._if())
            case "for":
                into.append(self._for())
            case "while":
                into.append(self._while())
            case _:
                self._simple(into)

    def _def(self) -> Def:
        at = self.advance()
        name = self.identifier()
        self.expect("(")
        parameters = self.parameters()
        self.expect(")")
        self.expect(":")
        return Def(name, parameters, self._suite(), at)

    def _if(self) -> If:
        first = last = self._if_branch()
        while self.kind == "elif":
            branch = self._if_branch()
            last.no = [branch]
            last = branch
        if self.kind == "else":
            self.advance()
            self.expect(":")
            last.no = self._suite()
        return first

    def _if_branch(self) -> If:
        at = self.advance()
        condition = self.test()
        self.expect(":")
        return If(condition, self._suite(), [], at)

    def _for(self) -> For:
        at = self.advance()
        target = self.loop_variables()
        self.expect("in")
        iterable = self.expression()
        self.expect(":")
        return For(target, iterable, self._suite(), at)

    def _while(self) -> While:
        at = self.advance()
        condition = self.test()
        self.expect(":")
        return While(condition, self._suite(), at)

    def _suite(self) -> list[Statement]:
        body: list[Statement] = []
        with self.nested():
            if self.kind != tokens.NEWLINE:
                self._simple(body)
                return body
            self.advance()
            self.expect(tokens.INDENT)
            while self.kind not in (tokens.OUTDENT, tokens.END):
                self._statement(body)
            self.expect(tokens.OUTDENT)
            return body

    def _simple(self, into: list[Statement]) -> None:
        """Small statements on one line, between semicolons."""
        while True:
            into.append(self._small())
            if self.kind != ";":
                break
            self.advance()
            if self.kind in (tokens.NEWLINE, tokens.END):
                break
        if self.kind != tokens.END:
            self.expect(tokens.NEWLINE)

    def _small(self) -> Statement:
        kind = self.kind
        if kind == "return":
            at = self.advance()
            return Return(None if self.kind in _ENDS else self.expression(), at)
        if kind in ("break", "continue", "pass"):
            return Branch(kind, self.advance())
        if kind == "load":
            return self._load()
        target = self.expression()
        operator = self.kind
        if operator in tokens.ASSIGNMENTS:
            at = self.advance()
            return Assignment(operator, target, self.expression(), at)
        return ExpressionStatement(target, start(target))

    def _load(self) -> Load:
        at = self.advance()
        opening = self.expect("(")
        if self.kind != tokens.STRING:
            self.fail("first operand of load statement must be a string literal")
        module_at = self.at
        module = self._string()
        names: list[tuple[Identifier, Identifier]] = []
        while self.kind not in (")", tokens.END):
            self.expect(",")
            if self.kind == ")":
                break
            names.append(self._loaded_name())
        self.expect(")")
        if not names:
            self.fail("load statement must import at least 1 symbol", opening)
        return Load(module, module_at, names, at)

    def _loaded_name(self) -> tuple[Identifier, Identifier]:
        if self.kind == tokens.STRING:
            line, column = self.at
            name = Identifier(self._string(), (line, column + 1))
            return name, name
        if self.kind != tokens.IDENTIFIER:
            kind = tokens.describe(self.kind)
            self.fail(f'load operand must be "name" or localname="name" (got {kind})')
        own = self.identifier()
        if self.kind != "=":
            self.fail(
                f'load operand must be "{own.name}" or {own.name}="originalname"'
                f" (want '=' after {own.name})"
            )
        self.advance()
        if self.kind != tokens.STRING:
            self.fail(f'original name of loaded symbol must be quoted: {own.name}="originalname"')
        line, column = self.at
        return own, Identifier(self._string(), (line, column + 1))

    def _string(self) -> str:
        value = self.value
        assert isinstance(value, str)
        self.advance()
        return value
