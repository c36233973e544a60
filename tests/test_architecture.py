"""Who may import whom, and who may touch a reactor."""

import ast
import re
from importlib import import_module
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.faces import (
    MODULES,
    announced,
    found_at_work,
    parsed,
    uses_of_no_face,
    uses_of_the_inside,
)

PACKAGE = Path(__file__).parent.parent / "clace"

# A room imports from floors below it, never from its own floor or above (docs/architecture.md).
FLOORS = {
    "tap": 5,
    "composition": 5,
    "testing": 5,
    "web": 4,
    "listeners": 4,
    "cli": 4,
    "operations": 3,
    "client": 3,
    "metadata": 2,
    "sources": 2,
    "runtime": 2,
    "processes": 2,
    "egress": 2,
    "containers": 2,
    "proxy": 2,
    "environments": 2,
    "workloads": 2,
    "plugins": 2,
    "identity": 2,
    "audit": 2,
    "backups": 2,
    "secrets": 2,
    "host": 2,
}
# Which class fills which seam is said only here.
COMPOSERS = {
    "tap.py": {"composition"},
    "cli/main.py": {
        *("backups", "client", "containers", "environments", "plugins", "processes", "runtime"),
        "secrets",
    },
}
COMPILERS = {"gotemplate", "starlark"}
MAY_TOUCH_REACTORS = {"tap.py", "cli/main.py"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def place(path):
    return path.relative_to(PACKAGE).as_posix()


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """The dotted names that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(parsed(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def floor(name):
    return FLOORS.get(name, 1)


class ImportTests(SynchronousTestCase):
    def test_rooms_import_from_floors_below(self):
        """No room imports from its own floor or above, but for the composers."""
        wrong = []
        for path in modules():
            here = room(path)
            for name in imported(path):
                parts = name.split(".")
                if parts[0] != "clace" or len(parts) < 2 or parts[1] == here:
                    continue
                allowed = parts[1] in COMPOSERS.get(place(path), ())
                if floor(here) > 1 and floor(parts[1]) >= floor(here) and not allowed:
                    wrong.append(f"{place(path)} imports {name}")
                if floor(here) == 1 and floor(parts[1]) > 1:
                    wrong.append(f"{place(path)} imports {name}")
        self.assertEqual(wrong, [])

    def test_upper_floors_know_interfaces_only(self):
        """Floors 4 and 3 do not import the classes of floors 3 and 2 that fill their seams."""
        wrong = [
            f"{place(path)} imports {name}"
            for path in modules()
            for name in imported(path)
            if floor(room(path)) in {3, 4}
            and name.startswith("clace.")
            and floor(name.split(".")[1]) in {2, 3}
            and name.split(".")[1] != room(path)
            and name.split(".")[1] not in COMPOSERS.get(place(path), ())
        ]
        self.assertEqual(wrong, [])

    def test_reactor_is_an_argument(self):
        """Only the composition roots import the global reactor."""
        wrong = [
            place(path)
            for path in modules()
            if place(path) not in MAY_TOUCH_REACTORS
            and "twisted.internet.reactor" in imported(path)
        ]
        self.assertEqual(wrong, [])

    def test_audit_events_are_made_in_one_place(self):
        """What is recorded is a deed, of which one function makes the event; the table of the log
        reads events back.
        """
        makers = {
            place(path)
            for path in modules()
            for node in ast.walk(parsed(path.read_text("utf-8")))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "AuditEvent"
        }
        self.assertEqual(makers, {"model/deeds.py", "audit/table.py"})

    def test_compilers_stand_alone(self):
        """The compilers of templates and of Starlark could be published without the rest."""
        wrong = [
            f"{place(path)} imports {name}"
            for path in modules()
            if room(path) in COMPILERS
            for name in imported(path)
            if name.startswith("clace.") and not name.startswith(f"clace.{room(path)}.")
        ]
        self.assertEqual(wrong, [])


class FaceTests(SynchronousTestCase):
    """Each package has a face: others import what it names, and from there."""

    def setUp(self):
        self.faces = [path for path in modules() if path.name == "__init__.py"]

    def test_others_import_from_faces(self):
        """No module imports from the inside of a package that it is not part of."""
        self.assertEqual([str(use) for use in uses_of_the_inside()], [])

    def test_faces_name_what_others_import(self):
        """Whatever is imported from a package is named in its face."""
        self.assertEqual([str(use) for use in uses_of_no_face()], [])

    def test_faces_are_what_a_type_checker_reads(self):
        """The names that a face finds at work are those that it announces, and all are there."""
        for path in self.faces:
            announced_names = {k: names for k, names in announced(path).items() if k != MODULES}
            if "TYPE_CHECKING" not in path.read_text("utf-8"):
                continue
            self.assertEqual(announced_names, found_at_work(path), place(path))
            package = import_module(".".join(path.relative_to(PACKAGE.parent).parent.parts))
            for name in frozenset().union(*announced_names.values()):
                self.assertTrue(hasattr(package, name), f"{place(path)}: {name}")

    def test_say_what_they_are_for(self):
        """Each package says in its docstring what it is for."""
        for path in self.faces:
            self.assertTrue(ast.get_docstring(parsed(path.read_text("utf-8"))), place(path))


class NameTests(SynchronousTestCase):
    """One name for one thing: whoever reads the name of a class knows which is meant."""

    def test_classes_have_names_of_their_own(self):
        """No two modules define classes of one name; a compiler has the names of its grammar."""
        defined = {}
        for path in modules():
            library = room(path) if room(path) in COMPILERS else ""
            for node in ast.walk(parsed(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    defined.setdefault((library, node.name), []).append(place(path))
        shared = {name: places for (_, name), places in defined.items() if len(places) > 1}
        self.assertEqual(shared, {})


class ValueTests(SynchronousTestCase):
    """One way to declare a value, as ``docs/developing.md`` says."""

    def test_dataclasses(self):
        """Only the compilers, which depend on nothing, have dataclasses."""
        wrong = [
            place(path)
            for path in modules()
            if "dataclasses.dataclass" in imported(path) and room(path) not in COMPILERS
        ]
        self.assertEqual(wrong, [])


class DocumentTests(SynchronousTestCase):
    """``docs/architecture.md`` is a map, so its places have to be there."""

    def setUp(self):
        self.text = (PACKAGE.parent / "docs" / "architecture.md").read_text("utf-8")

    def test_files_are_there(self):
        """Each file and room that the page names exists."""
        names = set(re.findall(r"`([a-z_/]+(?:\.py|/))`", self.text))
        self.assertGreater(len(names), 60)
        for name in sorted(names - {"clace/", "tests/test_architecture.py"}):
            self.assertTrue((PACKAGE / name).exists(), name)

    def test_names_every_room(self):
        """The table of floors has every room of the package, on its floor."""
        rows = re.findall(r"^\| ([1-5]) \| (.*) \|$", self.text, re.MULTILINE)
        named = {name: int(number) for number, row in rows for name in re.findall(r"`(\w+)", row)}
        for name in sorted(FLOORS):
            self.assertEqual(named.get(name), floor(name), name)
        rooms = {room(path) for path in modules() if len(path.relative_to(PACKAGE).parts) > 1}
        self.assertEqual(rooms - set(named), set())

    def test_names_classes_that_are_there(self):
        """Each class that the page names is defined in the package or its tests."""
        sources = [*modules(), *(PACKAGE.parent / "tests" / "support").glob("*.py")]
        defined = {
            node.name
            for path in sources
            for node in ast.walk(parsed(path.read_text("utf-8")))
            if isinstance(node, ast.ClassDef)
        }
        journeys = self.text.partition("## Three journeys")[2]
        named = set(re.findall(r"`([A-Z][a-z]+[A-Z]?\w+)", journeys)) - {"Agent"}
        self.assertEqual(named - defined, set())
