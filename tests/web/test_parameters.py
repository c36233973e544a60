"""Tests for ``clace.web.admin.parameters``."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.apps import CREATE_APP, DELETE_APPS, CreateApp, NewApp
from clace.admin_api.operation import Nothing
from clace.admin_api.server import SERVER_STATUS
from clace.admin_api.versions import RELOAD_APPS
from clace.errors import BadRequest
from clace.web.admin.parameters import read_parameters, read_query


class QueryTests(SynchronousTestCase):
    def test_booleans_as_go_writes_them(self):
        """All that Go's ParseBool takes is taken; absent and empty are false."""
        for text, expected in [("1", True), ("t", True), ("True", True), ("F", False), ("", False)]:
            values = read_parameters(DELETE_APPS, {"appPathGlob": "all", "dryRun": text})
            self.assertIs(read_query(DELETE_APPS, values, b"").dry_run, expected)

    def test_refuses(self):
        """A missing, a misspelt and an ill-typed parameter are named."""
        for given_, message in [
            ({}, "appPathGlob is required"),
            ({"appPathGlob": ""}, "appPathGlob is required"),
            ({"appPathGlob": "all", "dryrun": "true"}, "unknown query parameter dryrun"),
            ({"appPathGlob": "all", "dryRun": "yes"}, "dryRun is no boolean: yes"),
        ]:
            error = self.assertRaises(BadRequest, read_parameters, DELETE_APPS, given_)
            self.assertEqual(error.message, message)

    @given(st.dictionaries(st.text(max_size=12), st.text(max_size=12)))
    def test_any_query_is_read_or_refused(self, given_):
        """No query raises anything but the refusal."""
        with contextlib.suppress(BadRequest):
            read_query(RELOAD_APPS, read_parameters(RELOAD_APPS, given_), b"")


class BodyTests(SynchronousTestCase):
    def test_reads_what_era_25_sends(self):
        """Nulls for maps that were not given, as Go's encoder writes them."""
        body = b'{"path": "/a", "source_url": "/src", "param_values": null, "is_dev": true}'
        new = NewApp(path="/a", source_url="/src", is_dev=True)
        query = read_query(CREATE_APP, {"dryRun": True}, body)
        self.assertEqual(query, CreateApp(new, dry_run=True))

    def test_refusal_names_the_place(self):
        """A value of the wrong type is named with its path."""
        error = self.assertRaises(BadRequest, read_query, CREATE_APP, {}, b'{"path": 1}')
        self.assertIn("body: path: expected a string", error.message)

    @given(st.binary(max_size=80))
    def test_any_bytes_are_read_or_refused(self, body):
        """No body raises anything but the refusal."""
        with contextlib.suppress(BadRequest):
            read_query(CREATE_APP, {}, body)

    def test_operations_without_a_body(self):
        """A body that says nothing is taken where none is needed, any other is refused."""
        for body in (b"", b"null\n", b"{}"):
            self.assertEqual(read_query(SERVER_STATUS, {}, body), Nothing())
        for body in (b"[]", b'{"a": 1}', b"{"):
            self.assertRaises(BadRequest, read_query, SERVER_STATUS, {}, body)
