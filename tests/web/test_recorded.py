"""Tests for ``clace.web.recorded``."""

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import clace
from clace.web.recorded import recorded_operations
from clace.web.routes import ROUTES


class RecordedTests(SynchronousTestCase):
    def test_names_every_operation(self):
        """What the source of the server records anywhere is in the list, and no operation twice."""
        written = re.compile(r'(?:operation=|OPERATION = )"(\w+)"')
        reads = {route.operation for route in ROUTES if route.method == "GET"}
        texts = (file.read_text() for file in Path(clace.__file__).parent.rglob("*.py"))
        found = {name for text in texts for name in written.findall(text)} - reads
        self.assertIn("drop_approvals", found)
        self.assertLessEqual(found, set(recorded_operations()))
        self.assertEqual(len(set(recorded_operations())), len(recorded_operations()))
