"""The scripts that the server ships."""

from hashlib import sha256
from importlib.resources import files

import brotli
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.interfaces import IFiles
from clace.runtime.shipped import WithAssets
from tests.support.apps import DictFiles

HTMX = "static/gen/lib/htmx.min.js"


class WithAssetsTests(SynchronousTestCase):
    def test_fills_the_seam(self):
        """It is an IFiles."""
        verifyObject(IFiles, WithAssets(DictFiles({})))

    def test_ours(self):
        """A shipped script is read like a file of the app, also compressed."""
        found = WithAssets(DictFiles({"app.star": "x"}))
        body = self.successResultOf(found.read(HTMX))
        self.assertEqual(sha256(body).hexdigest(), found.refs[HTMX].sha256)
        packed = self.successResultOf(found.read_brotli(HTMX))
        self.assertEqual(brotli.decompress(packed), body)
        self.assertEqual(self.successResultOf(found.read("app.star")), b"x")

    def test_the_apps_own(self):
        """A script of the app is not replaced."""
        found = WithAssets(DictFiles({HTMX: "own"}))
        self.assertEqual(self.successResultOf(found.read(HTMX)), b"own")
        self.assertIsNone(self.successResultOf(found.read_brotli(HTMX)))

    def test_licences(self):
        """Each shipped script has its licence beside it."""
        names = {entry.name for entry in (files("clace.runtime") / "assets").iterdir()}
        for script in {name for name in names if name.endswith(".js")}:
            stem = script.split("-2")[0]
            self.assertIn(f"{stem}.LICENSE", names)
