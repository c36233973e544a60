"""Tests for ``clace.web.routes`` and ``clace.web.openapi``."""

import contextlib

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest
from clace.interfaces import IAdministration
from clace.model.requests import CreateApp
from clace.web.openapi import describe
from clace.web.routes import PREFIX, ROUTES, GlobQuery, ReloadQuery, read_body, read_query


class QueryTests(SynchronousTestCase):
    def test_booleans_as_go_writes_them(self):
        """All that Go's ParseBool takes is taken; absent and empty are false."""
        for text, expected in [("1", True), ("t", True), ("True", True), ("F", False), ("", False)]:
            query = read_query(GlobQuery, {"appPathGlob": "all", "dryRun": text})
            self.assertIs(query.dry_run, expected)

    def test_refuses(self):
        """A missing, a misspelt and an ill-typed parameter are named."""
        for given_, message in [
            ({}, "appPathGlob is required"),
            ({"appPathGlob": ""}, "appPathGlob is required"),
            ({"appPathGlob": "all", "dryrun": "true"}, "unknown query parameter dryrun"),
            ({"appPathGlob": "all", "dryRun": "yes"}, "dryRun is no boolean: yes"),
        ]:
            error = self.assertRaises(BadRequest, read_query, GlobQuery, given_)
            self.assertEqual(error.message, message)

    @given(st.dictionaries(st.text(max_size=12), st.text(max_size=12)))
    def test_any_query_is_read_or_refused(self, given_):
        """No query raises anything but the refusal."""
        with contextlib.suppress(BadRequest):
            read_query(ReloadQuery, given_)


class BodyTests(SynchronousTestCase):
    def test_reads_what_era_25_sends(self):
        """Nulls for maps that were not given, as Go's encoder writes them."""
        body = b'{"path": "/a", "source_url": "/src", "param_values": null, "is_dev": true}'
        self.assertEqual(
            read_body(CreateApp, body), CreateApp(path="/a", source_url="/src", is_dev=True)
        )

    def test_refusal_names_the_place(self):
        """A value of the wrong type is named with its path."""
        error = self.assertRaises(BadRequest, read_body, CreateApp, b'{"path": 1}')
        self.assertIn("$.path", error.message)

    @given(st.binary(max_size=80))
    def test_any_bytes_are_read_or_refused(self, body):
        """No body raises anything but the refusal."""
        with contextlib.suppress(BadRequest):
            read_body(CreateApp, body)


class TableTests(SynchronousTestCase):
    def test_every_operation_is_served_once(self):
        """The table has a row for each method of the administration, and no other."""
        self.assertEqual(
            sorted(route.operation for route in ROUTES), sorted(IAdministration.names())
        )

    def test_description_covers_every_route(self):
        """The OpenAPI document describes each route with its parameters, bodies and answers."""
        document = describe(ROUTES, "1")
        schemas = document["components"]["schemas"]
        for route in ROUTES:
            operation = document["paths"][PREFIX + route.path][route.method.lower()]
            self.assertEqual(operation["operationId"], route.operation)
            named = {parameter["name"] for parameter in operation["parameters"]}
            fields = msgspec.structs.fields(route.query)
            self.assertEqual(named, {field.encode_name for field in fields})
            self.assertIn(route.result.__name__, schemas)
            self.assertEqual("requestBody" in operation, route.body is not None)

    def test_every_reference_is_defined(self):
        """No reference in the document points nowhere."""
        document = describe(ROUTES, "1")
        text = msgspec.json.encode(document).decode()
        for part in text.split("#/components/schemas/")[1:]:
            self.assertIn(part.partition('"')[0], document["components"]["schemas"])
