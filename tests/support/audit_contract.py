"""What every audit log promises; ``make_audit(retention)`` gives an empty one."""

from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from clace.audit.events import AuditEvents
from clace.audit.ration import RationedAudit
from clace.audit.retention import AuditRetention, nanoseconds
from clace.errors import BadRequest
from clace.interfaces import IAuditLog, IAuditTrail
from clace.model.audit_filter import AuditFilter
from clace.model.traffic import AuditEvent

NOW = 1_700_000_000
KEY = b"k" * 32
DAY = 24 * 3600


def event(number=0, **fields):
    defaults = {
        "rid": f"rid_{number}",
        "app_id": "app_prd_a",
        "create_time": nanoseconds(NOW) + number,
        "user_id": "admin",
        "event_type": "system",
        "operation": "reload_apps",
        "target": "/disk",
        "status": "Success",
        "detail": "",
    }
    return AuditEvent(**{**defaults, **fields})


def maker_into(log, seconds=lambda: 1.5, new_id=lambda: "rid_1", **options):
    """The maker of events, into a log; without options no source has a share that ends."""
    ration = RationedAudit(log, Clock(), lambda: "rid_x", **{"a_minute": 0, **options})
    return AuditEvents(log, ration, seconds, new_id)


class AuditContract:
    """Mix into a ``SynchronousTestCase``."""

    def setUp(self):
        self.audit = self.make_audit(AuditRetention(http_days=1, other_days=2))

    def found(self, **wanted):
        return list(self.successResultOf(self.audit.query(AuditFilter(**wanted))))

    def recorded(self, *events):
        for one in events:
            self.audit.record(one)
        return list(events)

    def test_provides_the_seam(self):
        """It has what the seams name."""
        verifyObject(IAuditLog, self.audit)
        verifyObject(IAuditTrail, self.audit)

    def test_gives_the_newest_first(self):
        """Events come back whole, newest first; of one time, the last recorded first."""
        one, two, three = self.recorded(event(1), event(2), event(2, detail="again"))
        self.assertEqual(self.found(), [three, two, one])
        self.recorded(event(0))
        self.assertEqual(self.found()[-1], event(0))

    def test_gives_no_more_than_asked_for(self):
        """The limit keeps the newest; it is 50 unless told, and has bounds."""
        events = self.recorded(*(event(number) for number in range(60)))
        self.assertEqual(self.found(limit=1), events[-1:])
        self.assertEqual(len(self.found()), 50)
        for limit in (0, -1, 10_001):
            self.assertRaises(BadRequest, AuditFilter, limit=limit)

    def test_finds_by_field(self):
        """A field that is given must be the same."""
        plain = event()
        fields = ("user_id", "event_type", "operation", "target", "status", "rid")
        for name in fields:
            (other,) = self.recorded(event(**{name: "other"}))
            self.recorded(plain)
            self.assertEqual(self.found(**{name: "other"}), [other])
            self.assertEqual(self.found(**{name: "OTHER"}), [])

    def test_finds_by_apps(self):
        """Events of some apps; of no apps there are none."""
        one, two, _ = self.recorded(*(event(app_id=app) for app in ("a", "b", "c")))
        self.assertEqual(self.found(app_ids=frozenset({"a", "b"})), [two, one])
        self.assertEqual(self.found(app_ids=frozenset()), [])

    def test_finds_by_time(self):
        """From the start on, and before the end."""
        events = self.recorded(*(event(number) for number in range(4)))
        start, end = events[1].create_time, events[3].create_time
        self.assertEqual(self.found(start=start, end=end), [events[2], events[1]])

    def test_finds_by_pattern(self):
        """The detail is found by a pattern over all of it, blind to case."""
        (one,) = self.recorded(event(detail="POST /Disk 200 (5%)"))
        for pattern in ("%disk%", "POST%", "%5_)", "%(5%", "POST /disk 200 (5%)"):
            self.assertEqual(self.found(detail=pattern), [one], pattern)
        for pattern in ("disk", "%.*%", "POST_", "%disk", "\\%"):
            self.assertEqual(self.found(detail=pattern), [], pattern)

    def test_gives_entries(self):
        """Entries are the events that a query gives, numbered in the order of recording."""
        events = self.recorded(*(event(number) for number in range(3)))
        entries = self.successResultOf(self.audit.entries(AuditFilter(limit=2)))
        self.assertEqual([entry.event for entry in entries], [events[2], events[1]])
        self.assertGreater(entries[0].sequence, entries[1].sequence)

    def test_gives_pages(self):
        """All events that pass come in pages, oldest first, however many there are."""
        self.recorded(*(event(number, app_id="ab"[number % 2]) for number in range(900)))

        async def collected(**wanted):
            pages = self.audit.pages(AuditFilter(**wanted))
            return [entry.event.rid async for page in pages for entry in page]

        everything = self.successResultOf(collected())
        self.assertEqual(everything, [f"rid_{number}" for number in range(900)])
        some = self.successResultOf(collected(app_ids=frozenset("b"), limit=1))
        self.assertEqual(some, [f"rid_{number}" for number in range(1, 900, 2)])
        self.assertEqual(self.successResultOf(collected(user_id="nobody")), [])

    def test_gives_operations(self):
        """The operations that were recorded are listed once each, sorted, whoever's they are."""
        for operation in ("b", "a", "b"):
            self.recorded(event(event_type="custom", operation=operation))
        self.recorded(event(operation="reload_apps"))
        self.assertEqual(self.successResultOf(self.audit.operations()), ("a", "b", "reload_apps"))

    def test_forgets_what_is_old(self):
        """Requests are forgotten after one number of days, other events after another."""
        kinds = [(kind, days) for kind in ("http", "system") for days in (0.9, 1.1, 2.1)]
        for kind, days in kinds:
            self.recorded(event(create_time=nanoseconds(NOW - days * DAY), event_type=kind))
        self.successResultOf(self.audit.retain(NOW))
        self.assertEqual(len(self.found(event_type="http")), 1)
        self.assertEqual(len(self.found(event_type="system")), 2)

    def test_may_keep_all(self):
        """No days, no end."""
        self.audit = self.make_audit(AuditRetention(http_days=0, other_days=-1))
        self.recorded(event(create_time=1, event_type="http"), event(create_time=1))
        self.successResultOf(self.audit.retain(NOW))
        self.assertEqual(len(self.found()), 2)

    def test_takes_what_no_database_takes(self):
        """Texts that are no Unicode, have a NUL, or have no end are made to fit."""
        self.recorded(event(target="\ud800", detail="a\0b\x1b]0;x\x07\nc", user_id="x" * 10_000))
        (found,) = self.found()
        self.assertEqual(found.target, "\\ud800")
        self.assertEqual(found.detail, "a\\x00b\\x1b]0;x\\x07\nc")
        self.assertEqual(found.user_id, "x" * 253 + "...")

    def test_bounds_every_text(self):
        """No field of an event is longer than a few kilobytes, however it is written."""
        texts = dict.fromkeys(("target", "detail", "operation", "rid"), "\U000e0001" * 100000)
        self.recorded(event(**texts))
        (found,) = self.found()
        self.assertEqual((len(found.target), len(found.detail)), (1024, 4096))
        self.assertEqual((len(found.operation), len(found.rid)), (256, 256))
