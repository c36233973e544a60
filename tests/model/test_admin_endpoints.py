"""Tests for ``clace.model.admin_endpoints``: sockets that are ours alone."""

from twisted.trial.unittest import SynchronousTestCase

from clace.model import problem_of_admin
from clace.model.endpoint_strings import parse


class SocketTests(SynchronousTestCase):
    def problem(self, options=":mode=600", path="/run/clace.sock"):
        return problem_of_admin(parse(f"unix:{path}{options}"), over_tcp=False)

    def test_mode_is_needed(self):
        """Without a mode Twisted would let everybody in."""
        self.assertIn("mode=600", self.problem(""))

    def test_mode_for_the_owner(self):
        """Modes that let in nobody but the owner are taken, wherever they are written."""
        for options in (":mode=600", ":mode=0700", ":600"):
            self.assertEqual(self.problem(options), "")

    def test_mode_for_others(self):
        """Modes that let in others are refused."""
        for options in (":mode=660", ":mode=606", ":mode=666:lockfile=0", ":mode=-1", ":777"):
            self.assertIn("others", self.problem(options))

    def test_mode_that_is_none(self):
        """What is no mode is said to be none."""
        self.assertIn("mode=rw", self.problem(":mode=rw"))

    def test_relative_path(self):
        """The place must not depend on where the server was started."""
        self.assertIn("absolute", self.problem(path="clace.sock"))
