"""Tests for ``clace.identity.sessions.rechecks``."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ProviderUnavailable
from clace.identity.sessions.rechecks import (
    AT_ONCE,
    REFUSED,
    RETRY_SECONDS,
    TICK_SECONDS,
    SessionRechecks,
)
from clace.interfaces import NewSession, Rechecked, SessionChoice, SignedIn
from clace.model.identity import Assurance, Identity
from tests.support.sign_in import (
    MemoryProvider,
    MemorySessionRows,
    OneAccount,
    app_authentication,
    make_sessions,
)

EVERY = 900


class Provider(MemoryProvider):
    """Answers as the test says; what it was asked is in ``rechecks``."""

    def __init__(self):
        super().__init__()
        self.rechecks = []
        self.answer = lambda evidence: Rechecked(evidence=evidence)

    async def recheck(self, evidence):
        self.rechecks.append(evidence)
        answer = self.answer(evidence)
        return await answer if isinstance(answer, Deferred) else answer


class RecheckTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.clock.advance(100_000)
        self.rows = MemorySessionRows()
        self.sessions = make_sessions(self.rows, self.clock)
        self.provider, self.ends = Provider(), []
        self.sessions.tell_end = lambda *told: self.ends.append(told)
        auth = app_authentication(OneAccount(), self.provider, sessions=self.sessions)
        self.rechecks = SessionRechecks(self.sessions, auth, self.clock, EVERY)
        self.rechecks.startService()
        self.addCleanup(self.rechecks.stopService)
        self.secret, self.session = self.begin()

    def begin(self, setting="github", **evidence):
        identity = Identity(
            user_id=f"{setting}:ann", subject="u", groups=("staff",), assurance=Assurance.SSO
        )
        evidence = evidence or {"refresh": "1"}
        new = NewSession(
            host="a.example",
            setting=setting,
            signed_in=SignedIn(identity=identity, evidence=evidence),
            fingerprint="f",
        )
        return self.successResultOf(self.sessions.begin(new))

    def use(self):
        """The session as a request finds it."""
        return self.successResultOf(self.sessions.find("a.example", "github", self.secret))

    def wait(self, seconds):
        self.clock.pump([TICK_SECONDS] * int(seconds / TICK_SECONDS))

    def test_in_time(self):
        """A session that is used is checked after its time, and again after as much; one whose
        provider is gone from the configuration keeps no other from that.
        """
        self.begin("gone")
        self.wait(EVERY - TICK_SECONDS)
        self.use()
        self.assertEqual(self.provider.rechecks, [])
        self.wait(TICK_SECONDS)
        self.assertEqual(self.provider.rechecks, [{"refresh": "1"}])
        self.clock.advance(1)
        self.use()
        self.wait(EVERY - TICK_SECONDS)
        self.assertEqual(len(self.provider.rechecks), 1)
        self.wait(TICK_SECONDS)
        self.assertEqual(len(self.provider.rechecks), 2)

    def test_unused(self):
        """Nobody is asked about a session that is not used, until it is again."""
        self.wait(EVERY)
        self.wait(10 * EVERY)
        self.assertEqual(self.provider.rechecks, [])
        self.use()
        self.wait(TICK_SECONDS)
        self.assertEqual(len(self.provider.rechecks), 1)

    def test_open_stream(self):
        """A session with an open stream is in use."""
        self.rechecks.is_open = lambda name: name == self.session.name
        self.wait(2 * EVERY)
        self.assertEqual(len(self.provider.rechecks), 2)

    def test_refused(self):
        """A provider that refuses ends the session, and that is recorded."""
        self.begin("system")
        self.provider.answer = lambda _: None
        self.wait(EVERY - 1)
        self.use()
        self.wait(2 * TICK_SECONDS)
        self.assertIsNone(self.use())
        self.assertEqual([row.setting for row in self.rows.all()], ["system"])
        ((session, reason),) = self.ends
        self.assertEqual((session.name, reason), (self.session.name, REFUSED))

    def test_broken(self):
        """A check that fails in an unforeseen way is told in the log; the next ones are made."""

        def broken(_):
            raise ZeroDivisionError

        self.provider.answer = broken
        self.wait(EVERY - TICK_SECONDS)
        self.use()
        self.wait(TICK_SECONDS)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.provider.answer = lambda _: None
        self.wait(RETRY_SECONDS)
        self.assertEqual(self.rows.all(), ())

    def test_down(self):
        """A provider that is down leaves the session, is told in the log, and is asked again."""

        def down(_):
            raise ProviderUnavailable("GitHub does not answer")

        self.provider.answer = down
        self.use()
        self.wait(EVERY - TICK_SECONDS)
        self.use()
        with capturedLogs() as events:
            self.wait(TICK_SECONDS)
        (event,) = [each for each in events if "why" in each]
        self.assertEqual(event["why"], "GitHub does not answer")
        self.assertIsNotNone(self.use())
        self.provider.answer = lambda _: None
        self.wait(RETRY_SECONDS - TICK_SECONDS)
        self.assertIsNotNone(self.use())
        self.wait(2 * TICK_SECONDS)
        self.assertIsNone(self.use())

    def test_other_groups(self):
        """Other rights come with another session: this one ends, and has its reason."""
        self.begin("system")
        self.provider.answer = lambda _: Rechecked(evidence={"refresh": "2"}, groups=("new",))
        self.wait(EVERY - TICK_SECONDS)
        self.use()
        self.wait(TICK_SECONDS)
        self.assertIsNone(self.use())
        self.assertEqual([row.setting for row in self.rows.all()], ["system"])

    def test_evidence(self):
        """New evidence is kept, in the database too; the order of groups does not count."""
        self.provider.answer = lambda _: Rechecked(evidence={"refresh": "2"}, groups=("staff",))
        self.wait(EVERY - TICK_SECONDS)
        self.use()
        self.wait(TICK_SECONDS)
        self.assertEqual(self.use().identity.groups, ("staff",))
        (row,) = self.rows.all()
        self.assertEqual(self.successResultOf(self.sessions.evidence(row)), {"refresh": "2"})

    def test_groups_not_told(self):
        """Groups stay if the provider tells none."""
        self.provider.answer = lambda _: Rechecked(evidence={"refresh": "2"})
        self.wait(EVERY - TICK_SECONDS)
        self.use()
        self.wait(TICK_SECONDS)
        self.assertEqual(self.use().identity.groups, ("staff",))

    def test_ended_meanwhile(self):
        """A session that ended while its provider was asked does not come back."""
        answer = Deferred()
        self.provider.answer = lambda _: answer
        self.wait(EVERY - TICK_SECONDS)
        self.use()
        self.wait(TICK_SECONDS)
        choice = SessionChoice(name=self.session.name)
        self.successResultOf(self.sessions.end(choice, "signed out"))
        answer.callback(Rechecked(evidence={"refresh": "2"}, groups=("new",)))
        self.assertIsNone(self.use())
        self.assertEqual(self.rows.all(), ())

    def test_passwords(self):
        """Sessions of users with passwords are no provider's."""
        self.successResultOf(self.sessions.end(SessionChoice(), "test"))
        secret, _ = self.begin("system")
        self.wait(EVERY - TICK_SECONDS)
        self.successResultOf(self.sessions.find("a.example", "system", secret))
        self.wait(TICK_SECONDS)
        self.assertEqual(self.provider.rechecks, [])

    def test_bounded(self):
        """A slow provider has a bounded number of questions at the same time."""
        secrets = [self.begin()[0] for _ in range(3 * AT_ONCE)]
        answers = []

        def waiting(_):
            answers.append(Deferred())
            return answers[-1]

        self.provider.answer = waiting
        self.wait(EVERY - TICK_SECONDS)
        for secret in secrets:
            self.successResultOf(self.sessions.find("a.example", "github", secret))
        self.wait(TICK_SECONDS)
        self.assertEqual(len(answers), AT_ONCE)
        answers[0].callback(Rechecked(evidence={"refresh": "1"}))
        self.assertEqual(len(answers), AT_ONCE + 1)
