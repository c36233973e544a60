"""Tests for the diffs in ``docs/developing.md``."""

import re

from twisted.trial.unittest import SynchronousTestCase

from tests.support.daemon import ROOT

BLOCK = re.compile(r"```diff\n(.*?)```", re.DOTALL)


class WalkthroughTests(SynchronousTestCase):
    def test_diffs_are_of_these_files(self):
        """What a diff keeps or removes stands in the file that it is for."""
        blocks = BLOCK.findall((ROOT / "docs" / "developing.md").read_text("utf-8"))
        self.assertEqual([block.count("--- clace/") for block in blocks], [3, 4])
        for block in blocks:
            for part in block.split("--- ")[1:]:
                name, _, changes = part.partition("\n")
                lines = (ROOT / name).read_text("utf-8").splitlines()
                for line in changes.splitlines():
                    if line[:1] in {" ", "-"}:
                        self.assertIn(line[1:], lines, name)
