"""The scripts that the server ships."""

from hashlib import sha256
from importlib.resources import files

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.encodings import ENCODINGS
from clace.errors import SourceError
from clace.interfaces import IFiles
from clace.runtime.static.shipped import WithAssets
from tests.support.apps import DictFiles
from tests.support.encodings import decoded
from tests.support.threads import at_once

HTMX = "static/gen/lib/htmx.min.js"


class WithAssetsTests(SynchronousTestCase):
    def test_fills_the_seam(self):
        """It is an IFiles."""
        verifyObject(IFiles, WithAssets(DictFiles({}), at_once))

    def test_ours(self):
        """A shipped script is read like a file of the app, also in each encoding."""
        found = WithAssets(DictFiles({"app.star": "x"}), at_once)
        body = self.successResultOf(found.read(HTMX))
        self.assertEqual(sha256(body).hexdigest(), found.refs[HTMX].sha256)
        for encoding in found.encodings(HTMX):
            packed = self.successResultOf(found.read_encoded(HTMX, encoding))
            self.assertLess(len(packed), len(body) / 2)
            self.assertEqual(decoded(encoding, packed), body)
        self.assertEqual(found.encodings(HTMX), ENCODINGS)
        self.assertEqual(self.successResultOf(found.read("app.star")), b"x")

    def test_the_apps_own(self):
        """A script of the app is not replaced."""
        found = WithAssets(DictFiles({HTMX: "own"}), at_once)
        self.assertEqual(self.successResultOf(found.read(HTMX)), b"own")
        self.assertEqual(found.encodings(HTMX), ())
        self.failureResultOf(found.read_encoded(HTMX, "br"), SourceError)

    def test_licences(self):
        """Each shipped script has its licence beside it."""
        names = {entry.name for entry in (files("clace.runtime") / "assets").iterdir()}
        for script in {name for name in names if name.endswith(".js")}:
            stem = script.split("-2")[0]
            self.assertIn(f"{stem}.LICENSE", names)
