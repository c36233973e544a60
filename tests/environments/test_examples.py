"""The examples without an app.star, as the server understands them."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.environments.entries import entry_point
from clace.environments.recognition import recognised
from clace.environments.requirements import wanted
from clace.environments.table import BY_NAME
from clace.sources.tree import SourceTree

EXAMPLES = Path(__file__).parents[2] / "examples"


class ExampleTests(SynchronousTestCase):
    def test_understood(self):
        """Each is of its kind, begins where it does, and asks for its packages."""
        for name, spec, begins, packages in (
            ("flask_todo", "python-flask", "app:app", {"flask"}),
            ("streamlit_sales", "python-streamlit", "sales:", {"streamlit"}),
            ("fastapi_api", "python-fastapi", "main:app", {"fastapi"}),
        ):
            folder = EXAMPLES / name
            files = {
                str(path.relative_to(folder)): path.read_bytes()
                for path in folder.rglob("*")
                if path.is_file()
            }
            found = self.successResultOf(recognised(SourceTree(files)))
            self.assertEqual(found.spec, spec)
            entry = entry_point(folder, BY_NAME[spec], "")
            self.assertEqual(entry.target, begins)
            asked = wanted(folder, entry.file, BY_NAME[spec], builds=False)
            self.assertEqual(asked.names, packages)
