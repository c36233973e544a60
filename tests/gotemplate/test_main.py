"""Tests for ``clace.gotemplate.main``."""

import io
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.__main__ import main


class DumpTests(SynchronousTestCase):
    def dump(self, text):
        path = Path(self.mktemp())
        path.write_text(text)
        out, err = io.StringIO(), io.StringIO()
        self.patch(__import__("sys"), "stdout", out)
        self.patch(__import__("sys"), "stderr", err)
        return main(["--dump", str(path)]), out.getvalue(), err.getvalue()

    def test_prints_readable_python(self):
        """Each piece of the code says which action it is for."""
        status, code, _ = self.dump("<p>{{.name}}</p>")
        self.assertEqual(status, 0)
        self.assertIn(":1: {{.name}}", code)
        compile(code, "dump", "exec")

    def test_byte_order_mark(self):
        """A mark at the start of a file is no part of the page."""
        _, code, _ = self.dump("\ufeff<p>{{.name}}</p>")
        self.assertNotIn("\ufeff", code)
        self.assertNotIn("ufeff", code)

    def test_templates_of_the_server(self):
        """A page may import HTMX by either name, or define the template itself."""
        for name in ("clace_gen_import", "openrun_gen_import"):
            status, code, error = self.dump(f'<head>{{{{ template "{name}" . }}}}</head>')
            self.assertEqual((status, error), (0, ""))
            self.assertIn(f'template "{name}"', code)
        status, code, _ = self.dump('{{ define "clace_gen_import" }}own{{ end }}<p>')
        self.assertEqual(status, 0)
        self.assertIn("own", code)

    def test_says_what_does_not_compile(self):
        """A template that does not compile is one line on stderr and status 1."""
        status, _, error = self.dump("{{if}}")
        self.assertEqual(status, 1)
        self.assertIn("missing value for if", error)
