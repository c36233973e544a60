"""The table of specs, and the page that prints it."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.containers.containerfile import read_containerfile
from clace.environments.containerfiles import CONTAINER_TEXTS
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
        """Every spec writes an app.star and a params.star, those of containers how to build one."""
        for spec in SPECS:
            more = CONTAINER_TEXTS.get(spec.name, ())
            self.assertEqual(set(generated_files(spec, "x")), {"app.star", "params.star", *more})

    def test_container_files(self):
        """What is built for a container has the port, a command, and the user that is not root."""
        for name, port in (("js-hono", 3000), ("python-reflex", 8080)):
            text = generated_files(BY_NAME[name], "x")["Containerfile"].decode()
            file = read_containerfile(text)
            self.assertEqual((file.port, file.starts, file.folder), (port, True, "/app"))
            self.assertIn("\nUSER 1000:1000\n", text)
            self.assertEqual(read_containerfile(text, {"NODE_IMAGE": "own"}).port, port)

    def test_program_of_reflex(self):
        """The program that serves a Reflex app is Python, and its Caddyfile has no holes."""
        text = generated_files(BY_NAME["python-reflex"], "x")["clace_reflex.py"].decode()
        names: dict[str, object] = {"__name__": "x"}
        exec(compile(text.replace("\n\nmain()\n", "\n"), "clace_reflex.py", "exec"), names)
        made = names["CADDY"].format(port=8080, backend=8000, root="/tmp/pages")
        self.assertIn(":8080 {\n\tencode gzip\n", made)
        self.assertIn("try_files {path} {path}.html {path}/index.html /404.html", made)
