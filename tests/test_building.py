"""What ``make`` builds with: any Python that is new enough, and two lock files that agree."""

import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parent.parent


class FindPythonTests(SynchronousTestCase):
    def setUp(self):
        self.path = Path(self.mktemp()).absolute()
        self.path.mkdir()

    def offer(self, name, version, *, venv=True):
        """A program of this name that answers as Python does when it is asked for its version."""
        program = self.path / name
        usable = version >= (3, 11) and venv
        program.write_text(f"#!/bin/sh\nexit {0 if usable else 1}\n")
        program.chmod(0o755)

    def found(self, **environ):
        """The exit status, stdout and stderr."""
        (self.path / "sh").symlink_to("/bin/sh")
        done = subprocess.run(
            [ROOT / ".ci" / "find-python"],
            env={"PATH": str(self.path), **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def test_takes_any_that_is_new_enough(self):
        """A machine with Python 3.13 alone has all that is needed."""
        self.offer("python3", (3, 9))
        self.offer("python3.13", (3, 13))
        self.assertEqual(self.found(), (0, "python3.13\n", ""))

    def test_takes_one_without_a_number(self):
        """A later Python than we know by name is found as ``python3``."""
        self.offer("python3", (3, 15))
        self.assertEqual(self.found(), (0, "python3\n", ""))

    def test_passes_over_one_without_venv(self):
        """Debian has Python without the module that makes environments; another one will do."""
        self.offer("python3.11", (3, 11), venv=False)
        self.offer("python3.12", (3, 12))
        self.assertEqual(self.found(), (0, "python3.12\n", ""))

    def test_says_what_to_install(self):
        """Without any there is one line that says what to do."""
        self.offer("python3", (3, 10))
        status, printed, said = self.found()
        self.assertEqual((status, printed, said.count("\n")), (1, "", 1))
        self.assertTrue(said.startswith("error: Python 3.11 or later"), said)
        self.assertIn("apt install python3 python3-venv", said)

    def test_takes_the_one_that_was_named(self):
        """``make PYTHON=...`` uses that one or says that it cannot."""
        self.offer("python3.12", (3, 12))
        self.offer("mine", (3, 11))
        self.offer("old", (3, 8))
        self.assertEqual(self.found(PYTHON="mine"), (0, "mine\n", ""))
        (self.path / "sh").unlink()
        told = "error: PYTHON=old is not Python 3.11 or later with the venv module\n"
        self.assertEqual(self.found(PYTHON="old"), (1, "", told))


class LockTests(SynchronousTestCase):
    def pins(self, name):
        """The pinned packages of a lock file, each line with its version and markers."""
        lines = (ROOT / name).read_text("utf-8").splitlines()
        return {line.removesuffix(" \\") for line in lines if "==" in line}

    def test_agree(self):
        """``make run`` installs the versions that the tests ran with; ``make lock`` makes both."""
        few, all_ = self.pins("requirements-run.lock"), self.pins("requirements.lock")
        self.assertGreater(len(few), 10)
        plain = {pin.partition(" ;")[0] for pin in few}
        self.assertEqual(plain - {pin.partition(" ;")[0] for pin in all_}, set())

    def test_hold_every_dependency(self):
        """Each package that Clace declares is in the lock of ``make run``."""
        declared = (ROOT / "setup.py").read_text("utf-8").partition("install_requires=[")[2]
        names = {
            line.strip(' ",').partition(">=")[0].partition("[")[0].replace(".", "-")
            for line in declared.partition("]")[0].splitlines()
            if ">=" in line
        }
        locked = {pin.partition("==")[0] for pin in self.pins("requirements-run.lock")}
        self.assertGreater(len(names), 10)
        self.assertEqual(names - locked, set())
