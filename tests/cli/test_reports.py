"""What operations did, line by line, where the tests of the commands do not get."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.apps import AppCreated
from clace.admin_api.changes import Approval
from clace.admin_api.versions import AppsReloaded
from clace.cli import reports
from clace.model.app import ArgumentConstraint, Permission
from clace.model.paths import AppPath

DISK, TOOLS = AppPath("/disk"), AppPath("/tools", "example.com")


class ReportTests(SynchronousTestCase):
    def test_leaves_out_the_url_of_a_listener_that_is_off(self):
        """A server without HTTP has no HTTP URL."""
        lines = list(reports.created(AppCreated(DISK, https_url="https://h/disk")))
        self.assertEqual(lines[:2], ["      App: /disk", "HTTPS Url: https://h/disk"])

    def test_approved_in_part(self):
        """An app of which one permission or plugin is not approved needs approval."""
        one, two = Permission("p.in", "do"), Permission("p.in", "undo")
        for loads, permissions in (((), (one, two)), (("p.in",), (two,))):
            approval = Approval(
                "id", DISK, ("p.in",), (one, two), loads, permissions, needs_approval=True
            )
            lines = list(reports.created(AppCreated(DISK, approve_results=(approval,))))
            self.assertEqual(lines[-2], "App created. Permissions need to be approved")

    def test_tells_skipped_apps(self):
        """Several apps stand in one line."""
        result = AppsReloaded(reload_results=(DISK,), skipped_results=(DISK, TOOLS))
        self.assertEqual(
            list(reports.reloaded(result)),
            [
                "Reloaded apps: /disk",
                "Skipped apps: /disk, example.com:/tools",
                "1 app(s) reloaded, 2 app(s) skipped, 0 app(s) approved, 0 app(s) promoted.",
            ],
        )

    def test_shows_permissions(self):
        """Arguments in brackets, whether it reads or writes if that is known, and what else."""
        constraints = (
            ArgumentConstraint("cwd", "/srv"),
            ArgumentConstraint("headers", "regex:v.", "X-Api"),
        )
        permissions = (
            Permission("p.in", "do", ("a", "b c"), secrets=(("x", "y"), ("z",))),
            Permission("p.in", "do", is_read=True, permit=("x", "y"), kwargs=constraints),
        )
        asked = (("p.in",), permissions)
        approval = Approval("id", DISK, *asked, *asked, needs_approval=True)
        lines = list(reports.created(AppCreated(DISK, approve_results=(approval,))))
        self.assertEqual(
            lines[-3:],
            [
                "    p.in.do [a b c] secrets=x,y;z",
                "    p.in.do [] READ permit=x,y kwargs=cwd:/srv;headers[X-Api]:regex:v.",
                "App created. Permissions have been approved",
            ],
        )
