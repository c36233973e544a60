"""Tests for ``passwords.lockout``: a few failures lock, and nothing makes the table forget."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import BadRequest, LockedOut, NoSuchLockout
from clace.identity.passwords.lockout import LISTED, Lockout
from clace.interfaces import ILockouts

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


class LockoutCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.lockout = Lockout(self.clock, address_limit=10, capacity=3)

    def fail(self, times=1, user="admin", network=HERE, *, known=True):
        return [self.lockout.count(network, user, known=known) for _ in range(times)]

    def locked(self, user="admin", network=HERE):
        try:
            self.lockout.check(network, user)
        except LockedOut as error:
            return error.retry_after
        return 0


class NameTests(LockoutCase):
    def test_locks_at_the_fifth(self):
        """Four failures are free, the fifth locks for fifteen minutes from then."""
        self.assertEqual(self.fail(4), [False] * 4)
        self.assertEqual(self.locked(), 0)
        self.assertEqual(self.fail(), [True])
        self.assertEqual(self.locked(), 900)
        self.clock.advance(899.5)
        self.assertEqual(self.locked(), 1)

    def test_unlocks_after_the_time(self):
        """After the lock there are five new tries."""
        self.fail(5)
        self.clock.advance(900)
        self.assertEqual(self.locked(), 0)
        self.fail(4)
        self.assertEqual(self.locked(), 0)

    def test_forgets_old_failures(self):
        """Failures further apart than the lock is long do not add up."""
        for _ in range(10):
            self.fail()
            self.clock.advance(900)
        self.assertEqual(self.locked(), 0)

    def test_tells_users_and_networks_apart(self):
        """Another user or another network is not locked."""
        self.fail(5)
        self.assertEqual(self.locked(user="jo"), 0)
        self.assertEqual(self.locked(network=ELSEWHERE), 0)

    def test_says_for_how_long(self):
        """The text names the time that remains."""
        self.fail(5)
        for wait, words in (
            (0, "15 minutes"),
            (779, "3 minutes"),
            (810, "2 minutes"),
            (839.5, "a minute"),
            (840, "a minute"),
            (840.75, "60 seconds"),
            (870, "30 seconds"),
        ):
            self.clock.advance(wait - self.clock.seconds())
            error = self.assertRaises(LockedOut, self.lockout.check, HERE, "admin")
            self.assertEqual(error.message, f"too many failed sign-ins; try again in {words}")

    def test_forgives(self):
        """A success sets the count back, for the network as well."""
        for _ in range(10):
            self.fail(4)
            self.assertEqual(self.lockout.forgive(HERE, "admin"), 4)
        self.assertEqual((self.locked(), self.locked(user="jo")), (0, 0))

    def test_forgives_what_there_was(self):
        """A success without failures forgives none, and costs the network nothing."""
        self.assertEqual(self.lockout.forgive(HERE, "jo"), 0)
        for _ in range(3):
            self.fail(3, "jo")
            self.assertEqual(self.lockout.forgive(HERE, "jo"), 3)
        self.fail(9)
        self.lockout.forgive(HERE, "admin")
        ends = [self.fail(1, f"user{number}")[0] for number in range(10)]
        self.assertEqual(ends, [False] * 9 + [True])

    def test_forgiven_names_take_no_room(self):
        """A name that was invented, and then made, leaves its place to others."""
        for user in ("a", "b", "c"):
            self.fail(5, user, f"198.51.100.{ord(user)}", known=False)
        self.lockout.forgive("198.51.100.97", "a")
        self.fail(5, "d", "198.51.100.1", known=False)
        self.assertEqual(self.locked("b", "198.51.100.98"), 900)

    @given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans()), max_size=200))
    def test_never_forgets_a_name_that_exists(self, others):
        """Whatever else is tried, from wherever, the tries of a name that exists stay."""
        self.setUp()
        self.fail(4)
        for number, (user, known) in enumerate(others):
            self.fail(5, f"{user}{number}", f"198.51.100.{number}", known=known)
        self.fail()
        self.assertEqual(self.locked(), 900)

    def test_keeps_few_names_that_do_not_exist(self):
        """Invented names are bounded; the oldest of them goes, and nothing else."""
        for number in range(100):
            self.fail(5, f"invented{number}", f"198.51.100.{number}", known=False)
        self.assertEqual(len(self.lockout._tries), 3)
        self.assertEqual(self.locked("invented99", "198.51.100.99"), 900)

    def test_invented_names_leave_their_place(self):
        """An invented name whose tries no longer count makes room for another."""
        for user in ("a", "b", "c"):
            self.fail(5, user, known=False)
        self.clock.advance(900)
        for number in range(4):
            self.fail(5, f"invented{number}", f"198.51.100.{number}", known=False)
        locked = [self.locked(f"invented{number}", f"198.51.100.{number}") for number in range(4)]
        self.assertEqual(locked, [0, 900, 900, 900])

    def test_keeps_nothing_longer_than_it_counts(self):
        """Tries that no longer count take no room."""
        for number in range(100):
            self.fail(1, f"user{number}", f"198.51.100.{number}")
        self.clock.advance(901)
        self.fail()
        self.assertEqual((len(self.lockout._tries), len(self.lockout._levels)), (1, 1))

    def test_a_busy_guesser_keeps_nobody_else(self):
        """Tries that no longer count take no room, though others go on before and after them."""
        self.fail(1, "first")
        for number in range(100):
            self.fail(1, f"user{number}", f"198.51.100.{number}")
        self.clock.advance(450)
        self.fail(1, "first")
        self.clock.advance(451)
        self.fail(1, "first")
        self.assertEqual((len(self.lockout._tries), len(self.lockout._levels)), (1, 1))
        self.assertEqual(self.fail(2, "first"), [False, True], "none of its own was forgotten")

    def test_the_oldest_invented_name_goes(self):
        """Of invented names the one that was tried least lately makes room."""
        for user in ("a", "b", "c", "a", "d"):
            self.fail(5, user, f"198.51.100.{ord(user)}", known=False)
        locked = {user: self.locked(user, f"198.51.100.{ord(user)}") for user in "abcd"}
        self.assertEqual(locked, {"a": 900, "b": 0, "c": 900, "d": 900})


class NetworkTests(LockoutCase):
    def test_limits_a_network_over_all_names(self):
        """One address cannot try a few passwords of each of many names."""
        ends = [self.fail(1, f"user{number}", known=number % 2 == 0)[0] for number in range(10)]
        self.assertEqual(ends, [False] * 9 + [True])
        self.assertEqual(self.locked("another"), 90)
        self.assertEqual(self.locked("another", ELSEWHERE), 0)

    def test_lets_a_network_try_again_slowly(self):
        """Over its limit an address has one try every so often, and waits for it."""
        for number in range(10):
            self.fail(1, f"user{number}")
        self.clock.advance(90)
        self.assertEqual(self.locked("another"), 0)
        self.fail(1, "another")
        self.assertEqual(self.locked("one more"), 90)

    def test_does_not_limit_who_signs_in_from_there(self):
        """The limit of an office's one address does not lock out its people."""
        self.fail(1)
        self.lockout.forgive(HERE, "admin")
        for number in range(20):
            self.fail(1, f"user{number}")
        self.assertEqual(self.locked(), 0)
        self.assertGreater(self.locked("another"), 0)
        self.assertEqual(self.fail(5), [False] * 4 + [True])
        self.assertEqual(self.locked(), 900)

    def test_own_account_is_no_way_round(self):
        """Who signs in between guesses gets no more of them."""
        for number in range(10):
            self.fail(1, f"user{number}")
            self.fail(1, "mallory")
            self.lockout.forgive(HERE, "mallory")
        self.assertGreater(self.locked("another"), 0)


class OperatorTests(LockoutCase):
    def rows(self):
        found = self.lockout.list_lockouts()
        self.assertEqual(found.total, len(found.lockouts))
        return [(each.address, each.user, each.tries) for each in found.lockouts]

    def test_is_lockouts(self):
        """It fills the seam."""
        verifyObject(ILockouts, self.lockout)

    def test_lists_what_is_locked(self):
        """Users and networks that are locked now, the longest first."""
        self.fail(4, "jo", ELSEWHERE)
        self.assertEqual(self.rows(), [])
        self.fail(5)
        self.clock.advance(1)
        self.fail(5, "jo")
        self.assertEqual(self.rows(), [(HERE, "jo", 5), (HERE, "admin", 5), (HERE, "", 10)])
        self.clock.advance(899.5)
        self.assertEqual(self.rows(), [(HERE, "jo", 5)])

    def test_lists_until_when(self):
        """A locked name has the end of its lock, a network the moment of its next try; in UTC."""
        self.fail(5)
        for number in range(5):
            self.fail(1, f"user{number}")
        found = {each.user: each.until for each in self.lockout.list_lockouts().lockouts}
        ends = {"admin": datetime.fromtimestamp(900, UTC), "": datetime.fromtimestamp(90, UTC)}
        self.assertEqual(found, ends)

    def test_lists_no_more_than_can_be_read(self):
        """Of very many locks it lists some, and says how many there are."""
        for number in range(LISTED + 5):
            self.fail(5, "admin", f"2001:db8:0:{number:x}::/64")
        found = self.lockout.list_lockouts()
        self.assertEqual((len(found.lockouts), found.total), (LISTED, LISTED + 5))

    def test_keeps_names_short(self):
        """A name as long as a request takes little room, and can still be cleared."""
        self.fail(5, "x" * 5000)
        self.assertEqual(self.rows(), [(HERE, "x" * 64 + "...", 5)])
        self.assertEqual(self.lockout.clear_lockouts("", "x" * 5000).cleared, 1)

    def test_names_that_can_be_shown(self):
        """The longest name is listed whole, and one that is no text as it can be written."""
        self.fail(5, "x" * 64)
        self.fail(5, "\ud800", ELSEWHERE)
        self.fail(5, "\ud800" * 65, "192.0.2.3")
        names = [user for _address, user, _tries in self.rows()]
        self.assertEqual(names, ["x" * 64, "?", "?" * 64 + "..."])

    def test_clears(self):
        """An address, a user, both, or everything may try again at once."""
        for address, user, left in (
            (HERE, "", [(ELSEWHERE, "admin", 5)]),
            ("", "admin", [(HERE, "jo", 5)]),
            (HERE, "jo", [(HERE, "admin", 5), (ELSEWHERE, "admin", 5)]),
            ("", "", []),
        ):
            self.setUp()
            self.fail(5)
            self.fail(5, "jo")
            self.fail(5, "admin", ELSEWHERE)
            self.lockout.clear_lockouts(address, user)
            self.assertEqual(self.rows(), left)

    def test_clears_what_networks_are_charged_for(self):
        """Clearing an address frees that network and no other; everything frees all, and counts."""
        for address, left, cleared in ((HERE, [(ELSEWHERE, "", 10)], 11), ("", [], 22)):
            self.setUp()
            for network in (HERE, ELSEWHERE):
                for number in range(10):
                    self.fail(1, f"user{number}", network)
            self.assertEqual(self.lockout.clear_lockouts(address, "").cleared, cleared)
            self.assertEqual(self.rows(), left)

    def test_clears_what_is_charged_for_forgotten_names(self):
        """A cleared network is free, whatever became of the names that it was charged for."""
        for number in range(14):
            self.fail(1, f"invented{number}", known=False)
        self.assertGreater(self.locked("another"), 0)
        self.assertEqual(self.lockout.clear_lockouts(HERE, "").cleared, 4)
        self.assertEqual(self.locked("another"), 0)

    def test_clears_a_user_alone(self):
        """A network whose user is cleared stays charged for the others."""
        for number in range(9):
            self.fail(1, f"user{number}")
        self.assertEqual(self.lockout.clear_lockouts("", "user0").cleared, 1)
        self.assertEqual(self.fail(1, "a") + self.fail(1, "b"), [False, True])

    def test_dry_run(self):
        """What would be cleared is told, and stays."""
        self.fail(5)
        told = self.lockout.clear_lockouts("", "", dry_run=True)
        would = ("- failures of 2 user(s) and address(es)",)
        self.assertEqual((told.cleared, told.dry_run, told.would_change), (2, True, would))
        self.assertEqual(self.rows(), [(HERE, "admin", 5)])
        done = self.lockout.clear_lockouts("", "")
        self.assertEqual((done.cleared, done.dry_run, done.would_change), (2, UNSET, UNSET))
        self.assertEqual(self.rows(), [])

    def test_clears_nothing_that_no_longer_counts(self):
        """Failures that are forgotten by themselves are none to clear."""
        self.fail(5)
        self.clock.advance(901)
        self.assertRaises(NoSuchLockout, self.lockout.clear_lockouts, HERE, "")

    def test_clears_a_network_of_ipv6(self):
        """An address stands for its network, and so does the network as it is listed."""
        for address in ("2001:db8::1", "2001:db8::/64"):
            self.fail(5, "admin", "2001:db8::/64")
            self.lockout.clear_lockouts(address, "")
            self.assertEqual(self.rows(), [])

    def test_says_when_there_is_nothing_to_clear(self):
        """A slip in a name or address is no success; nothing to clear at all is one."""
        for address, user, about in (
            (HERE, "", HERE),
            ("", "jo", "user jo"),
            (HERE, "jo", f"{HERE} and user jo"),
        ):
            error = self.assertRaises(NoSuchLockout, self.lockout.clear_lockouts, address, user)
            self.assertEqual(error.message, f"no failed sign-in is held against {about}")
        self.assertRaises(BadRequest, self.lockout.clear_lockouts, "10.0.0", "")
        self.assertEqual(self.lockout.clear_lockouts("", "").cleared, 0)

    def test_says_which_user_may_be_meant(self):
        """Failures are held against ids; a name without what comes before it is asked about."""
        self.fail(1, "builtin:jo")
        error = self.assertRaises(NoSuchLockout, self.lockout.clear_lockouts, "", "jo")
        self.assertIn("against user jo; did you mean builtin:jo?", error.message)

    @given(st.text(max_size=100), st.text(max_size=100))
    def test_takes_any_text(self, network, user):
        """No address or user breaks the count."""
        self.setUp()
        self.fail(5, user, network)
        self.assertEqual(self.locked(user, network), 900)
        self.lockout.list_lockouts()
