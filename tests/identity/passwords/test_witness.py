"""Tests for ``clace.identity.passwords.witness``: what is kept of sign-ins that failed."""

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from clace.identity.passwords.sign_ins import Attempt
from clace.identity.passwords.witness import SignInTrail
from clace.testing.audit import MemoryAudit
from tests.support.audit_contract import maker_into


class WitnessTests(SynchronousTestCase):
    def setUp(self):
        self.audit = MemoryAudit()
        self.trail = SignInTrail(maker_into(self.audit, lambda: 2.5, a_minute=3))

    def attempt(self, user="admin", address="192.0.2.1", *, known=True):
        return Attempt(
            address=address, user=user, known=known, digest=b"secret digest", by="system"
        )

    def told(self, *calls):
        with capturedLogs() as logs:
            for call in calls:
                call()
        return [log["log_format"].format(**log) for log in logs]

    def test_keeps_failures(self):
        """A failure is a line of the log and a row of the audit log: who, from where, when."""
        logged = self.told(lambda: self.trail.failed(self.attempt(), ""))
        self.assertEqual(logged, ["Sign-in of admin from 192.0.2.1 failed"])
        (row,) = self.audit.events
        self.assertEqual((row.user_id, row.target, row.status), ("admin", "192.0.2.1", "Failed"))
        self.assertEqual((row.operation, row.create_time), ("sign_in", 2_500_000_000))

    def test_keeps_locks_and_what_ended_failures(self):
        """The begin of a lock is told too, and a success that came after failures."""
        logged = self.told(
            lambda: self.trail.locked(self.attempt()),
            lambda: self.trail.recovered(self.attempt(), 3),
        )
        self.assertEqual(logged, ["Sign-in of admin from 192.0.2.1 is locked for a while"])
        ends = [(row.status, row.detail) for row in self.audit.events]
        self.assertEqual(
            ends,
            [
                ("Locked", "by system: too many failed sign-ins"),
                ("Success", "by system: after 3 failed"),
            ],
        )

    def test_keeps_what_was_refused_unchecked(self):
        """A password that can be none is told as such, as an event of the server."""
        logged = self.told(lambda: self.trail.unchecked(self.attempt(), "too long"))
        self.assertEqual(logged, ["Sign-in of admin from 192.0.2.1 was refused unchecked"])
        (row,) = self.audit.events
        self.assertEqual((row.status, row.detail), ("Refused", "by system: too long"))
        self.assertEqual((row.event_type, row.app_id), ("system", ""))

    def test_hostile_names(self):
        """A name drives no terminal, makes no line of its own, and has an end."""
        name = "eve\x1b]0;x\x07\nadmin signed in\x9b" + "x" * 5000
        (logged,) = self.told(lambda: self.trail.failed(self.attempt(name, ""), "unknown name"))
        self.assertTrue(logged.isprintable())
        self.assertLess(len(logged), 100)
        (row,) = self.audit.events
        self.assertTrue(row.user_id.startswith("eve\\x1b]0;x\\x07\\nadmin"))
        self.assertEqual((len(row.user_id), row.target), (64, "unix"))

    def test_floods_hide_nothing(self):
        """Refusals that cost no check, of one address or thousands, hide no failure and no lock."""
        calls = [
            lambda n=n: self.trail.unchecked(self.attempt(address=f"198.51.{n >> 8}.{n & 255}"), "")
            for n in range(3000)
        ]
        calls += [lambda: self.trail.unchecked(self.attempt(), "")] * 10
        self.told(*calls)
        logged = self.told(
            lambda: self.trail.failed(self.attempt(), ""),
            lambda: self.trail.locked(self.attempt()),
        )
        self.assertEqual(len(logged), 2)
        statuses = [row.status for row in self.audit.events]
        self.assertEqual(statuses[-2:], ["Failed", "Locked"])
        self.assertLess(len(statuses), 600)

    def test_floods(self):
        """Thousands of failures of one address leave a few lines and rows, whatever the names."""
        calls = [lambda n=n: self.trail.failed(self.attempt(f"name{n}"), "") for n in range(1000)]
        self.assertEqual(len(self.told(*calls)), 3)
        self.assertEqual(len(self.audit.events), 3)
