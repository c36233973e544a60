"""The administrator's account: who gets in, and what guessing costs."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import ConfigError, InternalError, LockedOut, NotAuthenticated
from clace.identity.passwords import AdminAccount, SignIns
from clace.identity.passwords.account import NO_ACCOUNT
from clace.identity.passwords.turns import Turns
from clace.interfaces import ICredentials
from clace.model.identity import Assurance, Identity
from clace.passwords import hash_password
from tests.identity.passwords.support import SlowThreads, Told, ToldCase

HASH = hash_password("sesame", cost=4)
OTHER = hash_password("open up", cost=4)
HERE = "192.0.2.1"
NO_PASSWORD = "no password can be like this"


class AccountTests(ToldCase):
    """With threads that answer at once."""

    by = "system"

    def setUp(self):
        self.clock = Clock()
        self.checks = 0
        self.account = self.make()

    def make(self, user: str = "admin", hashed: str = HASH) -> AdminAccount:
        async def in_thread(work):
            self.checks += 1
            return work()

        self.told = Told()
        return AdminAccount(user, hashed, self.clock, in_thread, SignIns(self.clock, self.told))

    def admit(self, password: str = "sesame", user: str = "admin", address: str = HERE) -> str:
        return self.successResultOf(self.account.check(user, password, address))

    def refuse(
        self,
        password: str = "wrong",
        user: str = "admin",
        address: str = HERE,
        why=NotAuthenticated,
        reason: str | None = "",
    ) -> Any:
        if reason == "":
            reason = "wrong password" if user == "admin" else "unknown name"
        return self.refusal(self.account.check(user, password, address), reason, why)

    def test_is_credentials(self):
        """It fills the seam."""
        verifyObject(ICredentials, self.account)

    def test_admits_the_administrator(self):
        """Name and password make the administrator's id."""
        self.assertEqual(self.admit(), "admin")

    def test_refuses_all_others(self):
        """A wrong name is refused as a wrong password is, after the same work."""
        wrong = self.refuse("wrong")
        unknown = self.refuse("sesame", user="root")
        self.assertEqual(wrong.message, unknown.message)
        self.assertEqual(self.checks, 2)

    def test_refuses_what_bcrypt_cannot_check(self):
        """Over-long, NUL-containing and malformed passwords are wrong ones, not faults."""
        for number, password in enumerate(("x" * 73, "sesame\0", "\ud800", "é" * 37)):
            self.refuse(password, address=f"192.0.2.{number}", reason=NO_PASSWORD)
        self.refuse("\udcff", user="\udcff", reason=NO_PASSWORD)

    def test_has_no_account_without_a_name(self):
        """An empty admin user lets nobody in, not even with the password."""
        for hashed in (HASH, ""):
            self.account = self.make("", hashed)
            self.refuse("sesame", user="", reason=NO_ACCOUNT)
            self.refuse("", user="", reason=NO_ACCOUNT)
            self.refuse("sesame", user="admin", reason=NO_ACCOUNT)
        self.assertEqual(self.checks, 0)

    def test_refuses_what_is_no_hash(self):
        """A hash that could never match is refused when it is configured."""
        self.assertRaises(ConfigError, self.make, "admin", "plain text")
        self.assertRaises(ConfigError, self.account.replace, "admin", "")
        self.assertEqual(self.admit(), "admin")

    def test_remembers_for_a_minute(self):
        """A success is not checked again within a minute, from wherever it comes."""
        self.admit()
        self.clock.advance(59)
        self.admit(address="198.51.100.7")
        self.assertEqual(self.checks, 1)
        self.clock.advance(1)
        self.admit()
        self.assertEqual(self.checks, 2)

    def test_remembers_no_password(self):
        """What is remembered holds neither the password nor a digest that others could compute."""
        self.admit()
        self.assertNotIn("sesame", repr(vars(self.account)))
        other = self.make()
        self.successResultOf(other.check("admin", "sesame", HERE))
        self.assertNotEqual(self.account._success.digest, other._success.digest)

    def test_forgets_with_the_hash(self):
        """After a change of the hash the old password is worth nothing at once."""
        self.admit()
        self.account.replace("admin", OTHER)
        self.refuse("sesame")
        self.assertEqual(self.admit("open up"), "admin")

    def test_who_it_is(self):
        """The proof makes an identity; a name that is only known has proved nothing."""
        proved = self.successResultOf(self.account.prove("admin", "sesame", HERE))
        self.assertEqual((proved.user_id, proved.subject), ("admin", "admin"))
        self.assertEqual(proved.assurance, Assurance.PASSWORD)
        self.assertEqual(self.account.user_id, "admin")
        self.assertEqual(self.account.named("admin"), replace(proved, assurance=Assurance.NONE))
        self.assertIsNone(self.account.named("root"))
        self.assertEqual([self.account.knows(user) for user in ("admin", "root")], [True, False])
        self.refusal(self.account.prove("admin", "wrong", HERE), "wrong password")

    def test_nobody(self):
        """Without an account no name is known, the empty one neither."""
        account = self.make("", "")
        self.assertFalse(account.knows(""))
        self.assertIsNone(account.named(""))
        nobody = Identity(user_id="", assurance=Assurance.PASSWORD)
        self.assertIsNone(account.current(nobody, account.fingerprint(nobody)))

    def test_what_was_proved_before(self):
        """What was proved holds for this name and this hash, and for no others."""
        proved = self.successResultOf(self.account.prove("admin", "sesame", HERE))
        mark = self.account.fingerprint(proved)
        self.assertIs(self.account.current(proved, mark), proved)
        self.assertIsNone(self.account.current(proved, "another"))
        self.assertIsNone(self.account.current(replace(proved, user_id="root"), mark))
        for name, hashed in (("admin", OTHER), ("boss", HASH)):
            self.account.replace(name, hashed)
            self.assertIsNone(self.account.current(replace(proved, user_id=name), mark))
            self.assertNotEqual(self.account.fingerprint(proved), mark)
        self.account.replace("admin", HASH)
        self.assertIs(self.account.current(proved, mark), proved)

    def test_forgets_with_the_name(self):
        """After a change of the name the old name is nobody."""
        self.admit()
        self.account.replace("boss", HASH)
        self.refuse("sesame", user="admin", reason="unknown name")
        self.assertEqual(self.admit("sesame", user="boss"), "boss")

    def test_locks_after_five(self):
        """The sixth try is not checked, even with the right password; others are not hit."""
        for _ in range(5):
            self.refuse()
        locked = self.refuse("sesame", why=LockedOut)
        self.assertEqual(locked.retry_after, 900)
        self.assertEqual(self.checks, 5)
        self.admit(address="198.51.100.7")
        self.refuse("sesame", why=LockedOut)

    def test_counts_only_what_was_checked(self):
        """What cannot be a password is refused at no cost: to nobody's tries, in nobody's table."""
        for _ in range(4):
            self.refuse()
        for number in range(10_000):
            self.refuse("x" * 73, user=f"invented{number}", reason=NO_PASSWORD)
        self.refuse("x" * 73, reason=NO_PASSWORD)
        self.assertEqual(self.checks, 4)
        self.refuse()
        self.refuse("sesame", why=LockedOut)

    def test_says_nothing_of_a_plain_success(self):
        """A success that no failure came before is nobody's news."""
        self.admit()
        self.assertEqual(self.told.events, [])

    def test_tells_every_end(self):
        """Failures, the lock, and a success after failures are told, never the password."""
        self.refuse("wrong")
        self.refuse("sesame", user="root")
        self.admit()
        self.refuse("x" * 73, reason=NO_PASSWORD)
        for _ in range(5):
            self.refuse("wrong")
        self.refuse("sesame", why=LockedOut)
        self.assertEqual(
            self.told.events,
            [
                ("Failed", "admin", HERE, "by system: wrong password"),
                ("Failed", "root", HERE, "by system: unknown name"),
                ("Success", "admin", HERE, "by system: after 1 failed"),
                ("Refused", "admin", HERE, "by system: no password can be like this"),
                *[("Failed", "admin", HERE, "by system: wrong password")] * 5,
                ("Locked", "admin", HERE, "by system: too many failed sign-ins"),
            ],
        )

    def test_locks_unknown_names_alike(self):
        """A lock does not tell which names exist."""
        for _ in range(5):
            self.refuse(user="root")
        self.refuse(user="root", why=LockedOut)
        self.admit()

    def test_unlocks(self):
        """After fifteen minutes the password counts again."""
        for _ in range(5):
            self.refuse()
        self.clock.advance(900)
        self.admit()

    def test_starts_over_after_a_success(self):
        """Mistakes before a success are forgotten."""
        for _ in range(3):
            for _ in range(4):
                self.refuse()
            self.clock.advance(61)
            self.admit()

    @settings(max_examples=50)
    @given(st.text(max_size=100), st.text(max_size=100), st.text(max_size=20))
    def test_survives_any_text(self, user, password, address):
        """Whatever a stranger sends is a wrong password."""
        self.clock.advance(900)  # what the examples before were counted as is forgotten
        self.refuse(password, user=user + "x", address=address + "y", reason=None)


class ParallelTests(SynchronousTestCase):
    """With threads that take their time."""

    def setUp(self):
        self.threads = SlowThreads()
        clock = Clock()
        turns = Turns(clock, workers=2, per_lane=4, waiting=8)
        sign_ins = SignIns(clock, Told(), turns=turns)
        self.account = AdminAccount("admin", HASH, clock, self.threads, sign_ins)

    def check(self, password: str = "sesame", address: str = HERE) -> Deferred[str]:
        return Deferred.fromCoroutine(self.account.check("admin", password, address))

    def test_shares_a_check(self):
        """Any number of requests with the same credentials cost one check and one try."""
        waiting = [self.check() for _ in range(20)]
        self.assertEqual(len(self.threads.work), 1)
        self.threads.finish()
        self.assertEqual([self.successResultOf(each) for each in waiting], ["admin"] * 20)

    def test_shares_a_refusal(self):
        """Those who sent the same wrong password are refused together, as one try."""
        waiting = [self.check("wrong") for _ in range(20)]
        self.threads.finish()
        for each in waiting:
            self.failureResultOf(each, NotAuthenticated)
        again = self.check()
        self.threads.finish()
        self.successResultOf(again)

    def test_counts_before_it_checks(self):
        """A thousand guesses at once are five guesses."""
        waiting = [self.check(f"guess {number}") for number in range(1000)]
        self.assertEqual(self.threads.finish_all(), 5)
        for each in waiting[:5]:
            self.failureResultOf(each, NotAuthenticated)
        for each in waiting[5:]:
            self.failureResultOf(each, LockedOut)

    def test_has_a_limited_queue(self):
        """Guesses from one address cannot pile up; who is turned away is not counted."""
        waiting = [self.check(f"guess {number}") for number in range(4)]
        self.threads.finish_all()
        for each in waiting:
            self.failureResultOf(each, NotAuthenticated)
        others = [self.check(f"guess {number}", address="192.0.2.2") for number in range(6)]
        for number in range(10):
            turned = self.check(f"more {number}", address="192.0.2.2")
            self.assertEqual(self.failureResultOf(turned, LockedOut).value.retry_after, 1)
        again = self.check()
        self.threads.finish_all()
        self.successResultOf(again)
        for each in others[:5]:
            self.failureResultOf(each, NotAuthenticated)
        self.failureResultOf(others[5], LockedOut)

    def test_serves_others_first(self):
        """A right password from elsewhere waits for the checks that run, not for those queued."""
        guesses = [self.check(f"guess {number}", address="192.0.2.2") for number in range(6)]
        elsewhere = self.check()
        self.threads.finish()
        self.assertNoResult(elsewhere)
        self.threads.finish()
        self.assertEqual(self.successResultOf(elsewhere), "admin")
        self.assertNoResult(guesses[5])
        self.threads.finish_all()
        for each in guesses:
            self.failureResultOf(each)

    def test_outlives_the_first_who_asked(self):
        """A client that hangs up does not end the check for those who wait with it."""
        first, second = self.check(), self.check()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.threads.finish()
        self.assertEqual(self.successResultOf(second), "admin")

    def test_refuses_a_password_replaced_meanwhile(self):
        """A check of the old hash that ends after the change lets nobody in."""
        waiting = self.check()
        self.account.replace("admin", OTHER)
        self.threads.finish()
        self.failureResultOf(waiting, NotAuthenticated)

    def test_passes_faults_on(self):
        """Threads that fail are a fault of the server, told to all who wait."""
        waiting = [self.check(), self.check()]
        (_, done), self.threads.work = self.threads.work[0], []
        done.errback(InternalError("the threads have stopped"))
        for each in waiting:
            self.failureResultOf(each, InternalError)
