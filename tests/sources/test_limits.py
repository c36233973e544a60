from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import SourceError
from clace.locations import is_not_the_apps
from clace.sources.limits import SourceLimits, SourceTally, checked_name


class LimitsTests(SynchronousTestCase):
    """How much a source may have."""

    def tally(self, sizes, **limits):
        tally = SourceTally(SourceLimits(**limits))
        for number, size in enumerate(sizes):
            tally.add(f"f{number}", size)

    def test_takes_what_just_fits(self):
        """The limits themselves are allowed."""
        self.tally([3, 3, 3], files=3, file=3, total=9)

    def test_refuses_what_is_too_much(self):
        """Each limit is named with its number, and a file that is too large with its name."""
        for sizes, limits, part in [
            ([1, 1], {"files": 1}, "more than 1 files"),
            ([1, 5], {"file": 4}, "file f1 is over the limit of 4 bytes"),
            ([4, 4], {"total": 7}, "more than 7 bytes"),
        ]:
            error = self.assertRaises(SourceError, self.tally, sizes, **limits)
            self.assertIn(part, error.message)


class NamesTests(SynchronousTestCase):
    """Which names are for a source."""

    def test_skips_what_is_not_the_apps(self):
        """Version control, caches and editors' files are skipped; what looks similar is not."""
        for part in (".git", "__pycache__", ".venv", "node_modules", ".a.swp", "a~", ".#a", "#a#"):
            self.assertTrue(is_not_the_apps(part), part)
        for part in ("git", ".gitignore", "a.swp", "a~b", "#a", "app.star", ".well-known"):
            self.assertFalse(is_not_the_apps(part), part)

    @given(st.binary(min_size=1))
    def test_names_are_utf_8_or_refused(self, raw):
        """Any bytes are a name or a refusal that can be shown."""
        for name in (raw, raw.decode("utf-8", "surrogateescape")):
            try:
                self.assertEqual(checked_name(name).encode(), raw)
            except SourceError as error:
                self.assertRaises(UnicodeDecodeError, raw.decode)
                error.message.encode()
