"""Tests for ``docs/admin-api.md``."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.catalogue import OPERATIONS

DOCS = Path(__file__).parents[2] / "docs"


class ReferenceTests(SynchronousTestCase):
    def test_is_up_to_date(self):
        """The page is what its program makes of the declarations that the server serves."""
        spec = spec_from_file_location("admin_reference", DOCS / "admin_api_reference.py")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        page = (DOCS / "admin-api.md").read_text("utf-8")
        hint = "run: python docs/admin_api_reference.py"
        self.assertTrue(page == module.admin_api_reference(), hint)

    def test_is_whole(self):
        """Each operation that the server serves is described once."""
        page = (DOCS / "admin-api.md").read_text("utf-8")
        for operation in OPERATIONS:
            self.assertEqual(page.count(f"\n`{operation.name}`, needs "), 1, operation.name)
