"""Tests for ``clace.identity.saml.replays``."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import SignInRefused
from clace.identity.saml import Replays


class ReplayTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.replays = Replays(self.clock, most=3)

    def refused(self, *message):
        return self.assertRaises(SignInRefused, self.replays.take, *message).reason

    def test_once(self):
        """A message is taken once, until nobody would accept it any more."""
        self.replays.take("saml_a", "1", 10)
        self.clock.advance(9)
        self.assertEqual(self.refused("saml_a", "1", 10), "the message came before")

    def test_senders(self):
        """Providers number their messages as they like."""
        self.replays.take("saml_a", "1", 10)
        self.replays.take("saml_b", "1", 10)

    def test_full(self):
        """When no more can be remembered none is accepted, until the first may be forgotten."""
        for number in "123":
            self.replays.take("saml_a", number, 10)
        self.assertEqual(
            self.refused("saml_a", "4", 20), "too many messages at a time to know which came before"
        )
        self.clock.advance(10)
        self.replays.take("saml_a", "4", 20)
