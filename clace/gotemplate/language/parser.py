"""Tokens to trees, refusing what Go refuses and in its words."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Final, NoReturn

from clace.gotemplate.errors import TemplateError
from clace.gotemplate.language import nodes
from clace.gotemplate.language.lexer import Token, tokens
from clace.gotemplate.language.literals import quote, unquote
from clace.gotemplate.language.numbers import read_number

MAX_PARENS: Final = 60
"""Parenthesised pipelines within one another; deeper ones are refused to protect the compiler."""
MAX_BLOCKS: Final = 60
"""Control structures within one another."""
_LOOK_AHEAD: Final = 4
_OPERANDS: Final = frozenset(
    ("bool", "rune", "complex", ".", "field", "word", "number", "nil", "string", "variable", "(")
)
_CONSTANTS: Final = (nodes.Bool, nodes.Dot, nodes.Nil, nodes.Number, nodes.String)


class Parser:
    """The templates of one file, collected in ``trees`` by name."""

    def __init__(self, name: str, source: str, functions: Container[str]) -> None:
        self.name = name
        self.source = source
        self.trees: dict[str, nodes.Tree] = {}
        self._functions = functions
        self._tokens = tokens(source)
        self._tokens += self._tokens[-1:] * _LOOK_AHEAD
        self._index = 0
        self._seen = 0
        self._action_line = 0
        self._vars = ["$"]
        self._ranges = 0
        self._parens = 0
        self._blocks = 0

    # The token stream.

    def _next(self) -> Token:
        index = self._index
        self._index = index + 1
        if index > self._seen:  # noqa: PLR1730 - the hottest line of the parser
            self._seen = index
        return self._tokens[index]

    def _peek(self) -> Token:
        token = self._next()
        self._index -= 1
        return token

    def _next_solid(self) -> Token:
        index = self._index
        while self._tokens[index].kind == "space":
            index += 1
        self._index = index
        return self._next()

    def _peek_solid(self) -> Token:
        token = self._next_solid()
        self._index -= 1
        return token

    # Refusals.

    def fail(self, message: str) -> NoReturn:
        """Refuse the template at the last token that was looked at."""
        token = self._tokens[self._seen]
        raise TemplateError(
            f"template: {self.name}:{token.line}: {message}",
            name=self.name,
            line=token.line,
            column=nodes.location(
                nodes.Tree(self.name, self.name, self.source, nodes.Body(0)), nodes.Node(token.pos)
            )[1],
            action=token.text,
        )

    def _unexpected(self, token: Token, context: str) -> NoReturn:
        if token.kind != "error":
            self.fail(f"unexpected {token} in {context}")
        extra = ""
        if self._action_line not in (0, token.line):
            extra = f" in action started at {self.name}:{self._action_line}"
            if token.text.endswith(" action"):
                extra = extra[len(" in action") :]
        self.fail(f"{token}{extra}")

    def _expect(self, kind: str, context: str) -> Token:
        token = self._next_solid()
        if token.kind != kind:
            self._unexpected(token, context)
        return token

    # Templates.

    def run(self) -> dict[str, nodes.Tree]:
        """Parse the file; its own body is the tree named like it."""
        root = nodes.Body(self._peek().pos)
        while self._peek().kind != "eof":
            if self._peek().kind == "{{":
                mark = self._index
                self._next()
                if self._next_solid().kind == "define":
                    self._definition()
                    continue
                self._index = mark
            node = self._text_or_action()
            if isinstance(node, nodes.End):
                self.fail(f"unexpected {node}")
            root.nodes.append(node)
        self._keep(self.name, root)
        return self.trees

    def _keep(self, name: str, root: nodes.Body) -> None:
        known = self.trees.get(name)
        if known is None or nodes.is_empty(known.root):
            self.trees[name] = nodes.Tree(name, self.name, self.source, root)
        elif not nodes.is_empty(root):
            self.fail(f"template: multiple definition of template {quote(name)}")

    def _definition(self) -> None:
        token = self._next_solid()
        if token.kind != "string":
            self._unexpected(token, "define clause")
        name = self._unquote(token.text)
        self._expect("}}", "define clause")
        self._keep(name, self._template_body("define clause"))

    def _deeper(self) -> None:
        self._blocks += 1
        if self._blocks > MAX_BLOCKS:
            self.fail("control structures are nested too deeply")

    def _template_body(self, context: str) -> nodes.Body:
        """The body of a define or block, which sees no variables and no loop from outside."""
        self._deeper()
        outer = (self._vars, self._ranges, self._parens, self._action_line)
        self._vars, self._ranges, self._parens, self._action_line = ["$"], 0, 0, 0
        body, end = self._items()
        if end.is_else:
            self.fail(f"unexpected {end} in {context}")
        self._vars, self._ranges, self._parens, self._action_line = outer
        self._blocks -= 1
        return body

    def _items(self) -> tuple[nodes.Body, nodes.End]:
        body = nodes.Body(self._peek_solid().pos)
        while self._peek_solid().kind != "eof":
            node = self._text_or_action()
            if isinstance(node, nodes.End):
                return body, node
            body.nodes.append(node)
        return self.fail("unexpected EOF")

    def _text_or_action(self) -> nodes.Node:
        token = self._next_solid()
        if token.kind == "text":
            return nodes.Text(token.pos, token.text)
        if token.kind != "{{":
            self._unexpected(token, "input")
        self._action_line = token.line
        node = self._action()
        self._action_line = 0
        return node

    def _action(self) -> nodes.Node:
        token = self._next_solid()
        control = _CONTROLS.get(token.kind)
        if control is not None:
            return control(self, token)
        self._index -= 1
        token = self._peek()
        return nodes.Action(token.pos, token.line, self._pipeline("command", "}}"))

    # Control structures.

    def _loop_exit(self, token: Token) -> nodes.Node:
        shown = "{{%s}}" % token.kind  # noqa: UP031
        after = self._next_solid()
        if after.kind != "}}":
            self._unexpected(after, shown)
        if not self._ranges:
            self.fail(f"{shown} outside {{{{range}}}}")
        kind = nodes.Break if token.kind == "break" else nodes.Continue
        return kind(token.pos, token.line)

    def _end(self, _: Token) -> nodes.Node:
        return nodes.End(self._expect("}}", "end").pos)

    def _else(self, _: Token) -> nodes.Node:
        token = self._peek_solid()
        if token.kind not in ("if", "with"):
            token = self._expect("}}", "else")
        return nodes.End(token.pos, is_else=True)

    def _branch(self, token: Token) -> nodes.Branch:
        keyword = token.kind
        scope = len(self._vars)
        self._deeper()
        pipe = self._pipeline(keyword, "}}")
        self._ranges += keyword == "range"
        body, end = self._items()
        self._ranges -= keyword == "range"
        otherwise = self._otherwise(keyword, end) if end.is_else else None
        self._blocks -= 1
        del self._vars[scope:]
        return _BRANCHES[keyword](pipe.pos, pipe.line, pipe, body, otherwise)

    def _otherwise(self, keyword: str, end: nodes.End) -> nodes.Body:
        if keyword != "range" and self._peek().kind == keyword:
            return nodes.Body(end.pos, [self._branch(self._next())])
        body, close = self._items()
        if close.is_else:
            self.fail(f"expected end; found {close}")
        return body

    def _template_name(self, token: Token, context: str) -> str:
        if token.kind != "string":
            self._unexpected(token, context)
        return self._unquote(token.text)

    def _block(self, _: Token) -> nodes.Node:
        token = self._next_solid()
        name = self._template_name(token, "block clause")
        pipe = self._pipeline("block clause", "}}")
        self._keep(name, self._template_body("block clause"))
        return nodes.TemplateCall(token.pos, token.line, name, pipe)

    def _template(self, _: Token) -> nodes.Node:
        token = self._next_solid()
        name = self._template_name(token, "template clause")
        pipe = None
        if self._next_solid().kind != "}}":
            self._index -= 1
            pipe = self._pipeline("template clause", "}}")
        return nodes.TemplateCall(token.pos, token.line, name, pipe)

    # Pipelines.

    def _pipeline(self, context: str, end: str) -> nodes.Pipe:
        token = self._peek_solid()
        pipe = nodes.Pipe(token.pos, token.line)
        while self._declares(pipe, context):
            pass
        while (token := self._next_solid()).kind != end:
            if token.kind not in _OPERANDS:
                self._unexpected(token, context)
            self._index -= 1
            pipe.cmds.append(self._command())
        if not pipe.cmds:
            self.fail(f"missing value for {context}")
        for stage, command in enumerate(pipe.cmds[1:], 2):
            if isinstance(command.args[0], _CONSTANTS):
                self.fail(f"non executable command in pipeline stage {stage}")
        return pipe

    def _declares(self, pipe: nodes.Pipe, context: str) -> bool:
        """Take one variable to the left of ``:=`` or ``=``; true if another must follow."""
        variable = self._peek_solid()
        if variable.kind != "variable":
            return False
        self._next_solid()
        mark = self._index
        after = self._next_solid()
        if after.kind not in (":=", "=") and after.text != ",":
            self._index = mark - 1
            return False
        pipe.decl.append(nodes.Variable(variable.pos, variable.text.split(".")))
        self._vars.append(variable.text)
        if after.kind in (":=", "="):
            pipe.assign = after.kind == "="
            return False
        if context == "range" and len(pipe.decl) < 2:  # noqa: PLR2004
            if self._peek_solid().kind in ("variable", "}}", ")"):
                return True
            self.fail("range can only initialize variables")
        return self.fail(f"too many declarations in {context}")

    def _command(self) -> nodes.Command:
        command = nodes.Command(self._peek_solid().pos)
        while True:
            self._peek_solid()
            operand = self._operand()
            if operand is not None:
                command.args.append(operand)
            token = self._next()
            if token.kind == "space":
                continue
            if token.kind in ("}}", ")"):
                self._index -= 1
            elif token.kind != "|":
                self._unexpected(token, "operand")
            break
        if not command.args:
            self.fail("empty command")
        return command

    def _operand(self) -> nodes.Node | None:
        node = self._term()
        if node is None or self._peek().kind != "field":
            return node
        pos = self._peek().pos
        names: list[str] = []
        while self._peek().kind == "field":
            names.append(self._next().text[1:])
        if isinstance(node, nodes.Field):
            return nodes.Field(pos, node.names + names)
        if isinstance(node, nodes.Variable):
            return nodes.Variable(pos, node.names + names)
        if isinstance(node, _CONSTANTS):
            self.fail(f"unexpected . after term {quote(str(node))}")
        return nodes.Chain(pos, node, names)

    def _term(self) -> nodes.Node | None:
        token = self._next_solid()
        term = _TERMS.get(token.kind)
        if term is None:
            self._index -= 1
            return None
        return term(self, token)

    def _function(self, token: Token) -> nodes.Node:
        if token.text not in self._functions:
            self.fail(f"function {quote(token.text)} not defined")
        return nodes.Identifier(token.pos, token.text)

    def _variable(self, token: Token) -> nodes.Node:
        if token.text not in self._vars:
            self.fail(f"undefined variable {quote(token.text)}")
        return nodes.Variable(token.pos, [token.text])

    def _number(self, token: Token) -> nodes.Node:
        try:
            return read_number(token.pos, token.text, token.kind)
        except ValueError as error:
            return self.fail(str(error))

    def _paren(self, _: Token) -> nodes.Node:
        self._parens += 1
        if self._parens > MAX_PARENS:
            self.fail("max expression depth exceeded")
        pipe = self._pipeline("parenthesized pipeline", ")")
        self._parens -= 1
        return pipe

    def _string(self, token: Token) -> nodes.Node:
        return nodes.String(token.pos, token.text, self._unquote(token.text))

    def _unquote(self, literal: str) -> str:
        try:
            return unquote(literal)
        except ValueError as error:
            return self.fail(str(error))


_BRANCHES: Final = {"if": nodes.If, "with": nodes.With, "range": nodes.Range}
_CONTROLS: Final[dict[str, Callable[[Parser, Token], nodes.Node]]] = {
    "block": Parser._block,  # noqa: SLF001
    "break": Parser._loop_exit,  # noqa: SLF001
    "continue": Parser._loop_exit,  # noqa: SLF001
    "else": Parser._else,  # noqa: SLF001
    "end": Parser._end,  # noqa: SLF001
    "if": Parser._branch,  # noqa: SLF001
    "range": Parser._branch,  # noqa: SLF001
    "with": Parser._branch,  # noqa: SLF001
    "template": Parser._template,  # noqa: SLF001
}
_TERMS: Final[dict[str, Callable[[Parser, Token], nodes.Node]]] = {
    "word": Parser._function,  # noqa: SLF001
    ".": lambda _, token: nodes.Dot(token.pos),
    "nil": lambda _, token: nodes.Nil(token.pos),
    "variable": Parser._variable,  # noqa: SLF001
    "field": lambda _, token: nodes.Field(token.pos, [token.text[1:]]),
    "bool": lambda _, token: nodes.Bool(token.pos, token.text == "true"),
    "rune": Parser._number,  # noqa: SLF001
    "complex": Parser._number,  # noqa: SLF001
    "number": Parser._number,  # noqa: SLF001
    "(": Parser._paren,  # noqa: SLF001
    "string": Parser._string,  # noqa: SLF001
}


def parse(name: str, source: str, functions: Container[str]) -> dict[str, nodes.Tree]:
    """The templates that a file defines, its own body under ``name``."""
    return Parser(name, source, functions).run()
