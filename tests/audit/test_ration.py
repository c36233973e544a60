"""Tests for ``clace.audit.ration``: strangers get a share of the audit log, and no more."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.audit.ration import OTHERS, TOGETHER, RationedAudit
from clace.interfaces import IRationedAudit
from clace.testing.audit import MemoryAudit
from tests.support.audit_contract import event


class RationTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.audit = Clock(), MemoryAudit()
        self.ration = self.make()

    def make(self, a_minute=3, **options):
        ration = RationedAudit(
            self.audit, self.clock, lambda: "rid_x", a_minute=a_minute, **options
        )
        ration.startService()
        self.addCleanup(lambda: ration.running and ration.stopService())
        return ration

    def record(self, count, source="192.0.2.1", app_id="app_a"):
        return [self.ration.record(event(n, app_id=app_id), source) for n in range(count)]

    def told(self):
        return [(e.app_id, e.target, e.detail) for e in self.audit.events if not e.user_id]

    def test_provides_the_seam(self):
        """It has what the seam names."""
        verifyObject(IRationedAudit, self.ration)

    def test_counts_what_is_over(self):
        """Beyond the share events are left out, and one row a minute says how many."""
        self.assertEqual(self.record(5), [True, True, True, False, False])
        self.assertEqual(len(self.audit.events), 3)
        self.clock.advance(60)
        (row,) = self.told()
        self.assertEqual(row[:2], ("app_a", "192.0.2.1"))
        self.assertEqual(row[2], "left out 2 events, more than 3 a minute")
        self.clock.advance(60)
        self.assertEqual(len(self.told()), 1)

    def test_begins_anew(self):
        """The next minute has a share of its own."""
        self.record(5)
        self.clock.advance(60)
        self.assertEqual(self.record(1), [True])

    def test_holds_for_each_app_and_source(self):
        """One source costs no other source and no other app its share."""
        self.record(9)
        self.assertEqual(self.record(1, source="192.0.2.2"), [True])
        self.assertEqual(self.record(1, app_id="app_b"), [True])

    def test_tells_before_the_end(self):
        """A server that stops says what it left out."""
        self.record(4)
        self.ration.stopService()
        self.assertEqual(len(self.told()), 1)

    def test_takes_all(self):
        """Without a limit everything is recorded."""
        self.ration = self.make(a_minute=0)
        self.assertEqual(self.record(1000), [True] * 1000)

    def test_bounds_all_sources_together(self):
        """Thousands of addresses cannot fill the queue that events of operators share."""
        kept = sum(self.record(1, source=f"198.51.100.{n}")[0] for n in range(2000))
        self.assertEqual(kept, TOGETHER)
        self.clock.advance(1)
        self.assertEqual(sum(sum(self.record(1, source=f"a{n}")) for n in range(99)), 40)

    def test_keeps_room_for_known_users(self):
        """No number of strangers uses up the share of somebody who is signed in."""
        self.ration = self.make(sources=2)
        for number in range(2000):
            self.record(1, source=f"2001:db8:0:{number:x}::/64")
        kept = [self.ration.record(event(n), "user jo", known=True) for n in range(4)]
        self.assertEqual(kept, [True, True, True, False])

    def test_bounds_what_it_remembers(self):
        """Beyond a number of sources the others share one share, and few rows tell of many."""
        self.ration = self.make(sources=2)
        for number in range(1000):
            self.record(1, source=f"2001:db8:0:{number:x}::/64")
        self.assertEqual(len(self.ration._shares), 3)
        self.clock.advance(60)
        self.assertEqual(self.told()[0][:2], ("", OTHERS))
