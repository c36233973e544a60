"""The values in a server's answer, as servers in Go and in Python write them."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.apps import AppCreated, AppFound, AppList
from clace.admin_api.catalogue import OPERATIONS
from clace.admin_api.server import ServerStatus, Stopping
from clace.client.answers import decoded

PATH = {"Path": "/a", "Domain": ""}
APP = {
    "id": "app_prd_1",
    "path": "/a",
    "settings": {"authn_type": "none", "git_auth_name": None},
    "metadata": {
        "name": "A",
        "loads": None,
        "permissions": [{"plugin": "exec.in", "method": "run", "arguments": None, "secrets": None}],
        "accounts": None,
        "param_values": None,
        "appconfig": None,
    },
}


class DecodedTests(SynchronousTestCase):
    def test_null_is_empty(self):
        """A list or map that a server in Go leaves empty is null there, at every depth."""
        approval = {"id": "app_prd_1", "app_path_domain": PATH, "new_loads": None}
        answer = {"app_path_domain": PATH, "approve_results": [approval]}
        created = decoded(json.dumps(answer).encode(), AppCreated)
        self.assertEqual(created.approve_results[0].new_loads, ())
        (app,) = decoded(json.dumps({"apps": [APP]}).encode(), AppList).apps
        self.assertEqual((app.metadata.loads, app.metadata.param_values), ((), {}))
        self.assertEqual(app.metadata.permissions[0].arguments, ())

    def test_every_result_reads_without_its_lists(self):
        """No answer of the API needs a list: null in place of each reads as empty."""
        for route in OPERATIONS:
            fields = msgspec.structs.fields(route.result)
            lists = {
                each.encode_name: None for each in fields if isinstance(each.default, tuple | dict)
            }
            needed = {
                "app_path_domain": PATH,
                "app_entry": APP,
                "sequence": 1,
                "is_whole": True,
                "dry_run": True,
                "create_time": "2026-01-01T00:00:00Z",
                "update_time": "2026-01-01T00:00:00Z",
                "expire_time": "2026-01-01T00:00:00Z",
            }
            required = {
                each.encode_name: needed.get(each.encode_name, "x")
                for each in fields
                if each.required
            }
            found = decoded(json.dumps({**required, **lists}).encode(), route.result)
            for each in fields:
                if each.encode_name in lists:
                    self.assertEqual(getattr(found, each.name), each.default)

    def test_names_the_place(self):
        """A value of another type, or a needed one that is null, is named with its place."""
        for answer, place in (
            (b'{"status": 7}', "$.status"),
            (b'{"limits": {"x": "y"}}', "$.limits"),
        ):
            error = self.assertRaises(msgspec.DecodeError, decoded, answer, ServerStatus)
            self.assertIn(place, str(error))
        self.assertRaises(msgspec.DecodeError, decoded, b'{"app_entry": null}', AppFound)

    @given(st.binary(max_size=60))
    def test_reads_or_refuses_any_bytes(self, answer):
        """No answer raises anything but the refusal."""
        try:
            decoded(answer, Stopping)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self.assertTrue(str(error))
