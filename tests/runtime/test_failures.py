"""Tests for ``clace.runtime.failures``."""

from twisted.internet.task import Clock
from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.interfaces import IFailures
from clace.model.failures import AppFailure, Fault
from clace.runtime.failures import APPS, KEPT, LINES, AppFailures

FAULT = Fault(message="division by zero", place="app.star:3:9", route="/x/{id}")


def a_failure(app_id="app_prd_1", **fields):
    known = {
        "time": 5.0,
        "app": "/shop",
        "version": 4,
        "fault": FAULT,
        "method": "GET",
        "user_id": "ann",
        "request_id": "rid_1",
    }
    return AppFailure(app_id=app_id, **{**known, **fields})


class FailuresTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.failures = AppFailures(self.clock)
        self.events = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def lines(self):
        return [formatEvent(event) for event in self.events if "request_id" in event]

    def test_interface(self):
        """It is what the web edge and the operations ask for."""
        verifyObject(IFailures, self.failures)

    def test_line(self):
        """The line names app, version, route, place, user and request; fields have them too."""
        self.failures.record(a_failure())
        self.assertEqual(
            "".join(self.lines()),
            "/shop version 4 failed on GET /x/{id}: division by zero at app.star:3:9"
            " (user ann, request rid_1)",
        )
        (event,) = [event for event in self.events if "request_id" in event]
        self.assertEqual(
            [event[name] for name in ("app", "version", "place", "user", "log_level")],
            ["/shop", 4, "app.star:3:9", "ann", LogLevel.error],
        )

    def test_place_once(self):
        """A place that the message tells is not told again."""
        fault = Fault(message="app.star:1:1: no such file", place="app.star:1:1")
        self.failures.record(a_failure(fault=fault))
        self.assertEqual(self.lines()[0].count("app.star:1:1"), 1)

    def test_rate(self):
        """An app has so many lines in a minute; the next one says how many are missing."""
        for _ in range(LINES + 7):
            self.failures.record(a_failure())
        self.failures.record(a_failure("app_prd_2", app="/other"))
        self.assertEqual(len(self.lines()), LINES + 1)
        self.assertIn("/other", self.lines()[-1])
        self.clock.advance(60)
        self.failures.record(a_failure())
        self.assertIn("7 failures before it were not logged", self.lines()[-1])

    def test_recent(self):
        """The last failures of an app are kept, equal ones in a row as one with their count."""
        for number in range(KEPT + 5):
            fault = Fault(message=f"number {number}")
            self.failures.record(a_failure(fault=fault))
            self.failures.record(a_failure(fault=fault, request_id=f"rid_{number}"))
        found = self.failures.recent("app_prd_1")
        self.assertEqual(len(found), KEPT)
        newest = found[0]
        self.assertEqual(
            (newest.fault.message, newest.count, newest.request_id),
            (f"number {KEPT + 4}", 2, f"rid_{KEPT + 4}"),
        )
        self.assertEqual(self.failures.recent("app_prd_2"), ())

    def test_bounded(self):
        """Texts of apps are cut, and the failures of apps long gone are forgotten."""
        huge = Fault(message="x" * 1_000_000, place="y" * 10_000, route="z" * 10_000)
        self.failures.record(a_failure(fault=huge))
        (kept,) = self.failures.recent("app_prd_1")
        self.assertLess(sum(map(len, (kept.fault.message, kept.fault.place))), 10_000)
        for number in range(APPS):
            self.failures.record(a_failure(f"app_{number}"))
        self.assertEqual(self.failures.recent("app_prd_1"), ())
