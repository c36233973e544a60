"""The table of specs, and the page that prints it."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.environments.generated import generated_files
from clace.environments.table import BY_NAME, SPECS

DOCS = Path(__file__).parents[2] / "docs"


class TableTests(SynchronousTestCase):
    def test_page_is_up_to_date(self):
        """The page has the table that the server reads."""
        spec = spec_from_file_location("spec_table", DOCS / "spec_table.py")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        page = module.PAGE.read_text("utf-8")
        hint = "run: python docs/spec_table.py"
        self.assertTrue(page == module.page_with_table(page), hint)

    def test_names(self):
        """Each spec has a name of its own, and what it stands on is in the table."""
        self.assertEqual(len(BY_NAME), len(SPECS))
        for spec in SPECS:
            self.assertLessEqual(set(spec.over), set(BY_NAME), spec.name)

    def test_packages_are_of_one_spec(self):
        """No import is the mark of two specs."""
        marks = [package for spec in SPECS for package in spec.packages]
        self.assertEqual(len(marks), len(set(marks)))

    def test_files(self):
        """Every spec writes an app.star and a params.star."""
        for spec in SPECS:
            self.assertEqual(set(generated_files(spec, "x")), {"app.star", "params.star"})
