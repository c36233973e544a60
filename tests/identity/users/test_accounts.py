"""Passwords of builtin users: who gets in, and what guessing costs."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import LockedOut, NotAuthenticated
from clace.identity.passwords import SignIns
from clace.identity.users import BuiltinAccounts
from clace.identity.users.accounts import CHANGED
from clace.interfaces import IAccounts, User
from clace.model.identity import Assurance, Identity
from clace.passwords import hash_password
from tests.identity.passwords.support import SlowThreads, Told, ToldCase
from tests.support.memory_users import memory_users

HASH = hash_password("sesame", cost=4)
OTHER = hash_password("open up", cost=5)
HERE = "192.0.2.1"
ANN = User(name="ann", password=HASH, groups=("staff",), is_static=True)


class AccountsTests(ToldCase):
    """With threads that answer at once."""

    by = "builtin"

    def setUp(self):
        self.clock = Clock()
        self.rounds = []
        self.networks = 0
        self.users = memory_users(self.clock, (ANN,))
        self.told = Told()

        async def in_thread(work):
            self.rounds.append(work)
            return work()

        self.accounts = BuiltinAccounts(
            self.users, self.clock, in_thread, SignIns(self.clock, self.told)
        )

    def admit(self, password="sesame", user="ann", address=HERE):
        return self.successResultOf(self.accounts.prove(user, password, address))

    def refuse(self, password="wrong", user="ann", address=HERE, why=NotAuthenticated, reason=""):
        if reason == "":
            reason = "wrong password" if self.users.find(user) else "unknown name"
        return self.refusal(self.accounts.prove(user, password, address), reason, why)

    def test_is_accounts(self):
        """It fills the seam."""
        verifyObject(IAccounts, self.accounts)

    def test_admits(self):
        """Name and password make an identity with the groups of the user."""
        expected = Identity(
            user_id="builtin:ann",
            subject="ann",
            name="ann",
            groups=("staff",),
            assurance=Assurance.PASSWORD,
        )
        self.assertEqual(self.admit(), expected)

    def test_refuses_all_others(self):
        """A wrong name is refused as a wrong password is, after the same work."""
        wrong = self.refuse()
        unknown = self.refuse("sesame", "bob")
        self.assertEqual(wrong.message, unknown.message)
        self.assertEqual(len(self.rounds), 2)
        self.refuse("sesame", "b\ud800b")

    def test_refuses_without_a_password(self):
        """A user who was invited and has set no password cannot sign in with one."""
        self.successResultOf(self.users.add("new", "", (), invite=True))
        for password in ("", "sesame", "."):
            self.refuse(password, "new")
        self.assertEqual(len(self.rounds), 3)

    def test_follows_changes(self):
        """Another password, other groups and a deletion hold at once."""
        self.admit()
        self.successResultOf(self.users.update("ann", OTHER, ("x",)))
        self.refuse("sesame")
        self.assertEqual(self.admit("open up").groups, ("x",))
        self.successResultOf(self.users.read_again({}))
        self.successResultOf(self.users.delete("ann"))
        self.refuse("open up")

    def test_remembers_for_a_minute(self):
        """A success is not checked again within a minute."""
        self.admit()
        self.clock.advance(59)
        self.admit(address="198.51.100.7")
        self.assertEqual(len(self.rounds), 1)
        self.clock.advance(1)
        self.admit()
        self.assertEqual(len(self.rounds), 2)

    def test_remembers_the_password(self):
        """A success is remembered for its password and its name, and for no others."""
        self.admit()
        self.refuse()
        self.refuse("")
        self.refuse("sesame", "bob")

    def test_lock_holds_for_a_remembered_password(self):
        """A success of a moment ago opens no lock."""
        self.admit()
        for _ in range(5):
            self.refuse()
        self.refuse("sesame", why=LockedOut)

    def test_remembers_a_bounded_number(self):
        """The oldest successes make room for newer ones."""
        for number in range(1001):
            self.accounts._right[str(number).encode()] = 60.0
        self.admit()
        self.assertLessEqual(len(self.accounts._right), 1001)
        self.assertNotIn(b"0", self.accounts._right)

    def test_locks_names_of_their_own(self):
        """Five failures lock the builtin user, and not an administrator of the same name."""
        for _ in range(5):
            self.refuse()
        self.refuse("sesame", why=LockedOut)
        locked = ("Locked", "builtin:ann", HERE, "by builtin: too many failed sign-ins")
        self.assertEqual(self.told.events[-1], locked)
        self.accounts._sign_ins.admit(HERE, "ann")
        self.admit(address="198.51.100.7")

    def test_locks_unknown_names_alike(self):
        """A lock does not tell which names exist."""
        for _ in range(5):
            self.refuse(user="bob")
        self.refuse(user="bob", why=LockedOut)

    def test_refuses_unchecked(self):
        """Over-long passwords cost no work and are counted against nobody."""
        for _ in range(10):
            self.refuse("x" * 73, reason="no password can be like this")
        self.assertEqual(self.rounds, [])
        self.admit()

    def test_decoys_cost_what_users_cost(self):
        """An unknown name has the cost of some user, the same one each time."""
        self.successResultOf(self.users.add("eve", OTHER, ()))
        costs = {name: self.accounts._decoy(name)[:7] for name in map(str, range(60))}
        self.assertEqual(set(costs.values()), {"$2b$04$", "$2b$05$"})
        for name, cost in costs.items():
            self.assertEqual(self.accounts._decoy(name)[:7], cost)

    @settings(max_examples=40)
    @given(st.text(max_size=40), st.text(max_size=80))
    def test_names_cost_the_same(self, user, password):
        """Whatever a name is, a password for it costs as many checks as one for a user who is
        there, and always the same.
        """
        costs = []
        for name in ("ann", user, user):
            self.accounts._right.clear()
            self.networks += 1
            before = len(self.rounds)
            address = f"10.{self.networks >> 8}.{self.networks & 255}.1"
            tried = self.accounts.prove(name, f"not {password}", address)
            self.failureResultOf(tried, NotAuthenticated)
            costs.append((len(self.rounds) - before, self.accounts._decoy(name)[:7]))
        self.assertEqual({checks for checks, _ in costs}, {costs[0][0]})
        self.assertEqual(costs[1], costs[2])
        known = {f"$2b${cost:02}$" for cost in self.users.hash_costs()}
        self.assertLessEqual({cost for _, cost in costs}, known)

    def test_current(self):
        """A session ends with the password, the groups or the user."""
        identity = self.admit()
        print_of = self.accounts.fingerprint(identity)
        self.assertIs(self.accounts.current(identity, print_of), identity)
        self.assertIsNone(self.accounts.current(identity, "other"))
        self.successResultOf(self.users.update("ann", "", ("x",)))
        self.assertIsNone(self.accounts.current(identity, print_of))
        # As of a sign-in that began with the groups of before.
        print_of = self.accounts.fingerprint(identity)
        self.assertIsNone(self.accounts.current(identity, print_of))
        identity = replace(identity, groups=("x",))
        self.assertIs(self.accounts.current(identity, print_of), identity)
        self.successResultOf(self.users.update("ann", OTHER, None))
        self.assertIsNone(self.accounts.current(identity, print_of))
        nobody = Identity(user_id="builtin:bob")
        self.assertIsNone(self.accounts.current(nobody, self.accounts.fingerprint(nobody)))

    def test_named(self):
        """The user of an id has proved nothing by being found; other ids are nobody's."""
        found = self.accounts.named("builtin:ann")
        self.assertEqual(found, replace(self.admit(), assurance=Assurance.NONE))
        for user_id in ("builtin:bob", "ann", "github:ann"):
            self.assertIsNone(self.accounts.named(user_id), user_id)

    @settings(max_examples=30)
    @given(st.text(max_size=100), st.text(max_size=100), st.text(max_size=20))
    def test_survives_any_text(self, user, password, address):
        """Whatever a stranger sends is a wrong password."""
        self.refuse(password, user=user + "x", address=address + "y", reason=None)


class ParallelTests(SynchronousTestCase):
    """With threads that take their time."""

    def setUp(self):
        self.threads = SlowThreads()
        clock = Clock()
        self.users = memory_users(clock, (ANN,))
        self.told = Told()
        self.accounts = BuiltinAccounts(self.users, clock, self.threads, SignIns(clock, self.told))

    def test_refuses_a_password_replaced_meanwhile(self):
        """A check of the old hash that ends after the change lets nobody in."""
        waiting = Deferred.fromCoroutine(self.accounts.prove("ann", "sesame", HERE))
        self.successResultOf(self.users.update("ann", OTHER, None))
        self.threads.finish()
        self.failureResultOf(waiting, NotAuthenticated)
        (told,) = self.told.events
        self.assertEqual(told, ("Failed", "builtin:ann", HERE, "by builtin: wrong password"))

    def test_refuses_a_password_replaced_after_its_check(self):
        """Of two who wait for one check the second is refused if the first changes the password."""
        first, second = (
            Deferred.fromCoroutine(self.accounts.prove("ann", "sesame", HERE)) for _ in range(2)
        )
        first.addCallback(lambda _: Deferred.fromCoroutine(self.users.update("ann", OTHER, None)))
        self.threads.finish()
        self.successResultOf(first)
        self.failureResultOf(second, NotAuthenticated)
        (told,) = self.told.events
        self.assertEqual(told, ("Failed", "builtin:ann", HERE, f"by builtin: {CHANGED}"))

    def test_refuses_a_user_deleted_after_the_check(self):
        """Of two who wait for one check the second is refused if the first deletes the user."""
        self.successResultOf(self.users.add("eve", HASH, ()))
        first, second = self.prove("eve", "sesame"), self.prove("eve", "sesame")
        first.addCallback(lambda _: Deferred.fromCoroutine(self.users.delete("eve")))
        self.threads.finish()
        self.successResultOf(first)
        self.failureResultOf(second, NotAuthenticated)

    def test_shares_no_check(self):
        """Passwords and names that come at once are checked each by itself."""
        right, wrong = self.prove("ann", "sesame"), self.prove("ann", "wrong")
        self.assertEqual(self.threads.finish_all(), 2)
        self.successResultOf(right)
        self.failureResultOf(wrong, NotAuthenticated)
        unknown = self.prove("bob", "sesame"), self.prove("eve", "sesame")
        self.assertEqual(self.threads.finish_all(), 2)
        for each in unknown:
            self.failureResultOf(each, NotAuthenticated)

    def prove(self, user, password):
        return Deferred.fromCoroutine(self.accounts.prove(user, password, HERE))
