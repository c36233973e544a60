"""The command that shows what a file compiles to."""

import io
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.starlark.__main__ import main


class DumpTests(SynchronousTestCase):
    def dump(self, text, *more):
        path = Path(self.mktemp())
        path.write_text(text)
        return self.run_on(path, *more)

    def run_on(self, path, *more):
        out, err = io.StringIO(), io.StringIO()
        self.patch(__import__("sys"), "stdout", out)
        self.patch(__import__("sys"), "stderr", err)
        return main(["--dump", str(path), *more]), out.getvalue(), err.getvalue()

    def test_prints_readable_python(self):
        """Functions, names and helpers of the program are readable."""
        status, code, _ = self.dump("def f(a):\n    return [x.name for x in a]\n")
        self.assertEqual(status, 0)
        self.assertEqual(
            code, "def f(a):\n    return [$attribute(x, 'name') for x in $items_of(a)]\n"
        )

    def test_names_of_a_host(self):
        """Names that a host adds can be told."""
        status, _, err = self.dump("ace.app()\n")
        self.assertEqual(status, 1)
        self.assertIn(":1:1: undefined: ace", err)
        status, _, _ = self.dump("ace.app()\n", "--predeclared", "ace")
        self.assertEqual(status, 0)

    def test_unreadable_files(self):
        """A file that is missing or not UTF-8 is an error of one line that names it."""
        path = Path(self.mktemp())
        for problem in ("No such file", "not UTF-8"):
            status, out, err = self.run_on(path)
            self.assertEqual((status, out, err.count("\n")), (1, "", 1))
            self.assertIn(problem, err)
            self.assertIn(path.name, err)
            path.write_bytes(b"\xff")
