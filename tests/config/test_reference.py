from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.config.places import dotted
from clace.config.schema import keys

ROOT = Path(__file__).parents[2]


def page():
    """The reference page as the documentation makes it."""
    spec = spec_from_file_location("reference", ROOT / "docs" / "configuration_reference.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.configuration_reference(ROOT / "etc" / "clace.toml")


class ReferenceTests(SynchronousTestCase):
    def test_has_every_key(self):
        """Every key has a row in its section, with what it takes and what it is for."""
        rows, section = {}, ""
        for line in page().splitlines():
            if line.startswith("## `["):
                section = line.strip("# `[]") + "."
            elif line.startswith("| `"):
                rows[section + line.split("`")[1]] = line
        for key in keys():
            row = rows[dotted(key.at)]
            self.assertIn(key.rule.expected, row)
            self.assertEqual(len(row.split(" | ")), 4, row)

    def test_examples(self):
        """Sections that are commented out are shown as examples."""
        self.assertIn("## `[[listen]]`", page())
        self.assertIn('```toml\n[git_auth.example]\nuser_id = "git"', page())
