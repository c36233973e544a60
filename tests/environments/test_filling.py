"""Sources that a spec fills in, and the operations that make them."""

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.environments.containerfiles import CONTAINER_TEXTS
from clace.environments.filling import FilledFiles, Specs
from clace.environments.generated import APP_FILE, PARAMS_FILE
from clace.errors import BadRequest, SourceError
from clace.interfaces import FetchedSource, IFiles, ISpecs
from clace.model import App, AppMetadata
from clace.sources.tree import SourceTree

FLASK = b"from flask import Flask\napp = Flask(__name__)\n"
SALES = App(id="app_prd_1", path="/team/sales", source_url="/sales.py")


class FillingTests(SynchronousTestCase):
    def setUp(self):
        self.specs = Specs()

    def fill(self, contents, spec=""):
        return self.successResultOf(self.filling(contents, spec))

    def filling(self, contents, spec=""):
        app = replace(SALES, metadata=AppMetadata(spec=spec))
        files = contents if isinstance(contents, FilledFiles) else SourceTree(contents)
        return self.specs.fill(FetchedSource(files=files), app)

    def text(self, fetched, name=APP_FILE):
        return self.successResultOf(fetched.files.read(name)).decode()

    def test_interfaces(self):
        """Specs and their files fill the seams."""
        verifyObject(ISpecs, self.specs)
        verifyObject(IFiles, self.fill({"a.py": FLASK}).files)

    def test_recognised(self):
        """The files that are lacking are there, named after the app, and the reason is told."""
        fetched = self.fill({"sales.py": FLASK})
        self.assertEqual(fetched.spec, "python-flask")
        self.assertEqual(fetched.spec_reason, "sales.py imports flask")
        self.assertEqual(set(fetched.files.refs), {"sales.py", APP_FILE, PARAMS_FILE})
        self.assertIn('process.config(spec = "python-flask"', self.text(fetched))
        self.assertIn('default = "sales"', self.text(fetched, PARAMS_FILE))
        self.assertEqual(self.text(fetched, "sales.py"), FLASK.decode())

    def test_own_files_win(self):
        """A source with an app.star is left alone; its params.star stays beside a generated one."""
        own = {"a.py": FLASK, APP_FILE: b"own"}
        self.assertEqual(self.text(self.fill(own, spec="python-dash")), "own")
        self.assertEqual(self.fill(own).spec, "")
        mixed = self.fill({"a.py": FLASK, PARAMS_FILE: b"own"})
        self.assertEqual(self.text(mixed, PARAMS_FILE), "own")

    def test_unrecognised(self):
        """A source that tells no kind of app, and has no app.star, is refused."""
        error = self.failureResultOf(self.filling({"a.py": b"import flask\n1 +"}), SourceError)
        self.assertTrue(str(error.value).startswith("a.py line 2: invalid syntax"), error.value)

    def test_said(self):
        """A spec that is said needs no mark, and decides between two."""
        both = {"a.py": b"import flask, streamlit"}
        self.assertEqual(self.fill(both, spec="python-streamlit").spec, "python-streamlit")
        self.assertEqual(self.fill({}, spec="python-wsgi").spec_reason, "")

    def test_another_spec_takes_the_place(self):
        """Files that a spec wrote give way to those of the next; changed ones are the source's."""
        first = self.fill({"a.py": FLASK})
        second = self.fill(first.files, spec="python-wsgi")
        self.assertIn('"python-wsgi"', self.text(second))
        self.assertEqual(set(second.files.refs), set(first.files.refs))
        changed = {APP_FILE: self.text(first).encode() + b"\n"}
        self.assertEqual(self.fill(changed, spec="python-wsgi").spec, "")

    def test_container(self):
        """A spec that runs in a container brings the Containerfile, unless the source has one."""
        hono = {"package.json": b'{"dependencies": {"hono": "4"}}'}
        fetched = self.fill(hono)
        self.assertEqual(fetched.spec, "js-hono")
        added = {APP_FILE, PARAMS_FILE, *CONTAINER_TEXTS["js-hono"]}
        self.assertEqual(set(fetched.files.refs), {"package.json", *added})
        self.assertIn('spec = "js-hono"', self.text(fetched))
        self.assertIn("secrets = param.secrets", self.text(fetched))
        server = self.text(fetched, "clace_hono.mjs")
        self.assertTrue(server.startswith("// Written by the server for the spec js-hono ("))
        own = self.fill({**hono, "Dockerfile": b"FROM scratch\n"})
        self.assertEqual(set(own.files.refs), {"package.json", "Dockerfile", APP_FILE, PARAMS_FILE})
        ignoring = self.fill({**hono, ".dockerignore": b"own"})
        self.assertEqual(self.text(ignoring, ".dockerignore"), "own")
        reflex = self.fill({"rxconfig.py": b"import reflex as rx\n"})
        self.assertEqual(reflex.spec, "python-reflex")
        self.assertIn('health = "/ping"', self.text(reflex))

    def test_container_gives_way(self):
        """The files of a container go with its spec; those that an own app.star needs stay."""
        first = self.fill({"rxconfig.py": b"import reflex\n"})
        second = self.fill(first.files, spec="python-wsgi")
        self.assertEqual(set(second.files.refs), {"rxconfig.py", APP_FILE, PARAMS_FILE})
        copied = {name: self.text(first, name).encode() for name in first.files.refs}
        kept = self.fill({**copied, APP_FILE: b"own"})
        self.assertEqual(set(kept.files.refs), set(first.files.refs))

    def test_live(self):
        """A dev app's folder has the files of its spec at each call, under its own."""
        app = replace(SALES, metadata=AppMetadata(spec="python-flask"))
        live = self.specs.live(SourceTree({"a.py": FLASK}), app)
        self.assertIn(APP_FILE, live.refs)
        own = self.specs.live(SourceTree({APP_FILE: b"own"}), app)
        self.assertEqual(self.successResultOf(own.read(APP_FILE)), b"own")
        plain = SourceTree({})
        self.assertIs(self.specs.live(plain, SALES), plain)

    def test_names(self):
        """A spec is known by its name; a misspelt one is told the nearest."""
        self.assertEqual(self.specs.check("python-flask"), "python-flask")
        self.assertEqual([self.specs.check(word) for word in ("", "-", "none")], ["", "", ""])
        for name in ("static_disk", "js-hono", "python-reflex", "go", "image-cmd"):
            self.assertEqual(self.specs.check(name), name)
        with self.assertRaises(BadRequest) as caught:
            self.specs.check("python-falsk")
        self.assertEqual(
            str(caught.exception), "unknown spec python-falsk: did you mean python-flask?"
        )
