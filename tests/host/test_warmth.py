"""What is done before hosts are forked."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.sandbox.warmth import warm


class WarmthTests(SynchronousTestCase):
    def test_warms(self):
        """An app of each kind is loaded and used without an error."""
        warm()
