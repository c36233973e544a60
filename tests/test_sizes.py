"""How large modules, functions and classes may be; what is larger is listed here by name.

The sizes are a question, and splitting is the usual answer. A new line in these lists wants a
reason that a reader of it accepts; one that is no longer needed has to go.
"""

import ast
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.faces import parsed

PACKAGE = Path(__file__).parent.parent / "clace"
MODULE_LINES = 400
FUNCTION_LINES = 40
PUBLIC_METHODS = 10
CONSTRUCTOR_ARGUMENTS = 7

LONG_MODULES = {
    "errors.py",  # the one family of refusals
    "config/sections.py",  # one struct for each section of the file
    "interfaces/administration.py",  # an interface for each noun, and their sum
    "runtime/runtime.py",
}
LONG_FUNCTIONS = {
    "composition/data.py:__init__",  # compositions make one thing in each line
    "composition/identity.py:__init__",
    "composition/server.py:__init__",
    "composition/server.py:parts",
    "host/ace/module.py:app",  # takes each keyword of ``ace.app``
    "metadata/migrations/versions/v0001_apps.py:upgrade",  # a table is a call
    "operations/creation.py:add",
    "operations/reloading.py:_reload",  # the steps of a reload, top to bottom
    "web/apps/served.py:_respond",  # the steps of a request, top to bottom
}
MANY_METHODS = {
    # Protocols of others, which have as many methods as they have.
    "DirectRequest",
    "EntryValue",
    "HostObject",
    "ProxyExchange",
    "Site",
    "StrictHTTPChannel",
    "TLSServer",
    "Tunnel",
    # A method for each function of a plugin, each statement or each step.
    "AccountSteps",
    "AppHost",
    "AppsDraft",
    "StoreConnection",
    "StoreFunctions",
    "TableQueries",
    # Seams, and the classes that fill them.
    "IRuntime",
    "ISecondFactors",
    "ISessions",
    "IUsers",
    "MemorySources",
    "ProxiedVisitor",
    "RequestVisitor",
    "Runtime",
    "SecondFactors",
    "ServedApp",
    "Sessions",
    "StoredSecrets",
    "Users",
    "Workloads",
}


def _public_methods(node):
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [one for one in methods if not one.name.startswith("_") and not _is_property(one)]


def _is_property(method):
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in method.decorator_list}
    return bool(names & {"property", "cached_property", "setter"})


def _constructor_arguments(node):
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and one.name == "__init__":
            return len(one.args.posonlyargs + one.args.args + one.args.kwonlyargs) - 1
    return 0


class SizeTests(SynchronousTestCase):
    """A reader can hold a module, a function and a class in mind; a face only lists names."""

    def setUp(self):
        self.texts = {
            path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8")
            for path in PACKAGE.rglob("*.py")
            if path.name != "__init__.py"
        }

    def nodes(self, *kinds):
        return [
            (place, node)
            for place, text in self.texts.items()
            for node in ast.walk(parsed(text))
            if isinstance(node, kinds)
        ]

    def test_modules(self):
        """Modules longer than 400 lines are those of the list."""
        long = {place for place, text in self.texts.items() if text.count("\n") > MODULE_LINES}
        self.assertEqual(long, LONG_MODULES)

    def test_functions(self):
        """Functions longer than 40 lines are those of the list."""
        long = {
            f"{place}:{node.name}"
            for place, node in self.nodes(ast.FunctionDef, ast.AsyncFunctionDef)
            if node.end_lineno - node.lineno >= FUNCTION_LINES
        }
        self.assertEqual(long, LONG_FUNCTIONS)

    def test_methods(self):
        """Classes with more than ten public methods are those of the list."""
        many = {
            node.name
            for _place, node in self.nodes(ast.ClassDef)
            if len(_public_methods(node)) > PUBLIC_METHODS
        }
        self.assertEqual(many, MANY_METHODS)

    def test_constructors(self):
        """No constructor takes more than seven arguments."""
        many = [
            f"{place}:{node.name}"
            for place, node in self.nodes(ast.ClassDef)
            if _constructor_arguments(node) > CONSTRUCTOR_ARGUMENTS
        ]
        self.assertEqual(many, [])
