"""Tests for ``clace.identity.sessions.sessions``."""

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import StoreError
from clace.identity.sessions import SessionLimits
from clace.identity.sessions.sessions import (
    CHANGED,
    FLUSH_SECONDS,
    SECRET_LENGTH,
    TOO_MANY,
    TOO_OLD,
    UNUSED,
    digest_of,
)
from clace.interfaces import ISessions, NewSession, Rechecked, SessionChoice, SignedIn
from clace.model.identity import Assurance, Identity
from tests.support.sign_in import MemorySeal, MemorySessionRows, make_sessions

ANN = Identity(user_id="builtin:ann", subject="ann", assurance=Assurance.PASSWORD)


def new(user=ANN, host="localhost", setting="system", **evidence):
    signed_in = SignedIn(identity=user, evidence=evidence)
    return NewSession(host=host, setting=setting, signed_in=signed_in, fingerprint="f")


class LaterSeal(MemorySeal):
    """Seals with another key."""

    def seal(self, name, value):
        return "later", super().seal(name, value)[1]

    def unseal(self, key_id, name, sealed):
        return super().unseal("memory" if key_id == "later" else "", name, sealed)


class SessionsTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.rows = MemorySessionRows()
        self.sessions = self.make()

    def make(self, **options):
        bounds = {name: options.pop(name) for name in ("idle", "each") if name in options}
        limits = SessionLimits(max_age=1000, **bounds)
        return make_sessions(self.rows, self.clock, limits, **options)

    def begin(self, *arguments, **fields):
        return self.successResultOf(self.sessions.begin(new(*arguments, **fields)))

    def find(self, secret, host="localhost", setting="system", sessions=None):
        return self.successResultOf((sessions or self.sessions).find(host, setting, secret))

    def test_fills_the_seam(self):
        """It fills the seam."""
        verifyObject(ISessions, self.sessions)

    def test_found_by_its_secret(self):
        """A session is found by the secret that it was begun with, and says who it is."""
        secret, session = self.begin()
        self.assertEqual(len(secret), SECRET_LENGTH)
        found = self.find(secret)
        self.assertEqual(found, session)
        self.assertEqual((found.fingerprint, found.sealed), ("f", b""))
        self.assertEqual(self.successResultOf(self.sessions.evidence(found)), {})
        self.assertEqual(
            (found.identity.user_id, found.identity.session_id), ("builtin:ann", found.name)
        )

    def test_secret_is_not_kept(self):
        """Rows hold the digest of the secret, and nothing of itself."""
        secret, session = self.begin()
        self.assertEqual(session.digest, digest_of(secret))
        self.assertNotIn(secret, repr(self.rows.rows))
        self.assertNotIn(secret, session.name)

    def test_other_secrets(self):
        """Names, digests and texts of another length find nothing."""
        secret, session = self.begin()
        for other in ("", session.name, session.digest.hex(), secret[:-1], secret + "A", "é" * 43):
            self.assertIsNone(self.find(other))
        self.assertIsNone(self.find("\ud800" * SECRET_LENGTH))

    def test_known(self):
        """A session in memory is known without waiting, for its host and setting alone."""
        secret, session = self.begin()
        for host, setting, found in (
            ("localhost", "system", session),
            ("other.example", "system", None),
            ("localhost", "builtin", None),
        ):
            self.assertEqual(self.sessions.known(host, setting, secret), found)
        self.assertIsNone(self.sessions.known("localhost", "system", session.name))
        self.assertIsNone(self.make().known("localhost", "system", secret))

    def test_is_over(self):
        """Whoever serves a session for long can ask whether it has reached its limits."""
        self.sessions = self.make(idle=300)
        secret, session = self.begin()
        for seconds, is_over in ((299, False), (1, True)):
            self.clock.advance(seconds)
            self.assertIs(self.sessions.is_over(session.name), is_over)
        self.sessions = self.make()
        self.assertFalse(self.sessions.is_over(session.name), "it is not in memory")
        self.find(secret)
        self.assertFalse(self.sessions.is_over(session.name))
        self.clock.advance(700)
        self.assertTrue(self.sessions.is_over(session.name))

    def test_one_host_one_setting(self):
        """A session is good for the host and the way that it was begun for."""
        secret, _ = self.begin()
        self.assertIsNone(self.find(secret, host="other.example"))
        self.assertIsNone(self.find(secret, setting="builtin"))

    def names(self):
        return {row.name for row in self.rows.all()}

    def test_many_of_one_user(self):
        """Who begins one session after the other loses the oldest, and nobody else's end by it."""
        bob = Identity(user_id="builtin:bob", assurance=Assurance.PASSWORD)
        self.sessions = self.make(each=3)
        told, ended = [], []
        self.sessions.follow(told.extend)
        self.sessions.tell_end = lambda session, reason: ended.append((session.name, reason))
        _, others = self.begin(bob)
        begun = []
        for _ in range(5):
            self.clock.advance(1)
            begun.append(self.begin())
        self.assertEqual(self.names(), {others.name, *(one.name for _, one in begun[2:])})
        self.assertEqual([name for name, _ in ended], [one.name for _, one in begun[:2]])
        self.assertEqual({reason for _, reason in ended}, {TOO_MANY})
        self.assertEqual(set(told), {one.name for _, one in begun[:2]})
        found = [self.find(secret) is not None for secret, _ in begun]
        self.assertEqual(found, [False, False, True, True, True])

    def test_many_after_a_restart(self):
        """Sessions of before count, and those that have ended do not."""
        begun = []
        for _ in range(3):
            self.clock.advance(1)
            begun.append(self.begin()[1])
        self.sessions = self.make(each=3)
        self.successResultOf(self.sessions.end(SessionChoice(name=begun[1].name), "revoked"))
        self.clock.advance(1)
        _, fourth = self.begin()
        self.assertEqual(self.names(), {begun[0].name, begun[2].name, fourth.name})
        _, fifth = self.begin()
        self.assertEqual(self.names(), {begun[2].name, fourth.name, fifth.name})
        self.successResultOf(self.sessions.end(SessionChoice(name=fourth.name), "revoked"))
        _, sixth = self.begin()
        self.assertEqual(self.names(), {begun[2].name, fifth.name, sixth.name})

    def test_survives_a_restart(self):
        """Another run of the server finds it, with its last use and its evidence."""
        secret, _ = self.begin(token="t")
        self.clock.advance(200)
        self.find(secret)
        self.successResultOf(self.sessions.flush())
        later = self.make(idle=100)
        found = self.find(secret, sessions=later)
        self.assertEqual(self.successResultOf(later.evidence(found)), {"token": "t"})

    def test_age(self):
        """However much it is used, it ends at its age."""
        secret, _ = self.begin()
        for _ in range(999):
            self.clock.advance(1)
            self.assertIsNotNone(self.find(secret))
        self.clock.advance(1)
        self.assertIsNone(self.find(secret))

    def test_shorter_age(self):
        """A shorter age in the configuration holds for sessions that there are."""
        secret, _ = self.begin()
        self.clock.advance(500)
        limits = SessionLimits(max_age=400)
        self.assertIsNone(self.find(secret, sessions=make_sessions(self.rows, self.clock, limits)))

    def test_idle(self):
        """A session that nobody uses ends; each use gives it the whole time again."""
        self.sessions = self.make(idle=100)
        secret, _ = self.begin()
        for _ in range(3):
            self.clock.advance(99)
            self.assertIsNotNone(self.find(secret))
        self.clock.advance(100)
        self.assertIsNone(self.find(secret))

    def test_end(self):
        """An ended session is found nowhere, and those who serve it are told its name."""
        told = []
        self.sessions.follow(told.append)
        secret, session = self.begin()
        kept, _ = self.begin(Identity(user_id="builtin:bob", assurance=Assurance.PASSWORD))
        ended = self.successResultOf(
            self.sessions.end(SessionChoice(user_id="builtin:ann"), "test")
        )
        self.assertEqual([one.name for one in ended], [session.name])
        self.assertIn(frozenset({session.name}), told)
        self.assertIsNone(self.find(secret))
        self.assertIsNone(self.find(secret, sessions=self.make()))
        self.assertIsNotNone(self.find(kept))

    def test_end_all_of_a_user(self):
        """Those that are not in memory end too, if others of the user are."""
        self.sessions = self.make(kept=1)
        secrets = [self.begin()[0] for _ in range(3)]
        ended = self.successResultOf(
            self.sessions.end(SessionChoice(user_id="builtin:ann"), "test")
        )
        self.assertEqual(len(ended), 3)
        self.assertEqual(self.rows.all(), ())
        self.assertEqual([self.find(secret) for secret in secrets], [None] * 3)

    def test_began_within(self):
        """A session that is in use tells whether it began lately; another one did not."""
        _, session = self.begin()
        for seconds, is_lately in ((0, True), (100, True), (1, False)):
            self.clock.advance(seconds)
            self.assertIs(self.sessions.began_within(session.name, 100), is_lately)
        self.assertFalse(self.make().began_within(session.name, 1000))
        self.begin()
        self.assertFalse(self.sessions.began_within(session.name, 100))
        self.successResultOf(self.sessions.end(SessionChoice(name=session.name), "test"))
        self.assertFalse(self.sessions.began_within(session.name, 1000))

    def test_leaves_nothing(self):
        """Nothing of a session is kept in memory when it has ended."""
        self.begin()
        self.successResultOf(self.sessions.end(SessionChoice(), "test"))
        left = self.sessions._live, self.sessions._by_name, self.sessions._unflushed
        self.assertEqual(left, ({}, {}, {}))

    def test_found_while_it_ends(self):
        """A session that somebody finds while the database deletes it ends all the same."""
        secret, session = self.begin()
        waiting = []

        async def in_thread(work):
            waiting.append(Deferred())
            await waiting[-1]
            return work()

        at_once, self.sessions._in_thread = self.sessions._in_thread, in_thread
        ending = Deferred.fromCoroutine(self.sessions.end(SessionChoice(name=session.name), "test"))
        finding = Deferred.fromCoroutine(self.sessions.find("localhost", "system", secret))
        waiting.pop().callback(None)
        self.successResultOf(finding)
        waiting.pop().callback(None)
        self.successResultOf(ending)
        self.sessions._in_thread = at_once
        self.assertIsNone(self.find(secret))

    def test_review(self):
        """Sessions whose users are no more end, in memory at once and in the database."""
        bob = Identity(user_id="builtin:bob", assurance=Assurance.PASSWORD)
        self.begin(bob)
        self.sessions = self.make()
        ends, told = [], []
        self.sessions.tell_end = lambda session, reason: ends.append((session, reason))
        self.sessions.follow(told.extend)
        (kept, _), (gone, session) = self.begin(), self.begin(bob)
        self.successResultOf(self.sessions.review())
        self.assertEqual((ends, [name for name in told if name]), ([], []))
        self.sessions.judge(lambda session: session.identity.user_id == "builtin:ann")
        self.successResultOf(self.sessions.review())
        self.assertEqual([self.find(secret) is None for secret in (kept, gone)], [False, True])
        self.assertEqual({row.identity.user_id for row in self.rows.all()}, {"builtin:ann"})
        self.assertEqual([reason for _, reason in ends], [CHANGED, CHANGED])
        self.assertEqual(told[0], session.name)

    def test_renew(self):
        """What a provider says later of a user holds at once and after a restart."""
        secret, session = self.begin(token="old")
        for groups, expected in ((("a",), ("a",)), (None, ("a",)), ((), ())):
            checked = Rechecked(groups=groups, evidence={"token": f"new {groups}"})
            self.successResultOf(self.sessions.renew(session, checked))
            for sessions in (self.sessions, self.make()):
                found = self.find(secret, sessions=sessions)
                self.assertEqual(found.identity.groups, expected)
                kept = self.successResultOf(sessions.evidence(found))
                self.assertEqual(kept, {"token": f"new {groups}"})
        later = self.make()
        self.successResultOf(later.renew(session, Rechecked(groups=("b",), evidence={})))
        self.assertEqual(self.find(secret, sessions=later).identity.groups, ("b",))

    def test_renew_with_another_key(self):
        """What is renewed opens with the key that sealed it, be it another one than before."""
        _, session = self.begin(token="old")
        later = make_sessions(self.rows, self.clock, seal=LaterSeal())
        checked = Rechecked(groups=None, evidence={"token": "new"})
        self.successResultOf(later.renew(session, checked))
        (row,) = self.rows.all()
        self.assertEqual(self.successResultOf(later.evidence(row)), {"token": "new"})

    def test_tells_each_end(self):
        """Whoever records it is told of each session that was ended, and why."""
        told = []
        self.sessions.tell_end = lambda session, reason: told.append((session.name, reason))
        _, session = self.begin()
        self.begin()
        self.successResultOf(self.sessions.end(SessionChoice(name=session.name), "revoked"))
        self.successResultOf(self.sessions.end(SessionChoice(name=session.name), "again"))
        self.assertEqual(told, [(session.name, "revoked")])

    def test_ended_while_it_begins(self):
        """A session that is ended before the database has it is no session when it has."""
        for choice in (SessionChoice(user_id=ANN.user_id), SessionChoice()):
            waiting = []

            async def in_thread(work, waiting=waiting):
                waiting.append(Deferred())
                await waiting[-1]
                return work()

            at_once, self.sessions._in_thread = self.sessions._in_thread, in_thread
            beginning = Deferred.fromCoroutine(self.sessions.begin(new(token="x")))
            others = Deferred.fromCoroutine(self.sessions.begin(new(replace(ANN, user_id="bob"))))
            ending = Deferred.fromCoroutine(self.sessions.end(choice, "revoked"))
            while waiting:
                waiting.pop().callback(None)
            self.sessions._in_thread = at_once
            names = [session.name for session in self.successResultOf(ending)]
            for begun in (beginning, others):
                secret, session = self.successResultOf(begun)
                is_ended = choice.includes(session)
                self.assertEqual(session.name in names, is_ended)
                self.assertEqual(self.find(secret) is None, is_ended)
        self.assertEqual(self.sessions._beginning, {})

    def test_tells_choices(self):
        """Followers learn whose sessions end, whatever is found, and not of single sessions."""
        told = []
        self.sessions.follow_choices(told.append)
        for choice in (SessionChoice(user_id="bob"), SessionChoice(name="ses_x"), SessionChoice()):
            self.successResultOf(self.sessions.end(choice, "revoked"))
        self.assertEqual(told, [SessionChoice(user_id="bob"), SessionChoice()])

    def test_end_before_the_database(self):
        """It has ended for everybody here while the database is still asked."""
        _, session = self.begin()
        waiting = []

        async def in_thread(work):
            waiting.append(Deferred())
            await waiting[-1]
            return work()

        self.sessions._in_thread = in_thread
        told = []
        self.sessions.follow(told.append)
        ending = Deferred.fromCoroutine(self.sessions.end(SessionChoice(name=session.name), "test"))
        self.assertEqual(told, [frozenset({session.name})])
        self.assertNoResult(ending)

    def test_ended_by_two_at_a_time(self):
        """Two who end a session at the same time end it once: one event is recorded."""
        secret, session = self.begin()
        told, waiting = [], []
        self.sessions.tell_end = lambda session, reason: told.append((session.name, reason))

        async def in_thread(work):
            waiting.append(Deferred())
            await waiting[-1]
            return work()

        self.sessions._in_thread = in_thread
        choice = SessionChoice(name=session.name)
        first = Deferred.fromCoroutine(self.sessions.end(choice, "first"))
        found = Deferred.fromCoroutine(self.sessions.find("localhost", "system", secret))
        waiting[1].callback(None)
        self.assertEqual(self.successResultOf(found), session)
        second = Deferred.fromCoroutine(self.sessions.end(choice, "second"))
        for thread in (waiting[2], waiting[0]):
            thread.callback(None)
        for ended in (first, second):
            self.assertEqual(self.successResultOf(ended), (session,))
        self.assertEqual(told, [(session.name, "first")])
        self.assertEqual(self.rows.all(), ())

    def test_read_while_it_ends(self):
        """A row that was read before its session ended brings nothing back."""
        secret, session = self.begin()
        waiting = []

        async def in_thread(work):
            result = work()
            waiting.append(Deferred())
            await waiting[-1]
            return result

        later = self.make()
        later._in_thread = in_thread
        finding = Deferred.fromCoroutine(later.find("localhost", "system", secret))
        ending = Deferred.fromCoroutine(later.end(SessionChoice(name=session.name), "test"))
        while waiting:
            waiting.pop(0).callback(None)
        self.successResultOf(ending)
        self.assertIsNone(self.successResultOf(finding))
        self.assertEqual(self.rows.all(), ())

    def test_bounded(self):
        """A session that fell out of memory is found in the database, with its last use."""
        self.sessions = self.make(idle=100, kept=2)
        secrets = [self.begin()[0] for _ in range(3)]
        self.clock.advance(60)
        for secret in secrets:
            self.assertIsNotNone(self.find(secret))
        self.clock.advance(60)
        for secret in secrets:
            self.assertIsNotNone(self.find(secret))

    def test_bounded_in_memory(self):
        """Few sessions are kept in memory, and the last use of the others is known."""
        self.sessions = self.make(idle=100, kept=1)
        first, session = self.begin()
        self.clock.advance(60)
        self.find(first)
        self.begin()
        self.assertEqual((len(self.sessions._live), len(self.sessions._by_name)), (1, 1))
        self.clock.advance(60)
        listed = self.successResultOf(self.sessions.list_sessions(SessionChoice(name=session.name)))
        self.assertEqual([one.seen for one in listed], [1_000_060])

    def test_stops_at_any_time(self):
        """It can be stopped before it was started, and leaves no timer behind."""
        self.successResultOf(self.sessions.stopService())
        self.sessions.startService()
        self.successResultOf(self.sessions.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_sweep_tells_who_serves_them(self):
        """Those who serve a session are told when it is removed for its age."""
        told = []
        self.sessions.follow(told.append)
        _, session = self.begin()
        self.clock.advance(999)
        self.successResultOf(self.sessions.flush())
        self.assertEqual((told, len(self.rows.all())), ([], 1))
        self.clock.advance(601)
        self.successResultOf(self.sessions.flush())
        self.assertEqual((told, self.rows.all()), ([frozenset({session.name})], ()))

    def test_keeps_the_last_use(self):
        """Once a minute the last use is kept, and what is over is removed."""
        self.sessions.startService()
        secret, _ = self.begin()
        self.clock.advance(10)
        self.find(secret)
        self.clock.advance(FLUSH_SECONDS)
        (row,) = self.rows.all()
        self.assertEqual(row.seen, 1_000_010)
        for _ in range(30):
            self.clock.advance(FLUSH_SECONDS)
        self.assertEqual(self.rows.all(), ())
        self.successResultOf(self.sessions.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_tells_of_limits(self):
        """A session that is too old, or was not used for too long, is told of once, with which."""
        self.sessions = self.make(idle=300)
        told = []
        self.sessions.tell_end = lambda session, reason: told.append((session.name, reason))
        secret, used = self.begin()
        _, idle = self.begin()
        self.sessions.startService()
        for _ in range(30):
            self.clock.advance(FLUSH_SECONDS)
            self.find(secret)
        self.assertEqual(told, [(idle.name, UNUSED), (used.name, TOO_OLD)])
        self.assertEqual(self.rows.all(), ())

    def test_keeps_the_last_use_later(self):
        """A last use that the database did not take is given to it again."""

        class FailingRows(MemorySessionRows):
            is_down = True

            def touch(self, seen):
                if self.is_down:
                    raise StoreError("the disk is full")
                super().touch(seen)

        self.rows = FailingRows()
        self.sessions = self.make()
        secret, _ = self.begin()
        self.clock.advance(10)
        self.find(secret)
        self.successResultOf(self.sessions.flush())
        self.rows.is_down = False
        self.successResultOf(self.sessions.flush())
        (row,) = self.rows.all()
        self.assertEqual(row.seen, 1_000_010)

    def test_list(self):
        """Those that are over are not listed; the last use is that of now."""
        secret, session = self.begin()
        self.clock.advance(10)
        self.find(secret)
        (listed,) = self.successResultOf(self.sessions.list_sessions(SessionChoice()))
        self.assertEqual((listed.name, listed.seen), (session.name, 1_000_010))
        for choice, found in (
            (SessionChoice(user_id="builtin:ann"), [session.name]),
            (SessionChoice(user_id="builtin:bob"), []),
        ):
            rows = self.successResultOf(self.sessions.list_sessions(choice))
            self.assertEqual([row.name for row in rows], found)
        self.clock.advance(990)
        self.assertEqual(self.successResultOf(self.sessions.list_sessions(SessionChoice())), ())

    def test_list_of_unused(self):
        """A session that nobody used for too long is not listed."""
        self.sessions = self.make(idle=100)
        self.begin()
        for seconds, count in ((99, 1), (1, 0)):
            self.clock.advance(seconds)
            rows = self.successResultOf(self.sessions.list_sessions(SessionChoice()))
            self.assertEqual(len(rows), count)
