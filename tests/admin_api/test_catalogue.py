"""Tests for ``clace.admin_api``: what the declarations promise of each other."""

import ast
import typing
from collections.abc import AsyncIterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import providedBy

import clace
from clace.admin_api.catalogue import OPERATIONS
from clace.admin_api.operation import Query
from clace.interfaces import Asking
from tests.operations.house import House
from tests.support.queries import example


class CatalogueTests(SynchronousTestCase):
    def test_each_has_a_name_and_a_route_of_its_own(self):
        """No two operations have one name, or one method of one path."""
        self.assertEqual(len({each.name for each in OPERATIONS}), len(OPERATIONS))
        self.assertEqual(len({(each.method, each.path) for each in OPERATIONS}), len(OPERATIONS))

    def test_each_is_a_method_of_one_noun(self):
        """The interfaces of the nouns have a method for each operation, and no other."""
        methods = [
            name for noun in House().nouns for seam in providedBy(noun) for name in seam.names()
        ]
        self.assertEqual(sorted(methods), sorted(each.name for each in OPERATIONS))

    def test_methods_take_the_query(self):
        """The method of an operation takes its query, and returns its result."""
        found = {
            name: typing.get_type_hints(getattr(type(noun), name))
            for noun in House().nouns
            for seam in providedBy(noun)
            for name in seam.names()
        }
        for each in OPERATIONS:
            taken, *asking, result = found[each.name].values()
            expected = AsyncIterator[tuple[each.result, ...]] if each.streams else each.result
            self.assertEqual((taken, result), (each.query, expected), each.name)
            self.assertIn(asking, ([], [Asking]), each.name)

    def test_only_reads_are_not_recorded(self):
        """All that may change something, or reveals a secret, has a target for the audit log."""
        for each in OPERATIONS:
            self.assertEqual(each.target is None, each.method == "GET", each.name)

    def test_targets_need_no_result(self):
        """A request that failed has a target too."""
        for each in OPERATIONS:
            if each.target is not None:
                self.assertIsInstance(each.target(example(each.query), None), str, each.name)

    def test_parameters_are_texts_and_booleans(self):
        """A URL can say every parameter, by its name in camel case."""
        for each in OPERATIONS:
            self.assertTrue(issubclass(each.query, Query), each.name)
            for parameter in each.parameters:
                self.assertIn(parameter.type, (str, bool), (each.name, parameter.name))
                self.assertNotIn("_", parameter.encode_name)

    def test_names_are_written_once(self):
        """Names of the JSON are in this package and nowhere else in the program."""
        long = {
            parameter.encode_name
            for each in OPERATIONS
            for parameter in each.parameters
            if parameter.encode_name != parameter.name
        }
        self.assertIn("appPathGlob", long)
        package = Path(clace.__file__).parent
        for path in package.rglob("*.py"):
            if path.is_relative_to(package / "admin_api"):
                continue
            nodes = ast.walk(ast.parse(path.read_text("utf-8")))
            said = {node.value for node in nodes if isinstance(node, ast.Constant)}
            self.assertEqual(said & long, set(), path)
