"""Tests for ``clace.web.admin.recorded``."""

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import clace
from clace.admin_api.catalogue import OPERATIONS
from clace.model import deeds
from clace.model.deeds import ACCESS_DENIED, CHANGE_ACCOUNT, END_SESSION, SIGN_IN, SIGN_OUT
from clace.web.admin.recorded import recorded_operations


class RecordedTests(SynchronousTestCase):
    def test_names_every_operation(self):
        """What the source of the server records anywhere is in the list, and no operation twice."""
        written = re.compile(r'(?:operation=|OPERATION = )"(\w+)"')
        by_name = re.compile(r"operation=([A-Z_]+),")
        reads = {each.name for each in OPERATIONS if each.method == "GET"}
        texts = [file.read_text() for file in Path(clace.__file__).parent.rglob("*.py")]
        found = {name for text in texts for name in written.findall(text)} - reads
        self.assertIn("drop_approvals", found)
        named = {name for text in texts for name in by_name.findall(text)}
        constants = {vars(deeds)[name] for name in named & vars(deeds).keys()}
        self.assertLessEqual(
            {SIGN_IN, SIGN_OUT, END_SESSION, ACCESS_DENIED, CHANGE_ACCOUNT}, constants
        )
        found |= constants
        self.assertLessEqual(found, set(recorded_operations()))
        self.assertEqual(len(set(recorded_operations())), len(recorded_operations()))
