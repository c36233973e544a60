"""Where an app begins, found in its sources."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.environments.entries import entry_point
from clace.environments.python_sources import assigned_calls, imported, parsed, top_names
from clace.environments.table import BY_NAME
from clace.errors import BadRequest, ClaceError

FLASK = "from flask import Flask\napp = Flask(__name__)\n"


class EntryTests(SynchronousTestCase):
    def found(self, files, spec="python-flask", said=""):
        folder = Path(tempfile.mkdtemp(dir=self.mktemp_folder()))
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return entry_point(folder, BY_NAME[spec], said)

    def mktemp_folder(self):
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        return folder

    def test_found(self):
        """Applications by the class that makes them, by their name, and by a function."""
        for files, spec, target in (
            ({"sales.py": FLASK}, "python-flask", "sales:app"),
            (
                {"sales.py": "import flask\nweb = flask.Flask(__name__)"},
                "python-flask",
                "sales:web",
            ),
            (
                {"a.py": "from flask import Flask\ndef create_app(): pass"},
                "python-flask",
                "a:create_app()",
            ),
            ({"app.py": FLASK, "worker.py": FLASK}, "python-flask", "app:app"),
            ({"README": "", "shop/__init__.py": FLASK}, "python-flask", "shop:app"),
            (
                {"app/main.py": "from fastapi import FastAPI\napi: FastAPI = FastAPI()"},
                "python-fastapi",
                "app.main:api",
            ),
            (
                {"a.py": "import dash\napp = dash.Dash()\nserver = app.server"},
                "python-dash",
                "a:server",
            ),
            ({"a.py": "def application(environ, start): pass"}, "python-wsgi", "a:application"),
            (
                {"a.py": "from fasthtml.common import *\napp, rt = fast_app()"},
                "python-fasthtml",
                "a:app",
            ),
            (
                {
                    "manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')",
                    "shop/wsgi.py": "application = get_wsgi_application()",
                },
                "python-django",
                "shop.wsgi:application",
            ),
        ):
            self.assertEqual(self.found(files, spec).target, target)

    def test_file_alone(self):
        """Frameworks that run a file are given the one that imports them."""
        files = {"data.py": "import pandas", "sales.py": "import streamlit as st"}
        self.assertEqual(self.found(files, "python-streamlit").file, "sales.py")
        self.assertEqual(self.found({"x.py": ""}, "python-gradio").file, "x.py")

    def test_said(self):
        """A file, and an object in it, can be said."""
        files = {"a.py": FLASK, "b.py": FLASK}
        self.assertEqual(self.found(files, said="b.py").target, "b:app")
        self.assertEqual(self.found(files, said="b.py:web").target, "b:web")

    def test_refused(self):
        """Two, none, and files that are not there; the text says how to say which."""
        for files, said, part in (
            ({"a.py": FLASK, "b.py": FLASK}, "", "a.py and b.py have an application each"),
            ({"a.py": "import flask"}, "", "no Flask is found at the top level of a.py"),
            ({"a.py": "import flask\ndef x(:"}, "", "a.py line 2: invalid syntax"),
            ({"a.py": FLASK}, "b.py", "the source has no such file"),
            ({"a.py": FLASK}, "../a.py", "the source has no such file"),
            ({"a.py": FLASK}, "a.py:x; import os", "expected FILE or FILE:OBJECT"),
        ):
            with self.assertRaises(ClaceError) as caught:
                self.found(files, said=said)
            self.assertIn(part, str(caught.exception))
        with self.assertRaises(BadRequest):
            self.found({"a.txt": ""}, "python-streamlit")

    @given(st.binary(max_size=300))
    def test_any_source(self, source):
        """Whatever a module has, it is read or it is not Python."""
        tree = parsed(source)
        if tree is not None:
            self.assertTrue(set(assigned_calls(tree)) <= top_names(tree))
            self.assertIsInstance(imported(tree), frozenset)
