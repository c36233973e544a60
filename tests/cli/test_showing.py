"""Tests for ``clace.cli.showing``: ``clace app show``."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from clace.admin_api.apps import AppShown, VersionShown
from clace.cli.showing import shown
from clace.model.app import Demands
from clace.model.failures import AppFailure, Fault
from clace.model.paths import AppPath
from clace.model.workloads import ProgramPhase, ProgramStatus
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
            "Owner:        admin",
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

    def test_spec(self):
        """An app whose files a spec filled in says which, and if the files told it."""
        self.create("/own")
        self.assertNotIn("Spec:", self.run_cli("app", "show", "/own").stdout)
        path, now = AppPath("/site"), datetime(2026, 11, 29, tzinfo=UTC)
        for recognised, line in ((True, "  Spec: static (recognised)"), (False, "  Spec: static")):
            version = VersionShown(
                id=PROD,
                app_path_domain=path,
                version=1,
                previous_version=0,
                spec="static",
                spec_recognised=recognised,
            )
            app = AppShown(
                id=PROD,
                app_path_domain=path,
                name="Site",
                kind="prod",
                source_url="/site",
                user_id="admin",
                create_time=now,
                update_time=now,
                versions=(version,),
            )
            self.assertIn(line, shown(app))

    def test_program(self):
        """An app with a program of its own tells its state; others have none."""
        self.demand(Demands(loads=("process.in",)))
        self.create("/sales", "--approve")
        begun = datetime(2026, 11, 29, 5, 10, 11, tzinfo=UTC)
        for program, expected in (
            (
                ProgramStatus(state=ProgramPhase.RUNNING, since=begun, pid=7, memory_mb=42),
                "running since 2026-11-29 05:10:11 UTC, pid 7, 42 MB",
            ),
            (
                ProgramStatus(state=ProgramPhase.RUNNING, since=begun),
                "running since 2026-11-29 05:10:11 UTC",
            ),
            (
                ProgramStatus(state=ProgramPhase.RUNNING, problem="it is silent, in 2 of 3"),
                "running; it is silent, in 2 of 3",
            ),
            (ProgramStatus(state=ProgramPhase.STARTING), "starting"),
            (
                ProgramStatus(state=ProgramPhase.IDLE),
                "not started yet; the first request starts it",
            ),
            (
                ProgramStatus(state=ProgramPhase.IDLE, since=begun),
                "idle since 2026-11-29 05:10:11 UTC; the next request starts it",
            ),
            (
                ProgramStatus(state=ProgramPhase.STOPPED),
                "stopped by an operator; to let it run: clace app start /sales",
            ),
            (
                ProgramStatus(state=ProgramPhase.FAILED, problem="no\x1b[2J", retry_seconds=4),
                "failed: no\\x1b[2J; the next request starts it, not within 4 s",
            ),
            (
                ProgramStatus(state=ProgramPhase.FAILED, since=begun, problem="no"),
                "failed since 2026-11-29 05:10:11 UTC: no; the next request starts it, at once",
            ),
        ):
            self.administration.program = program
            lines = self.run_cli("app", "show", "/sales").stdout.splitlines()
            self.assertIn(f"  Program: {expected}", lines)
        self.demand(RUNS)
        self.create("/disk")
        self.assertNotIn("Program:", self.run_cli("app", "show", "/disk").stdout)

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
