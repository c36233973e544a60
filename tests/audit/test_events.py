"""Tests for ``clace.audit.events``: the maker of audit events."""

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.interfaces import IAuditEvents
from clace.model.deeds import Deed, sign_in_refused
from clace.testing.audit import MemoryAudit
from tests.support.audit_contract import maker_into


class AuditEventsTests(SynchronousTestCase):
    def setUp(self):
        self.log = MemoryAudit()
        self.events = maker_into(self.log, a_minute=2)

    def test_provides_the_seam(self):
        """It has what the seam names."""
        verifyObject(IAuditEvents, self.events)

    def test_gives_time_and_id(self):
        """A deed gets its moment, and the id of its request or one of its own."""
        self.assertTrue(self.events.record(Deed(operation="reload_apps"), "rid_7"))
        self.assertTrue(self.events.record(Deed(operation="reload_apps")))
        rows = [(row.create_time, row.rid) for row in self.log.events]
        self.assertEqual(rows, [(1_500_000_000, "rid_7"), (1_500_000_000, "rid_1")])

    def test_rations_strangers(self):
        """A source that used up its share is told so; operators have no share to use up."""
        strange = sign_in_refused("github", "192.0.2.1", "the state is unknown")
        self.assertEqual([self.events.record(strange) for _ in range(3)], [True, True, False])
        operators = [self.events.record(Deed(operation="reload_apps")) for _ in range(9)]
        self.assertTrue(all(operators))
