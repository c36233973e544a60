"""The tests and the layers that pages about security name are there."""

import re
from importlib import import_module
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.model import PROCESS_WALLS

SECURITY = Path(__file__).parent.parent / "docs" / "security"
PAGE = SECURITY / "threat-model.md"
ROW = re.compile(r"^\| (?P<promise>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)
HEADS = {"promise", "---"}


class ThreatModelTests(SynchronousTestCase):
    def test_every_promise_has_a_test(self):
        """Each promise of the page names a test, and each name is one."""
        rows = [
            (row["promise"], re.findall(r"`(tests\.[\w.]+)`", row["tests"]))
            for row in ROW.finditer(PAGE.read_text("utf-8"))
            if row["promise"] not in HEADS
        ]
        self.assertGreater(len(rows), 40)
        missing = [(promise, named) for promise, named in rows if not named]
        missing += [
            (promise, name) for promise, named in rows for name in named if not is_test(name)
        ]
        self.assertEqual(missing, [])


class ProcessWallTests(SynchronousTestCase):
    def test_every_layer(self):
        """The page about the wall has the layers that there are, and where each is needed."""
        text = (SECURITY / "process-wall.md").read_text("utf-8")
        rows = re.findall(r"^\| (`[^|]+) \|[^|]+\| (always|if strong) \|$", text, re.MULTILINE)
        told = {name: needed for names, needed in rows for name in re.findall(r"`(\w+)`", names)}
        there = {
            wall.name: "always" if wall.indispensable else "if strong" for wall in PROCESS_WALLS
        }
        self.assertEqual(told, there)


def is_test(name):
    """Whether a method of a class of a module has this name."""
    module, case, method = name.rsplit(".", 2)
    try:
        found = getattr(import_module(module), case)
    except (ImportError, AttributeError):
        return False
    return method.startswith("test_") and callable(getattr(found, method, None))
