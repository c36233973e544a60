"""Processes in the table of memory."""

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.footprint import called, over


class CalledTests(SynchronousTestCase):
    def test_module(self):
        """A process that runs code of a module is told by the module."""
        module = "clace.host.sandbox.fork_server"
        code = f"import sys; sys.path[:] = sys.argv[1:]; from {module} import main; main(3)"
        self.assertEqual(called(["/bin/python", "-I", "-c", code, ""]), module)

    def test_program(self):
        """Another program is told by its name, without its folder."""
        self.assertEqual(called(["/opt/other", "server", "start", ""]), "other")


class OverTests(SynchronousTestCase):
    def test_bound(self):
        """Sizes over their bound say so."""
        self.assertEqual(over(65.0, 65), "")
        self.assertEqual(over(65.1, 65), "  over 65")
