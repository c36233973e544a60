"""The program as a process: how it begins, and how it ends."""

import gc
import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import clace
from clace.cli.main import run_daemon
from clace.errors import ClaceError

_ENDING = """
import atexit, sys
atexit.register(print, "tidied up", file=sys.stderr)
from clace.cli.program import main
main()
"""
_TIDY = "from clace.cli.main import main; main()"


class ProgramTests(SynchronousTestCase):
    def run_program(self, *arguments, **options):
        root = str(Path(clace.__file__).parent.parent)
        return subprocess.run(
            [sys.executable, *arguments],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": root, "HOME": self.mktemp()},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60, **options},
            text=True,
            check=False,
        )

    def test_ends_at_once(self):
        """All that was printed arrives although the process does not tidy up."""
        done = self.run_program("-c", _ENDING, "completion", "bash")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        tidy = self.run_program("-c", _TIDY, "completion", "bash")
        self.assertEqual(done.stdout, tidy.stdout)

    def test_statuses(self):
        """The exit status is that of the command."""
        for status, arguments in ((0, ["version"]), (1, ["app", "list"]), (2, ["no-such"])):
            with self.subTest(arguments=arguments):
                done = self.run_program("-m", "clace.cli", *arguments)
                self.assertEqual(done.returncode, status)
                self.assertEqual(bool(done.stderr), bool(status))

    def test_password_from_a_pipe(self):
        """Without a terminal a password is read from the pipe, and no line of code is shown."""
        done = self.run_program(
            *("-m", "clace.cli", "password", "--prompt"),
            input="a long password\na long password\n",
            start_new_session=True,
        )
        self.assertEqual(done.returncode, 0)
        self.assertIn("admin_password_bcrypt", done.stdout)
        self.assertNotIn("getpass", done.stderr)
        self.assertNotIn("a long password", done.stdout + done.stderr)

    def test_output_that_nobody_reads(self):
        """Output that cannot be written is a failure, told by the exit status."""
        reader, writer = os.pipe()
        os.close(reader)
        self.addCleanup(os.close, writer)
        done = self.run_program("-m", "clace.cli", "completion", "bash", stdout=writer)
        self.assertNotEqual(done.returncode, 0)

    def test_a_server_collects_garbage(self):
        """A command that becomes the server has its garbage collected, as it runs for long."""
        gc.disable()
        self.addCleanup(gc.enable)
        self.assertRaises(ClaceError, run_daemon, ["--no-such-option"])
        self.assertTrue(gc.isenabled())
