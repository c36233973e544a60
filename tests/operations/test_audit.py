"""Tests for ``clace.operations.audit``: which events a filter of an operator lets pass."""

from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.audit import ExportAudit, ListAudit, VerifyAudit
from clace.errors import BadRequest, InvalidGlob
from clace.model.app import App
from clace.model.audit_filter import AuditFault, AuditHead, AuditVerification
from clace.operations.audit import AuditOperations
from clace.testing.audit import MemoryAudit
from tests.support.audit_contract import event

DAY = 86_400 * 10**9
APPS = (
    App(id="app_prd_1", path="/disk"),
    App(id="app_stg_1", path="/disk_cl_stage", main_app="app_prd_1"),
    App(id="app_prd_2", path="/mail"),
)


class BrokenChain:
    """A chain with one outcome, that remembers which head it was asked about."""

    def __init__(self, found):
        self.found, self.known = found, None

    async def verify(self, known):
        self.known = known
        return self.found


class AuditOperationsTests(SynchronousTestCase):
    def setUp(self):
        self.log = MemoryAudit()
        self.operations = self.over(self.log)

    def over(self, chain):
        async def apps():
            return APPS

        return AuditOperations(self.log, chain, apps)

    def listed(self, **wanted):
        found = self.successResultOf(self.operations.list_audit(ListAudit(**wanted)))
        return [each.rid for each in found.events]

    def exported(self, **wanted):
        async def collected():
            pages = self.operations.export_audit(ExportAudit(**wanted))
            return [each.rid async for page in pages for each in page]

        return self.successResultOf(collected())

    def test_lists_and_exports_alike(self):
        """Both obey every filter; a list has the newest first, an export the oldest."""
        self.log.record(event(1))
        others = {"user_id": "bob", "event_type": "http", "operation": "PUT", "target": "a:/b"}
        for number, (name, other) in enumerate(others.items(), 2):
            self.log.record(event(number, **{name: other}))
            self.assertEqual(self.listed(**{name: other}), [f"rid_{number}"])
            self.assertEqual(self.exported(**{name: other}), [f"rid_{number}"])
        self.assertEqual(self.listed(limit="2"), ["rid_5", "rid_4"])
        self.assertEqual(self.exported(), [f"rid_{number}" for number in range(1, 6)])

    def test_words_that_no_event_has(self):
        """A type or status that is misspelt is refused: no events would say that all is well."""
        for name, word, told in (
            ("event_type", "htp", "type htp, expected one of http, system, action, custom; did"),
            ("event_type", "htp", "; did you mean http?"),
            ("event_type", "foo", "one of http, system, action, custom"),
            ("status", "failed", "Locked or an HTTP status; did you mean Failed?"),
            ("status", "4030", "Success, Failed, Refused, Locked or an HTTP status"),
        ):
            for asked in (
                self.operations.list_audit(ListAudit(**{name: word})),
                self.operations.export_audit(ExportAudit(**{name: word})).__anext__(),
            ):
                self.assertIn(told, self.failureResultOf(asked, BadRequest).value.message)
        for word in ("Success", "Failed", "Refused", "Locked", "403"):
            self.assertEqual(self.listed(status=word), [])

    def test_apps(self):
        """A glob selects apps with their twins, an id also an app that was deleted."""
        ids = ("app_prd_1", "app_stg_1", "app_prd_2", "app_prd_gone")
        for number, app_id in enumerate(ids):
            self.log.record(event(number, app_id=app_id))
        self.assertEqual(self.exported(app_glob="/disk"), ["rid_0", "rid_1"])
        self.assertEqual(self.exported(app_glob="all"), ["rid_0", "rid_1", "rid_2"])
        self.assertEqual(self.exported(app_glob="app_prd_gone"), ["rid_3"])
        self.assertEqual(self.exported(app_glob="/nowhere"), [])
        asked = self.operations.list_audit(ListAudit(app_glob="a:b:c"))
        self.failureResultOf(asked, InvalidGlob)

    def test_dates(self):
        """A day is a whole day of UTC, at both ends; a time is exact, in any zone."""
        for day in range(4):
            self.log.record(event(create_time=day * DAY, rid=f"day_{day}"))
        self.assertEqual(
            self.exported(start_date="1970-01-02", end_date="1970-01-03"), ["day_1", "day_2"]
        )
        self.assertEqual(self.exported(end_date="19700102"), ["day_0", "day_1"])
        self.assertEqual(self.exported(end_date="1970-01-02 00:00:00"), ["day_0"])
        self.assertEqual(self.exported(end_date="1970-01-02T01:00:01+01:00"), ["day_0", "day_1"])
        for wrong in ("yesterday", "1970-13-01", "0001-01-01T00:00:00+23:59", "9999-12-31"):
            asked = self.operations.list_audit(ListAudit(end_date=wrong))
            self.assertIn(wrong, self.failureResultOf(asked, BadRequest).value.message)

    def test_dates_the_wrong_way_round(self):
        """An end that is not after the start finds nothing, so it is refused; one day is a span."""
        for start, end in (
            ("1970-01-03", "1970-01-02"),
            ("1970-01-02 00:00:01", "1970-01-02 00:00:01"),
        ):
            asked = self.operations.list_audit(ListAudit(start_date=start, end_date=end))
            told = self.failureResultOf(asked, BadRequest).value.message
            self.assertEqual(told, f"start {start} is not before end {end}")
        self.assertEqual(self.exported(start_date="1970-01-02", end_date="1970-01-02"), [])

    def test_limits(self):
        """A limit is a number from 1 to 10000."""
        for wrong in ("0", "-1", "ten", "10001", "9" * 5000, "²"):
            asked = self.operations.list_audit(ListAudit(limit=wrong))
            self.failureResultOf(asked, BadRequest)

    def test_describes_events(self):
        """An event has the path of its app, and its time twice."""
        self.log.record(event(app_id="app_stg_1", create_time=1_700_000_000_123_456_789))
        (found,) = self.successResultOf(self.operations.list_audit(ListAudit())).events
        self.assertEqual((found.app_id, found.app_path), ("app_stg_1", "/disk_cl_stage"))
        self.assertEqual(found.create_time.isoformat(), "2023-11-14T22:13:20.123456+00:00")
        self.assertEqual(found.create_time_epoch, "1700000000123456789")

    def test_tells_the_fault(self):
        """The first row at fault is told with its event, whatever became of that."""
        fault = AuditFault(sequence=7, reason="changed", event=event(create_time=2**70))
        chain = BrokenChain(AuditVerification(fault=fault, rows=6))
        self.operations = self.over(chain)
        head = f"9:{'a' * 64}"
        found = self.successResultOf(self.operations.verify_audit(VerifyAudit(head)))
        self.assertEqual((found.is_whole, found.sequence, found.reason), (False, 7, "changed"))
        self.assertEqual((found.rows, found.event.operation), (6, "reload_apps"))
        self.assertEqual(chain.known, AuditHead(9, "a" * 64))

    def test_tells_the_head(self):
        """A whole log is told with the head that is worth keeping."""
        chain = BrokenChain(AuditVerification(head=AuditHead(9, "b" * 64), removed=2, unchained=1))
        self.operations = self.over(chain)
        found = self.successResultOf(self.operations.verify_audit(VerifyAudit()))
        self.assertEqual((found.is_whole, found.head), (True, f"9:{'b' * 64}"))
        self.assertEqual((found.removed, found.unchained, found.event), (2, 1, None))
