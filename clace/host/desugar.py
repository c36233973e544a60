"""Rewrites an app's Starlark so that responses of plugins and entries of the store can be used.

Starlark's structs have no hooks: all are true, and reading a field runs nothing. So ``x.value``
(and ``error``, ``error_code``, ``is_stream``) becomes ``ace__attr(x,"value")``, what is tested
for truth goes through ``ace__true``, and what is iterated over through ``ace__iter``. Entries are
dicts: to read a field that ``schema.star`` declares is to call ``ace__attr`` too, and
``x.title = 1`` becomes ``ace__set(x,"title",(1))``. Starlark's grammar is a part of Python's, so
``ast`` gives exact places; lines keep their numbers. Other values mean what they meant.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise

_ATTRIBUTES = frozenset({"value", "error", "error_code", "is_stream"})
_CALLS = {
    "all": "ace__all",
    "any": "ace__any",
    "bool": "ace__bool",
    "str": "ace__str",
    "getattr": "ace__getattr",
    "hasattr": "ace__hasattr",
}
_ITERATING = frozenset({"enumerate", "len", "list", "reversed", "sorted", "tuple", "zip"})
_SIGNS = re.compile(rb"""load\s*\(\s*r?["']+[^"'\n]*\.(in|ex)\b|\boutput\b""")
_MEANINGFUL = frozenset({tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING})
# What can be no response needs no call to be tested.
_PLAIN = (
    ast.Compare,
    ast.Constant,
    ast.BinOp,
    ast.UnaryOp,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.ListComp,
    ast.DictComp,
    ast.Lambda,
)


def may_hold_responses(sources: Iterable[bytes]) -> bool:
    """Whether any of the files loads a plugin or uses ``ace.output``."""
    return any(_SIGNS.search(source) for source in sources)


class Rewritten:
    """A text that Starlark reads, and how its columns relate to those of the app's own."""

    def __init__(
        self,
        text: str,
        edits: dict[int, list[tuple[int, int]]] | None = None,
    ) -> None:
        self.text = text
        self._edits = edits or {}

    @property
    def globals(self) -> tuple[str, ...]:
        """The names that the top level binds itself."""
        tree = _parsed(self.text)
        return tuple(dict.fromkeys(_globals(tree.body))) if tree else ()

    def function_at(self, line: int) -> str:
        """The innermost function that the line is in, ``""`` at the top level."""
        tree = _parsed(self.text) or ast.Module([], [])
        around = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
        ]
        return max(around, key=lambda node: node.lineno).name if around else ""

    def original_column(self, line: int, column: int) -> int:
        """The column, from 1, that was at ``column`` before."""
        moves = self._edits.get(line, [])
        index = bisect_right(moves, (column - 1, 1 << 60)) - 1
        return column + moves[index][1] if index >= 0 else column


def rewrite(text: str, fields: frozenset[str] = frozenset()) -> Rewritten:
    """The text with responses made testable, and entries with these fields readable; what Python
    cannot read is left to Starlark.
    """
    tree = _parsed(text)
    try:
        return Rewritten(text) if tree is None else _Rewriter(text, tree, fields).rewritten()
    except (RecursionError, tokenize.TokenError):
        return Rewritten(text)


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Rewriter:
    """Collects the edits of one file; each is (line, column in characters, order, length, new)."""

    def __init__(self, text: str, tree: ast.Module, fields: frozenset[str]) -> None:
        self._lines = text.split("\n")
        self._tree = tree
        self._fields = fields
        self._attributes = _ATTRIBUTES | fields
        self._tokens = [
            token
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type in _MEANINGFUL
        ]
        self._starts = [token.start for token in self._tokens]
        self._edits: list[tuple[tuple[int, int], int, int, str]] = []
        self._tested: set[ast.BoolOp] = set()
        bound = {name for node in ast.walk(tree) for name in _bound_by(node)}
        self._calls = {old: new for old, new in _CALLS.items() if old not in bound}
        self._iterating = _ITERATING - bound

    def rewritten(self) -> Rewritten:
        # ``walk`` meets parents before their children, so at one place the outer call opens first.
        for node in ast.walk(self._tree):
            self._edit(node)
        by_line: dict[int, list[tuple[int, int, int, str]]] = {}
        for (line, column), order, length, new in self._edits:
            by_line.setdefault(line, []).append((column, order, length, new))
        moves = {}
        for line, edits in by_line.items():
            self._lines[line - 1], moves[line] = _apply(self._lines[line - 1], edits)
        return Rewritten("\n".join(self._lines), moves)

    def _edit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            self._edit_statement(node)
        elif isinstance(node, ast.Attribute):
            self._edit_attribute(node)
        elif isinstance(node, ast.Call):
            self._edit_call(node)
        elif isinstance(node, ast.IfExp):
            self._test(node.test)
        elif isinstance(node, ast.comprehension):
            self._iterate(node.iter)
            for condition in node.ifs:
                self._test(condition)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self._test(node.operand)
        elif isinstance(node, ast.BoolOp):
            self._edit_operators(node)

    def _edit_statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.If):
            self._test(node.test)
        elif isinstance(node, ast.For):
            self._iterate(node.iter)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and self._fields:
            self._edit_assignment(node.targets[0], node.value, "ace__set(", ",(")
        elif isinstance(node, ast.AugAssign) and self._fields:
            between = ",lambda ace__old:ace__old{}("
            self._edit_assignment(node.target, node.value, "ace__change(", between)

    def _test(self, node: ast.expr) -> None:
        if isinstance(node, ast.BoolOp):
            self._tested.add(node)
            for operand in node.values:
                self._test(operand)
        elif not isinstance(node, _PLAIN):
            self._open(self._start(node), "ace__true(")
            self._close(node)

    def _iterate(self, node: ast.expr) -> None:
        if not isinstance(node, (*_PLAIN, ast.Starred)):
            self._open(self._start(node), "ace__iter(")
            self._close(node)

    def _edit_attribute(self, node: ast.Attribute) -> None:
        if node.attr not in self._attributes or not isinstance(node.ctx, ast.Load):
            return
        last = self._last_token(node)
        self._open(self._start(node), "ace__attr(")
        self._replace(self._tokens[last - 1], ",")
        self._replace(self._tokens[last], f'"{node.attr}")')

    def _edit_assignment(
        self, target: ast.expr, value: ast.expr, opening: str, between: str
    ) -> None:
        """``x.title += 1`` evaluates ``x`` once: what is done to the field comes as a function."""
        last = self._last_token(target)
        operator = self._tokens[last + 1]
        if not isinstance(target, ast.Attribute) or not operator.string.endswith("="):
            return
        self._open(self._start(target), opening)
        self._replace(self._tokens[last - 1], ",")
        self._replace(self._tokens[last], f'"{target.attr}"')
        self._replace(operator, between.format(operator.string[:-1]))
        self._edits.append((self._end(value), 0, 0, "))"))

    def _edit_call(self, node: ast.Call) -> None:
        if not isinstance(node.func, ast.Name):
            return
        name = node.func.id
        if name in self._calls:
            self._edits.append((self._start(node.func), 1, len(name), self._calls[name]))
        elif name in self._iterating:
            for argument in node.args:
                self._iterate(argument)

    def _edit_operators(self, node: ast.BoolOp) -> None:
        """``a or b`` becomes ``ace__or(a,lambda: b)``: ``b`` is still evaluated only if needed."""
        if node in self._tested:
            return
        opening = "ace__and(" if isinstance(node.op, ast.And) else "ace__or("
        start = self._start(node)
        for left, right in pairwise(node.values):
            operator = self._operator_before(right)
            if not isinstance(left, _PLAIN):
                self._open(start, opening)
                self._replace(self._tokens[operator], ",lambda:")
                self._close(node)
            start = self._tokens[operator + 1].start

    def _operator_before(self, right: ast.expr) -> int:
        """Only brackets and one operator are between two operands."""
        index = bisect_left(self._starts, self._start(right)) - 1
        while self._tokens[index].type != tokenize.NAME:
            index -= 1
        return index

    def _last_token(self, node: ast.expr) -> int:
        return bisect_left(self._starts, self._end(node)) - 1

    def _open(self, place: tuple[int, int], opening: str) -> None:
        self._edits.append((place, 1, 0, opening))

    def _close(self, node: ast.expr) -> None:
        self._edits.append((self._end(node), 0, 0, ")"))

    def _replace(self, token: tokenize.TokenInfo, new: str) -> None:
        self._edits.append((token.start, 1, len(token.string), new))

    def _start(self, node: ast.expr) -> tuple[int, int]:
        return node.lineno, self._characters(node.lineno, node.col_offset)

    def _end(self, node: ast.expr) -> tuple[int, int]:
        line, column = node.end_lineno or 0, node.end_col_offset or 0
        return line, self._characters(line, column)

    def _characters(self, line: int, column: int) -> int:
        text = self._lines[line - 1]
        return column if text.isascii() else len(text.encode()[:column].decode())


def _apply(line: str, edits: list[tuple[int, int, int, str]]) -> tuple[str, list[tuple[int, int]]]:
    """The line with its edits, and from which new column on how far the old one is away."""
    pieces: list[str] = []
    moves = []
    done = length_now = 0
    for column, _order, length, new in sorted(edits, key=lambda edit: edit[:2]):
        pieces += line[done:column], new
        done = column + length
        length_now += len(pieces[-2]) + len(new)
        moves.append((length_now, done - length_now))
    return "".join([*pieces, line[done:]]), moves


def _bound_by(node: ast.AST) -> Iterator[str]:
    """The names that a node gives a meaning anywhere in the file."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.FunctionDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load":
        yield from (str(arg.value) for arg in node.args[1:] if isinstance(arg, ast.Constant))
        yield from (keyword.arg for keyword in node.keywords if keyword.arg)


def _globals(body: Iterable[ast.stmt]) -> Iterator[str]:
    """The names that top-level statements bind."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef):
            yield statement.name
        elif isinstance(statement, ast.If | ast.For):
            yield from _globals([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from (one for node in ast.walk(target) for one in _bound_by(node))
