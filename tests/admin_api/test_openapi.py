"""Tests for ``clace.admin_api.openapi``."""

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.catalogue import OPERATIONS
from clace.admin_api.openapi import describe
from clace.admin_api.operation import PREFIX


class DescriptionTests(SynchronousTestCase):
    def test_covers_every_operation(self):
        """Each operation is there with its parameters, body and answer."""
        document = describe("1")
        schemas = document["components"]["schemas"]
        for each in OPERATIONS:
            described = document["paths"][PREFIX + each.path][each.method.lower()]
            self.assertEqual(described["operationId"], each.name)
            named = {parameter["name"] for parameter in described["parameters"]}
            self.assertEqual(named, {field.encode_name for field in each.parameters})
            self.assertIn(each.result.__name__, schemas)
            self.assertEqual("requestBody" in described, each.body is not None)

    def test_every_reference_is_defined(self):
        """No reference in the document points nowhere."""
        document = describe("1")
        text = msgspec.json.encode(document).decode()
        for part in text.split("#/components/schemas/")[1:]:
            self.assertIn(part.partition('"')[0], document["components"]["schemas"])
