"""``greet.in`` says hello to whom it is told to, as an app calls it."""

from clace_greet import Settings, make
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.kit import CallFailed
from clace.testing import PluginBench


class GreetTests(SynchronousTestCase):
    def greet(self, *args, **kwargs):
        bench = PluginBench(make(Settings(greeting="Good day")), path="/desk")
        return bench.call("greet.in.greet", *args, **kwargs)

    def test_greets(self):
        """The greeting is that of the settings, and names the app."""
        self.assertEqual(self.successResultOf(self.greet("Ann")), "Good day, Ann, from /desk")

    def test_nobody(self):
        """Without a name the call fails; an app reads why in ``.error``."""
        error = self.failureResultOf(self.greet(""), CallFailed).value
        self.assertEqual(error.message, "nobody to greet")
