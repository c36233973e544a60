"""Tests for ``clace.gotemplate.sprig.semver``."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.faults import CallFault
from clace.gotemplate.limits import Limits, Meter
from clace.gotemplate.sprig.semver import compare, parse_version, satisfies

versions = st.from_regex(r"\A[0-9]{1,3}\.[0-9]\.[0-9](-[a-z]{1,3}(\.[1-9])?)?\Z").map(parse_version)


class SemverTests(SynchronousTestCase):
    @given(versions, versions)
    def test_comparison_is_an_order(self, first, second):
        """One of two versions is the lower, whoever asks."""
        self.assertEqual(compare(first, second), -compare(second, first))

    @given(st.text("0123456789.x*^~<>=!|,- v"))
    def test_any_constraint_is_decided_or_refused(self, text):
        """A constraint is met, not met or none."""
        with contextlib.suppress(CallFault):
            satisfies(Meter(Limits()), text, "1.2.3")
