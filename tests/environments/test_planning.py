"""Plans of sources that are not what their specs want."""

import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.environments.filling import found
from clace.environments.planning import planned
from clace.errors import BadRequest, SourceError
from clace.interfaces import WorkloadOrder
from clace.model import App
from clace.model.workloads import WorkloadConfig, WorkloadKind
from clace.sources.tree import SourceTree
from tests.environments.support import FLASK


class PlanningTests(SynchronousTestCase):
    def plan(self, spec, contents):
        source = Path(tempfile.mkdtemp(dir=self.make_place()))
        for name, content in contents.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(content)
        config = WorkloadConfig(kind=WorkloadKind.PROCESS)
        app = App(id="app_prd_1", path="/sales")
        order = WorkloadOrder(app=app, files=SourceTree(contents), config=config)
        return planned(order, source, found(spec))

    def make_place(self):
        place = Path(self.mktemp())
        place.mkdir(parents=True)
        return place.resolve()

    def test_refused(self):
        """A file that is missing or that cannot be read is named with the reason."""
        deep = b"a = " + b"[" * 20_000
        for spec, contents, text in (
            ("procfile", {"app.py": FLASK}, "cannot read Procfile: No such file or directory"),
            ("node", {}, "cannot read package.json: No such file or directory"),
            ("node", {"package.json": b"[" * 200_000}, "package.json: it nests too deeply"),
            ("python-flask", {"a.py": FLASK, "pyproject.toml": deep}, "it nests too deeply"),
            (
                "python-flask",
                {"a.py": FLASK, "pyproject.toml": b"a = " + b"1" * 5_000},
                "pyproject.toml is not TOML: Exceeds the limit",
            ),
        ):
            error = self.assertRaises(SourceError, self.plan, spec, contents)
            self.assertIn(text, error.message)

    def test_containers(self):
        """What has to be built into a container is no process: the refusal says what is missing."""
        for spec in ("container", "js-hono", "python-reflex", "image"):
            error = self.assertRaises(BadRequest, self.plan, spec, {"a.py": FLASK})
            self.assertIn("are to be run in a container: no container engine: ", error.message)

    def test_poetry(self):
        """A project of poetry's is refused with the next step; another table of tools is not."""
        files = {"a.py": FLASK, "pyproject.toml": b"[tool.poetry]\ndependencies = 3"}
        error = self.assertRaises(BadRequest, self.plan, "python-flask", files)
        self.assertIn("poetry export", error.message)
        plan = self.plan("python-flask", {**files, "pyproject.toml": b"tool = 3"})
        self.assertEqual(plan.packages.lines, ("flask",))

    def test_folder_that_is_named_as_a_wheel(self):
        """A folder with the name of a wheel is none."""
        plan = self.plan("python-flask", {"a.py": FLASK, "wheels/x-1-py3-none-any.whl/y": b""})
        self.assertEqual(plan.wheels, "")
