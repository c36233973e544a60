"""The corpus: programs of ours, and what go.starlark.net answered."""

import ast
import json

from twisted.trial.unittest import SynchronousTestCase

from clace.starlark import Options, SourceError
from clace.starlark.emit.statements import emit
from clace.starlark.program import resolved
from tests.support.starlark_oracle import corpus
from tests.support.starlark_oracle.answers import PREDECLARED, ours


def differences(path):
    """The rows of a file that we answer differently, with both answers."""
    return [
        (corpus.question(case), corpus.expected(case), answer)
        for case in corpus.read(path)
        if (answer := ours(case)) != corpus.expected(case)
    ]


def trees():
    """The Python trees of all programs of the corpus that are sound."""
    for path in corpus.files():
        for case in corpus.read(path):
            options = Options(**case.get("options", {}))
            try:
                file = resolved(
                    "app.star", case["source"], predeclared=list(PREDECLARED), options=options
                )
            except SourceError:
                continue
            yield case["source"], emit(file)[0]


class CorpusTests(SynchronousTestCase):
    def test_answers(self):
        """Every program gives what Go gives, errors and their places included."""
        for path in corpus.files():
            self.assertEqual(differences(path), [], path.name)

    def test_rows_prove_something(self):
        """No row is there twice, prints nothing, or differs without a reason."""
        for path in corpus.files():
            self.assertEqual(list(corpus.useless(path.stem, corpus.read(path))), [])

    def test_size(self):
        """The corpus is as large as was promised and says which Go made it."""
        self.assertGreaterEqual(sum(len(corpus.read(path)) for path in corpus.files()), 1500)
        self.assertEqual(set(json.loads(corpus.VERSIONS.read_text())), {"go", "go.starlark.net"})


_ALLOWED_STATEMENTS = (
    ast.Module,
    ast.Expr,
    ast.Assign,
    ast.If,
    ast.For,
    ast.While,
    ast.FunctionDef,
    ast.Return,
    ast.Break,
    ast.Continue,
    ast.Pass,
    ast.Try,
)
_PYTHONS_OWN = {"__builtins__", "__debug__", "None", "True", "False"}


def odd_nodes(tree):
    """The nodes of emitted code that could reach more than a program's own values."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Import | ast.ImportFrom | ast.ClassDef):
            yield type(node).__name__
        if isinstance(node, ast.stmt) and not isinstance(node, _ALLOWED_STATEMENTS):
            yield type(node).__name__
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            yield "decorator"
        if isinstance(node, ast.FormattedValue) and node.conversion != -1:
            yield "conversion"


def names_of(tree):
    """The names that emitted code uses as variables and parameters."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef):
            yield node.name


def is_expected(name, source):
    """Whether a name is of the program, a helper's, a built-in's or a temporary one."""
    if name[0] in "$@":
        return True
    return name in source and name not in _PYTHONS_OWN


class EmittedCodeTests(SynchronousTestCase):
    def test_reaches_nothing(self):
        """Emitted code has no attribute access or import, and its names are the program's, or
        begin as no name of a program can.
        """
        for source, tree in trees():
            self.assertEqual(list(odd_nodes(tree)), [], source)
            odd = [name for name in names_of(tree) if not is_expected(name, source)]
            self.assertEqual(odd, [], source)
