from datetime import UTC, datetime
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from clace.audit.chain import Chain
from clace.audit.chained import append
from clace.audit.keys import ChainKey
from clace.audit.log import (
    BATCH,
    QUEUE,
    RETAIN_SECONDS,
    SCHEMA,
    TRIES,
    TRY_AGAIN_SECONDS,
    AuditLog,
    open_audit,
)
from clace.audit.retention import AuditRetention, nanoseconds
from clace.audit.table import MOST_REMOVED
from clace.database.engine import transaction
from clace.database.schema import UpgradeOptions
from clace.errors import SecretFailed, StoreError
from clace.interfaces import IAuditChain
from clace.model.audit_filter import AuditFilter
from tests.support.audit_contract import DAY, KEY, NOW, AuditContract, event
from tests.support.threads import at_once


class Hands:
    """Does work when the test says so, and fails when it is told to."""

    def __init__(self):
        self.works = []
        self.broken = False

    def __call__(self, work):
        waiting = Deferred()
        self.works.append((work, waiting))
        return waiting

    def do_all(self):
        count = 0
        while self.works:
            work, waiting = self.works.pop(0)
            count += 1
            if self.broken:
                waiting.errback(StoreError("disk full"))
            else:
                waiting.callback(work())
        return count


def log_at(path, clock, in_thread, retention):
    SCHEMA.prepare(Path(path), UpgradeOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    return AuditLog(Path(path), clock, in_thread, retention, ChainKey(lambda: KEY))


class AuditLogTests(AuditContract, SynchronousTestCase):
    """The log keeps the contract in an SQLite database."""

    def make_audit(self, retention):
        audit = log_at(self.mktemp(), Clock(), at_once, retention)
        audit.startService()
        self.addCleanup(audit.stopService)
        return audit


class QueueTests(SynchronousTestCase):
    """What happens while the thread is busy."""

    def setUp(self):
        self.clock, self.hands = Clock(), Hands()
        self.audit = self.log(AuditRetention(http_days=0, other_days=0))

    def log(self, retention):
        return log_at(self.mktemp(), self.clock, self.hands, retention)

    def start(self):
        self.audit.startService()
        self.hands.do_all()

    def stored(self):
        finding = Deferred.fromCoroutine(self.audit.query(AuditFilter(limit=10_000)))
        self.hands.do_all()
        return self.successResultOf(finding)

    def record(self, count):
        for number in range(count):
            self.audit.record(event(number))

    def warnings(self, work):
        with capturedLogs() as logs:
            work()
        self.flushLoggedErrors(StoreError)
        return [log for log in logs if log["log_level"] >= LogLevel.warn]

    def test_writes_in_batches(self):
        """What is recorded while a batch is written makes up the next ones."""
        self.start()
        self.record(1 + BATCH + 1)
        self.assertEqual(self.hands.do_all(), 3)
        self.assertEqual(len(self.stored()), BATCH + 2)

    def test_what_is_recorded_early_is_written_at_the_start(self):
        """Before the start events wait."""
        self.record(3)
        self.assertEqual(self.hands.works, [])
        self.start()
        self.assertEqual(len(self.stored()), 3)

    def test_loses_what_is_too_much(self):
        """Beyond the queue events are lost, and how many is logged once the others are written."""
        self.start()
        self.record(QUEUE + 7)
        (warning,) = self.warnings(self.hands.do_all)
        self.assertEqual(warning["count"], 7)
        self.assertEqual(len(self.stored()), QUEUE)

    def test_tries_again(self):
        """A failure is logged, and the events are kept for a later try."""
        self.start()
        self.hands.broken = True
        self.record(1)
        (failure,) = self.warnings(self.hands.do_all)
        self.assertIn("disk full", str(failure["log_failure"].value))
        self.hands.broken = False
        self.clock.advance(TRY_AGAIN_SECONDS)
        self.hands.do_all()
        self.assertEqual(len(self.stored()), 1)

    def test_gives_up_at_last(self):
        """What fails again and again is lost, and does not hold up what comes later."""
        self.start()
        self.hands.broken = True
        self.record(1)

        def fail():
            for _ in range(TRIES):
                self.hands.do_all()
                self.clock.advance(TRY_AGAIN_SECONDS)

        self.assertEqual(self.warnings(fail)[-1]["count"], 1)
        self.hands.broken = False
        self.audit.record(event(77))
        self.hands.do_all()
        self.assertEqual(self.stored(), (event(77),))

    def test_writes_before_it_stops(self):
        """What waits is written before the end."""
        self.start()
        self.record(BATCH * 2)
        stopped = self.audit.stopService()
        self.assertNoResult(stopped)
        self.hands.do_all()
        self.successResultOf(stopped)
        self.assertEqual(len(self.stored()), BATCH * 2)

    def test_tells_what_it_could_not_write_before_it_stopped(self):
        """A failure at the end does not keep the server from stopping; the loss is logged."""
        self.start()
        self.hands.broken = True
        self.record(5)
        stopped = self.audit.stopService()
        self.assertEqual(self.warnings(self.hands.do_all)[-1]["count"], 5)
        self.successResultOf(stopped)

    def test_forgets_every_hour(self):
        """Old events go at the start and every hour, also after a failure."""
        retention = AuditRetention(http_days=1, other_days=1)
        self.clock.advance(NOW)
        self.audit = self.log(retention)
        self.audit.record(event(create_time=nanoseconds(NOW - 2 * DAY)))
        self.audit.record(event(create_time=nanoseconds(NOW - DAY + 2 * RETAIN_SECONDS - 1)))
        self.hands.broken = True
        self.assertTrue(self.warnings(self.start))
        self.hands.broken = False
        self.clock.advance(TRY_AGAIN_SECONDS)
        self.assertEqual(len(self.stored()), 2)
        for left in (1, 0):
            self.clock.advance(RETAIN_SECONDS)
            self.hands.do_all()
            self.assertEqual(len(self.stored()), left)


class ChainTests(SynchronousTestCase):
    """The hash chain of the log as a whole."""

    def make_log(self, read_key=lambda: KEY, **days):
        SCHEMA.prepare(self.path, UpgradeOptions(), datetime(2026, 11, 23, tzinfo=UTC))
        retention, key = (
            AuditRetention(**{"http_days": 0, "other_days": 0, **days}),
            ChainKey(read_key),
        )
        log = AuditLog(self.path, self.clock, at_once, retention, key)
        log.startService()
        self.addCleanup(log.stopService)
        return log

    def setUp(self):
        self.path, self.clock = Path(self.mktemp()), Clock()
        self.clock.advance(NOW)

    def verified(self, log, known=None):
        return self.successResultOf(log.verify(known))

    def test_verifies_what_was_recorded(self):
        """Events recorded just now, by two logs in turns, make one chain."""
        logs = [self.make_log(), self.make_log()]
        verifyObject(IAuditChain, logs[0])
        for number in range(10):
            logs[number % 2].record(event(number))
        found = self.verified(logs[0])
        self.assertEqual((found.fault, found.rows, found.head.sequence), (None, 10, 10))

    def test_verifies_after_retention(self):
        """What is too old goes in steps, and leaves a chain without a fault."""
        log = self.make_log(http_days=1)
        with transaction(log._engine, "write") as connection:
            old = [event(n - DAY * 2 * 10**9, event_type="http") for n in range(MOST_REMOVED + 1)]
            append(connection, [event(), *old, event()], Chain(KEY))
        self.successResultOf(log.retain(NOW))
        found = self.verified(log)
        self.assertEqual((found.fault, found.rows, found.removed), (None, 2, MOST_REMOVED + 1))

    def test_logs_its_end(self):
        """The head is logged every hour if it is another one, for those who keep logs elsewhere."""
        log = self.make_log()
        log.record(event())
        head = self.verified(log).head
        with capturedLogs() as logs:
            self.clock.pump([RETAIN_SECONDS] * 3)
        self.assertEqual([line["head"] for line in logs if "head" in line], [str(head)])

    def test_without_a_key(self):
        """Without its key the log records, says once that no hash is made, and verifies nothing."""

        def no_key():
            raise SecretFailed("the key file is gone")

        log = self.make_log(no_key)
        with capturedLogs() as logs:
            log.record(event(1))
            log.record(event(2))
        reasons = [line["reason"] for line in logs if "reason" in line]
        self.assertEqual(reasons, ["the key file is gone"])
        self.assertEqual(len(self.successResultOf(log.query(AuditFilter()))), 2)
        self.failureResultOf(log.verify(None), SecretFailed)
        self.assertIsNone(self.verified(self.make_log()).fault)


class SizeTests(SynchronousTestCase):
    """The database has a limit."""

    MOST = 400_000

    def setUp(self):
        self.path, self.clock = self.mktemp(), Clock()
        self.clock.advance(NOW)
        self.audit = log_at(
            self.path, self.clock, at_once, AuditRetention(http_days=0, max_bytes=self.MOST)
        )
        self.audit.startService()
        self.addCleanup(self.audit.stopService)

    def flood(self, count, **fields):
        with capturedLogs() as logs:
            for number in range(count):
                self.audit.record(event(number, detail="x" * 2000, **fields))
        return [log["detail"] for log in logs if "detail" in log]

    def found(self, **wanted):
        return self.successResultOf(self.audit.query(AuditFilter(limit=10_000, **wanted)))

    def test_removes_the_oldest(self):
        """Over its size the log gives up its oldest rows, and says so in a row and in the log."""
        logged = self.flood(1000, event_type="http")
        size = Path(self.path).stat().st_size
        self.assertLess(size, self.MOST + 50_000)
        rows = self.found(operation="audit_trim")
        self.assertTrue(rows)
        self.assertRegex(rows[0].detail, r"^removed the \d+ oldest events, up to 2023-11-14 ")
        self.assertEqual(sorted(logged), sorted(row.detail for row in rows))
        self.assertIsNone(self.successResultOf(self.audit.verify(None)).fault)
        kept = self.found(event_type="http")
        self.assertEqual(kept[0].rid, "rid_999")
        numbers = [int(row.rid.removeprefix("rid_")) for row in reversed(kept)]
        self.assertEqual(numbers, list(range(numbers[0], 1000)))

    def test_keeps_what_operators_did(self):
        """A flood of requests and sign-ins pushes out nothing else."""
        self.audit.record(event(operation="delete_apps"))
        self.flood(500, event_type="http")
        self.flood(500, operation="sign_in")
        self.assertEqual(len(self.found(operation="delete_apps")), 1)

    def test_may_have_any_size(self):
        """Without a limit nothing goes."""
        self.audit._retention = AuditRetention(http_days=0, other_days=0)
        self.flood(1000, event_type="http")
        self.assertEqual(len(self.found()), 1000)


class OpenAuditTests(TestCase):
    """A log with its thread, as the server has it."""

    def setUp(self):
        self.url = f"sqlite:{Path(self.mktemp()).absolute() / 'metadata' / 'audit.db'}"

    def open(self):
        retention = AuditRetention(other_days=0)
        return open_audit(self.url, UpgradeOptions(), retention, reactor, lambda: KEY)

    async def test_outlives_a_restart(self):
        """Opened by its URL it keeps events, of which none are lost by stopping at once."""
        for _ in range(2):
            audit = self.open()
            audit.startService()
            audit.record(event())
            await audit.stopService()
        audit = self.open()
        audit.startService()
        self.assertEqual(await audit.query(AuditFilter()), (event(), event()))
        await audit.stopService()
