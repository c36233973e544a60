"""Tests for ``passwords.trust``: where a name signed in from, for a while and not for ever."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.identity.passwords.trust import SECONDS, TrustedNames


class TrustTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.names = TrustedNames(self.clock, networks=2)

    def trusted(self, *networks, user="ann"):
        return [network for network in networks if self.names.holds(network, user)]

    def test_only_who_signed_in_there(self):
        """A name is trusted where it signed in, and nobody else is."""
        self.names.add("a", "ann")
        self.assertEqual(self.trusted("a", "b"), ["a"])
        self.assertEqual(self.trusted("a", user="bob"), [])

    def test_for_a_month(self):
        """Trust ends thirty days after the last sign-in from there."""
        self.names.add("a", "ann")
        self.clock.advance(SECONDS - 1)
        self.assertEqual(self.trusted("a"), ["a"])
        self.names.add("a", "ann")
        self.clock.advance(SECONDS - 1)
        self.assertEqual(self.trusted("a"), ["a"])
        self.clock.advance(1)
        self.assertEqual(self.trusted("a"), [])

    def test_the_oldest_goes(self):
        """Of more networks than are kept the one that was used longest ago goes."""
        for network in ("a", "b", "a", "c"):
            self.names.add(network, "ann")
        self.assertEqual(self.trusted("a", "b", "c"), ["a", "c"])

    def test_of_each_name(self):
        """The networks of one name cost another name nothing."""
        self.names.add("a", "ann")
        for network in "bcd":
            self.names.add(network, "bob")
        self.assertEqual(self.trusted("a"), ["a"])
