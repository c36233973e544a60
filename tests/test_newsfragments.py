"""The sentences for the next version, one file each (``CONTRIBUTING.md``)."""

import re
import tomllib

from twisted.trial.unittest import SynchronousTestCase

from tests.support.daemon import ROOT

FOLDER = ROOT / "newsfragments"


class FragmentTests(SynchronousTestCase):
    def setUp(self):
        self.settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"][
            "towncrier"
        ]

    def test_names(self):
        """Each has a name of its own and one of the kinds that towncrier is told of."""
        kinds = "|".join(each["directory"] for each in self.settings["type"])
        name = re.compile(rf"\+[a-z0-9-]+\.({kinds})\.md")
        for path in FOLDER.iterdir():
            if path.name not in self.settings["ignore"]:
                self.assertRegex(path.name, name)

    def test_sentences(self):
        """Each is a sentence or a few, and no list of its own."""
        for path in FOLDER.glob("+*.md"):
            text = path.read_text("utf-8").strip()
            self.assertRegex(text, r"(?s)\A[A-Z`*].*[.)]\Z", path.name)
            self.assertNotRegex(text, r"(?m)^[-#]", path.name)

    def test_place_for_them(self):
        """The changelog has the line above which, once, towncrier adds a version."""
        text = (ROOT / self.settings["filename"]).read_text("utf-8")
        self.assertEqual(text.count(self.settings["start_string"]), 1)
