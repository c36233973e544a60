"""The templates of the example apps, compiled as their pages would be."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import compile_templates

EXAMPLES = Path(__file__).parents[2] / "examples"
GENERATED = '{{define "clace_gen_import"}}{{end}}'


def static(name: str) -> str:
    """Stands for the server's own."""
    return name


class ExampleTests(SynchronousTestCase):
    def test_every_example_compiles(self):
        """All templates of all example apps parse, escape and compile."""
        folders = sorted({path.parent for path in EXAMPLES.rglob("*.go.html")})
        self.assertTrue(folders)
        for folder in folders:
            files = {
                str(path.relative_to(folder)): path.read_text("utf-8")
                for path in folder.rglob("*.go.html")
            }
            templates = compile_templates(
                {"clace_gen.go.html": GENERATED, **files},
                functions={"static": static, "fileNonEmpty": static},
            )
            for name in files:
                self.assertTrue(templates.has(name), name)
