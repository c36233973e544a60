"""Tests for ``clace.gotemplate.go.time``."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.time import format_time, zone
from clace.gotemplate.go.time_read import parse_time

MOMENT = datetime(2024, 2, 29, 13, 4, 5, 123456, tzinfo=UTC)
LAYOUTS = (
    "2006-01-02T15:04:05.999999Z07:00",
    "Mon Jan _2 15:04:05.000000 MST 2006",
    "2006 002 3:04:05.000000PM",
)


class TimeTests(SynchronousTestCase):
    @given(st.datetimes(datetime(1000, 1, 1), datetime(9998, 1, 1)), st.sampled_from(LAYOUTS))  # noqa: DTZ001
    def test_reads_back(self, moment, layout):
        """A time in a full layout is read back as itself."""
        moment = moment.replace(tzinfo=UTC)
        self.assertEqual(parse_time(layout, format_time(moment, layout), UTC), moment)

    def test_unknown_zones_are_utc(self):
        """A zone that is none, or tries to be a path, is UTC."""
        for name in ("Nope/Zone", "../etc/passwd", "/etc/localtime", ""):
            self.assertIs(zone(name), UTC)

    @given(st.text("2006-01T:5.Z7 JanMonMST_"), st.text("0123456789-:TZ. abc"))
    def test_any_layout_reads_or_refuses(self, layout, value):
        """No layout and value are anything but a time or a refusal."""
        try:
            parse_time(layout, value, UTC)
        except CallFault:
            return
