"""Errors about walls that do not stand."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.processes.walled.reasons import missing_text


class ReasonTests(SynchronousTestCase):
    def text(self, **missing):
        return missing_text(missing, self.switches)

    def setUp(self):
        self.file = Path(self.mktemp())
        self.switches = ((str(self.file), "0", "kernel.unprivileged_userns_clone=1"),)

    def test_switch(self):
        """A switch of the system that is off is named with its value."""
        self.file.write_text("0\n")
        self.assertEqual(
            self.text(own_user="Operation not permitted", own_files="the same"),
            "the wall own_user does not stand: Operation not permitted (nor own_files); "
            "set the system's kernel.unprivileged_userns_clone=1 (sysctl)",
        )

    def test_no_switch(self):
        """A switch that is on, or that there is not, is not blamed."""
        self.file.write_text("1\n")
        self.assertIn("see clace doctor", self.text(own_user="no"))
        self.file.unlink()
        self.assertIn("see clace doctor", self.text(own_user="no"))

    def test_settings(self):
        """Layers that a setting of the server's surroundings brings name it."""
        self.assertIn("Delegate=yes", self.text(cgroup="no"))
        self.assertIn("lsm=landlock", self.text(landlock="no"))
        for name in ("cgroup", "landlock", "ipc_namespace"):
            self.assertIn('security.process_wall = "weak"', self.text(**{name: "no"}))
