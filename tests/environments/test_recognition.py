"""Specs told from files."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.environments.generated import generated_files, is_generated
from clace.environments.python_sources import script_metadata
from clace.environments.recognition import recognised, unrecognised
from clace.environments.table import BY_NAME, SPECS
from clace.errors import BadRequest, ClaceError, SourceError
from clace.sources.tree import SourceTree

SCRIPT = b"""# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "Streamlit>=1.30",
# ]
# ///
"""


class RecognitionTests(SynchronousTestCase):
    def of(self, contents):
        return self.successResultOf(recognised(SourceTree(contents)))

    def test_each_package_is_a_mark(self):
        """An import of any package of the table makes the spec that has it."""
        for spec in SPECS:
            for package in spec.packages:
                found = self.of({"app.py": f"import {package}".encode()})
                self.assertEqual(found, (spec.name, f"app.py imports {package}"))

    def test_marks(self):
        """Files that make a spec, and the reason that is told."""
        for files, spec, reason in (
            ({"a.py": b"from flask import Flask"}, "python-flask", "a.py imports flask"),
            ({"a.py": SCRIPT}, "python-streamlit", "a.py requires streamlit"),
            (
                {"requirements.txt": b"# web\nGunicorn\nFlask[async]>=3 ; x\n", "src/a.py": b""},
                "python-flask",
                "requirements.txt requires flask",
            ),
            (
                {"pyproject.toml": b'[project]\ndependencies = ["fastapi[standard]"]'},
                "python-fastapi",
                "pyproject.toml requires fastapi",
            ),
            (
                {"pyproject.toml": b'[tool.poetry.dependencies]\npython = "^3"\nDjango = "5"'},
                "python-django",
                "pyproject.toml requires django",
            ),
            (
                {"Procfile": b"web: gunicorn a:b\n", "a.py": b"import flask, streamlit"},
                "procfile",
                "Procfile has a line web",
            ),
            ({"package.json": b"{}"}, "node", "package.json is there"),
            ({"package.json": b"{}", "index.html": b""}, "node", "package.json is there"),
            (
                {"package.json": b'{"dependencies": {"hono": "^4"}}', "src/index.ts": b""},
                "js-hono",
                "package.json requires hono",
            ),
            (
                {"package.json": b'{"devDependencies": {"hono": "^4"}}'},
                "node",
                "package.json is there",
            ),
            ({"package.json": b'{"dependencies": ["hono"]}'}, "node", "package.json is there"),
            ({"package.json": b"[" * 20_000}, "node", "package.json is there"),
            ({"package.json": b"\xff"}, "node", "package.json is there"),
            ({"rxconfig.py": b"import reflex"}, "python-reflex", "rxconfig.py imports reflex"),
            (
                {"index.html": b"", "a/b.html": b"", "c.pdf": b""},
                "static",
                "index.html is there, and no program",
            ),
            ({"a.html": b"", "a.css": b""}, "static", "a.html is there, and no program"),
            ({"report.html": b""}, "static", "report.html is there, and no program"),
            ({"Dockerfile": b"", "main.go": b""}, "container", "Dockerfile is there"),
            ({"Dockerfile": b"", "index.html": b""}, "container", "Dockerfile is there"),
            ({"hello": b"\x7fELF\2\1\1"}, "executable", "hello is a program"),
        ):
            self.assertEqual(self.of(files), (spec, reason))

    def test_unrecognised(self):
        """Files without a mark are named with the next step, a mistake of Python with its line."""
        for files, text in (
            ({}, "no kind of app is told from the source, which has no files: add an app.star"),
            ({"a.py": b"print(1)", "x.md": b""}, "no kind of app is told from a.py: add an "),
            ({"x.md": b"", "y.md": b"", "d/z": b""}, "no kind of app is told from x.md, y.md: "),
            ({"a.py": b"import flask\ndef x(:\n"}, "a.py line 2: invalid syntax; so no kind of "),
            ({"a.py": b"import flask\0"}, "a.py "),
            ({"index.go.html": b""}, "no kind of app is told from index.go.html: add an app.star"),
            ({"index.html": b"", "b.go.html": b""}, "no kind of app is told from "),
        ):
            self.assertIs(self.of(files), None)
            error = self.successResultOf(unrecognised(SourceTree(files)))
            self.assertIsInstance(error, SourceError)
            self.assertTrue(error.message.startswith(text), error.message)
        self.assertIn("--spec NAME (python-flask, ", self.told({}))

    def told(self, files):
        return self.successResultOf(unrecognised(SourceTree(files))).message

    def test_specs_on_others_win(self):
        """Dash stands on Flask, and FastAPI on Starlette: both marks are one spec."""
        self.assertEqual(self.of({"a.py": b"import dash, flask"}).spec, "python-dash")
        self.assertEqual(
            self.of({"a.py": b"import fastapi\nimport starlette"}).spec, "python-fastapi"
        )

    def test_imports_come_before_requirements(self):
        """A list of requirements may have more than what is served."""
        found = self.of({"app.py": b"import flask", "requirements.txt": b"flask\nstreamlit\n"})
        self.assertEqual(found.spec, "python-flask")

    def test_tests_and_setup_are_not_the_app(self):
        """A module that tests or packages the app tells nothing of it."""
        found = self.of(
            {
                "app.py": b"import flask",
                "test_app.py": b"import fastapi",
                "setup.py": b"import dash",
            }
        )
        self.assertEqual(found.spec, "python-flask")

    def test_two_are_refused(self):
        """The refusal names both, with the marks of each, and the option that decides."""
        with self.assertRaises(BadRequest) as caught:
            self.failureResultOf(
                recognised(SourceTree({"a.py": b"import flask", "b.py": b"import streamlit"}))
            ).raiseException()
        self.assertEqual(
            str(caught.exception),
            "the source can be python-flask (a.py imports flask) or python-streamlit "
            "(b.py imports streamlit): say which with --spec NAME",
        )

    def test_none(self):
        """Files without a mark, or that nobody can read, are of no spec."""
        for files in ({}, {"a.py": b"import os"}, {"a.py": b"def ("}, {"pyproject.toml": b"["}):
            self.assertIsNone(self.of(files))

    def test_odd_toml(self):
        """A project of another shape, or that no reader of TOML can hold, has no mark."""
        for text in (
            b"tool.poetry.dependencies = [1]",
            b"tool.poetry.dependencies = 3",
            b"a = " + b"[" * 20_000,
            b"a = " + b"1" * 5_000,
        ):
            self.assertIsNone(self.of({"pyproject.toml": text}))

    @given(
        st.dictionaries(
            st.sampled_from(["a.py", "Procfile", "requirements.txt", "pyproject.toml", "x"]),
            st.binary(max_size=200),
        )
    )
    def test_any_bytes(self, contents):
        """Whatever the files have, it is a spec of the table, none, or a refusal."""
        try:
            found = self.of(contents)
        except BadRequest:
            return
        self.assertIn(None if found is None else found.spec, {None, *BY_NAME})


class ScriptMetadataTests(SynchronousTestCase):
    def test_read(self):
        """The block of a script is TOML behind number signs."""
        found = script_metadata(SCRIPT)
        self.assertEqual(found["dependencies"], ["Streamlit>=1.30"])
        self.assertIsNone(script_metadata(b"print()"))

    def test_refused(self):
        """Two blocks, and one that is not TOML."""
        for source in (
            SCRIPT + b"x = 1\n" + SCRIPT,
            b"# /// script\n# a = \n# ///\n",
            b"# /// script\n# a = " + b"[" * 20_000 + b"\n# ///\n",
            b"# /// script\n# a = " + b"1" * 5_000 + b"\n# ///\n",
        ):
            self.assertRaises(SourceError, script_metadata, source)

    def test_block_without_an_end(self):
        """A megabyte of beginnings is read once, not once from each of them."""
        self.assertIsNone(script_metadata(b"# /// script\n" * 80_000))

    @given(st.binary())
    def test_any_bytes(self, source):
        """Any other file is read or refused."""
        try:
            script_metadata(source)
        except ClaceError as error:
            self.assertIn("script", str(error))


class GeneratedTests(SynchronousTestCase):
    def test_known_again(self):
        """A file that a spec wrote is known as such until somebody changes it."""
        for spec in ("python-flask", "js-hono", "python-reflex"):
            for content in generated_files(BY_NAME[spec], 'Sa"les\n').values():
                self.assertTrue(is_generated(content))
                self.assertFalse(is_generated(content + b"\n"))
        self.assertFalse(is_generated(b'app = ace.app("x")'))
