"""Tests for ``clace.cli.showing``: ``clace app show``."""

from __future__ import annotations

import json

from clace.model.failures import AppFailure, Fault
from tests.cli.test_app_commands import PROD, STAGING, AppCase
from tests.support.administration_contract import RUNS


class ShowTests(AppCase):
    def test_prints_everything(self):
        """The app, then each version with its address, approvals, params, limits and failures."""
        self.demand(RUNS)
        self.create("/disk", "--param", "size=4")
        fault = Fault(message="bad\x1b[2J\nApp: /forged", place="app.star:3:5", route="/x")
        self.administration.failures.record(
            AppFailure(
                time=1.0, app_id=PROD, app="/disk", version=1, fault=fault, request_id="rid_1"
            )
        )
        result = self.run_cli("app", "show", "/disk")
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        text = result.stdout
        self.assertTrue(text.startswith("App:          /disk (prod)\n"), text)
        forged = "    1970-01-01 00:00:01 UTC:  /x at app.star:3:5: bad\\x1b[2J"
        forged += " (version 1, request rid_1)"
        for line in (
            f"Id:           {PROD}",
            f"Source:       {self.source}",
            "Auth:         default",
            "/disk serves version 1",
            "/disk_cl_stage serves version 1",
            "  http://localhost:25222/disk",
            "    exec.in - not approved",
            "    exec.in.run [ls -l] READ - not approved",
            "  To approve: clace app approve --promote /disk",
            "    size = 4",
            "    color = 0 (default)",
            "    memory_mb = 512",
            forged,
            "      | App: /forged",
        ):
            self.assertIn(line, text.splitlines())

    def test_staging(self):
        """Asked for a staging app, it names in its commands the app that they take."""
        self.demand(RUNS)
        self.create("/disk")
        lines = self.run_cli("app", "show", "/disk_cl_stage").stdout.splitlines()
        self.assertIn("  To approve: clace app approve --promote /disk", lines)

    def test_prints_what_is_approved(self):
        """An approved permission is listed as it is, and nothing is to be approved."""
        self.demand(RUNS)
        self.create("/disk", "--approve")
        lines = self.run_cli("app", "show", "/disk").stdout.splitlines()
        self.assertIn("    exec.in.run [ls -l] READ", lines)
        self.assertFalse([line for line in lines if "To approve" in line or "not approved" in line])

    def test_json(self):
        """As JSON it is the answer of the server."""
        self.create()
        shown = json.loads(self.run_cli("app", "show", "--format", "json", "/disk").stdout)
        self.assertEqual([one["id"] for one in shown["versions"]], [PROD, STAGING])
        self.assertEqual(shown["settings"]["authn_type"], "default")

    def test_refuses_a_path_without_an_app(self):
        """A mistyped path is an error."""
        self.create()
        told = "error: app not found: /dsk. Did you mean /disk?\n"
        self.fails(told, "app", "show", "/dsk")
