"""Docstrings say the act or the thing at once; the counts of two patterns may only fall."""

import ast
import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import clace

SOURCES = sorted(Path(clace.__file__).parent.rglob("*.py"))

# What, Whether ...: a relative clause without a noun. "is none": say missing, empty, invalid.
OPENING = re.compile(r"(What|Whether|How|Who|Where|Which|Those|That)\b")
NEGATION = re.compile(r"\b(is|are|was|be) (none|no)\b")
OPENINGS = 14
NEGATIONS = 4


def docstrings(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


class EnglishTests(SynchronousTestCase):
    def setUp(self):
        self.texts = [text for path in SOURCES for text in docstrings(path)]

    def test_openings(self):
        """Few docstrings begin with a relative clause."""
        self.assertLessEqual(sum(map(bool, map(OPENING.match, self.texts))), OPENINGS)

    def test_negations(self):
        """Few docstrings say "is none" or "there is no"."""
        self.assertLessEqual(sum(len(NEGATION.findall(text)) for text in self.texts), NEGATIONS)
