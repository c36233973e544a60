"""Docstrings say the act or the thing at once, and "missing" rather than "there is none"."""

import ast
import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import clace
from tests.support.faces import parsed

SOURCES = sorted(Path(clace.__file__).parent.rglob("*.py"))
OPENING = re.compile(r"(What|Whether|How|Who|Where|Which|Those|That)\b")
NEGATION = re.compile(r"\b(is|are|was|be) (none|no)\b")


def docstrings(path):
    for node in ast.walk(parsed(path.read_text("utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


class EnglishTests(SynchronousTestCase):
    def setUp(self):
        self.texts = [text for path in SOURCES for text in docstrings(path)]

    def test_openings(self):
        """No docstring begins with a relative clause."""
        self.assertEqual(list(filter(OPENING.match, self.texts)), [])

    def test_negations(self):
        """No docstring says "is none" or "there is no"."""
        self.assertEqual(list(filter(NEGATION.search, self.texts)), [])
