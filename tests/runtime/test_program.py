"""How the fork server is started."""

import sys

from twisted.trial.unittest import SynchronousTestCase

from clace.runtime.hosts.program import ENVIRONMENT, HostCommand


class ProgramTests(SynchronousTestCase):
    def test_command(self):
        """The interpreter alone, isolated, with the packages of the daemon; no environment."""
        command = HostCommand(executable="/python").command(7)
        self.assertEqual(command[:3], ["/python", "-I", "-c"])
        self.assertIn("main(7)", command[3])
        self.assertEqual(command[4:], sys.path)
        self.assertEqual(set(ENVIRONMENT), {"MALLOC_ARENA_MAX"})
