"""Tests for ``clace.gotemplate.sprig.dates``."""

from datetime import UTC, datetime, timedelta

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import compile_templates
from clace.gotemplate.sprig.dates import rel_time


class RelTimeTests(SynchronousTestCase):
    def test_words(self):
        """A moment is told by its distance, in as many units as asked for."""
        then = datetime.now(UTC) - timedelta(hours=3, minutes=5, seconds=1)
        self.assertEqual(rel_time(then), "3 hours ago")
        self.assertEqual(rel_time(then, 2), "3 hours 5 minutes ago")
        self.assertEqual(rel_time(then.strftime("%Y-%m-%dT%H:%M:%SZ")), "3 hours ago")

    def test_no_time_is_a_dash(self):
        """What is no time, or the zero time, is a dash."""
        for value in ("", "yesterday", None, 5, "0001-01-01T00:00:00Z"):
            self.assertEqual(rel_time(value), "-")


class NowTests(SynchronousTestCase):
    def test_now(self):
        """Now is a time that templates can format and compare."""
        source = '{{now.Year}}|{{date "2006" now}}|{{now.IsZero}}|{{htmlDate now | len}}'
        year = str(datetime.now(UTC).year)
        self.assertIn(year, compile_templates({"t": source}).render("t", None))
