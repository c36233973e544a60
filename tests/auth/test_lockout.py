"""Five failures lock an address and user; the table does not grow without end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.auth.lockout import Lockout, pair
from clace.errors import LockedOut


class LockoutTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.lockout = Lockout(self.clock, capacity=3)

    def fail(self, key: bytes, times: int = 1) -> None:
        for _ in range(times):
            self.lockout.count(key)

    def locked(self, key: bytes) -> float:
        try:
            self.lockout.check(key)
        except LockedOut as error:
            return error.retry_after
        return 0

    def test_locks_at_the_fifth(self):
        """Four failures are free, the fifth locks for fifteen minutes from then."""
        self.fail(b"a", 4)
        self.assertEqual(self.locked(b"a"), 0)
        self.fail(b"a")
        self.assertEqual(self.locked(b"a"), 900)
        self.clock.advance(899.5)
        self.assertEqual(self.locked(b"a"), 1)

    def test_unlocks_after_the_time(self):
        """After the lock there are five new tries."""
        self.fail(b"a", 5)
        self.clock.advance(900)
        self.assertEqual(self.locked(b"a"), 0)
        self.fail(b"a", 4)
        self.assertEqual(self.locked(b"a"), 0)

    def test_forgets_old_failures(self):
        """Failures further apart than the lock is long do not add up."""
        for _ in range(10):
            self.fail(b"a")
            self.clock.advance(900)
        self.assertEqual(self.locked(b"a"), 0)

    def test_says_for_how_long(self):
        """The text names the minutes that remain."""
        self.fail(b"a", 5)
        error = self.assertRaises(LockedOut, self.lockout.check, b"a")
        self.assertEqual(error.message, "too many failed sign-ins; try again in 15 minutes")
        self.clock.advance(870)
        error = self.assertRaises(LockedOut, self.lockout.check, b"a")
        self.assertEqual(error.message, "too many failed sign-ins; try again in a minute")

    def test_forgives(self):
        """A success sets the count back."""
        self.fail(b"a", 4)
        self.lockout.forgive(b"a")
        self.fail(b"a", 4)
        self.assertEqual(self.locked(b"a"), 0)

    def test_keeps_locks_when_full(self):
        """A flood of other names cannot push a lock out of the table."""
        self.fail(b"locked", 5)
        for number in range(100):
            self.fail(b"%d" % number, 4)
        self.assertEqual(self.locked(b"locked"), 900)
        self.assertEqual(len(self.lockout._tries), 3)

    def test_stays_bounded_when_all_are_locks(self):
        """Of nothing but locks, the oldest goes."""
        for name in (b"a", b"b", b"c", b"d"):
            self.fail(name, 5)
        self.assertEqual(len(self.lockout._tries), 3)
        self.assertEqual(self.locked(b"d"), 900)


class PairTests(SynchronousTestCase):
    def test_tells_users_and_addresses_apart(self):
        """Another user or another address is another pair."""
        pairs = {
            pair("192.0.2.1", "admin"),
            pair("192.0.2.2", "admin"),
            pair("192.0.2.1", "root"),
        }
        self.assertEqual(len(pairs), 3)

    def test_takes_an_ipv6_network_as_one(self):
        """Who owns an IPv6 network cannot use each of its addresses for five tries."""
        self.assertEqual(pair("2001:db8::1", "admin"), pair("2001:db8::ffff:1", "admin"))
        self.assertEqual(pair("fe80::1%eth0", "admin"), pair("fe80::2%eth1", "admin"))
        self.assertNotEqual(pair("2001:db8::1", "admin"), pair("2001:db8:0:1::1", "admin"))

    def test_takes_a_mapped_address_as_what_it_maps(self):
        """The same IPv4 peer counts once, whichever listener it came by."""
        self.assertEqual(pair("::ffff:192.0.2.1", "admin"), pair("192.0.2.1", "admin"))

    @given(st.text(), st.text())
    def test_takes_any_text(self, address, user):
        """No address or user breaks the count, and the key stays small."""
        self.assertEqual(len(pair(address, user)), 32)
