"""Tests for ``clace.operations.merging``: the last declaration, the new one, and what is live."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.model.app import AppMetadata
from clace.model.declared import DeclaredApp
from clace.operations.merging import (
    merged_entries,
    merged_list,
    merged_metadata,
    merged_text,
    read,
    written,
)

NAMES = st.sampled_from("abc")
ENTRIES = st.dictionaries(NAMES, st.sampled_from(["1", "2", "3"]))


class TextTests(SynchronousTestCase):
    def test_rows(self):
        """Only what changed in the file is written; without a last declaration, what it says."""
        for live, last, new, expected in (
            ("hand", "file", "file", "hand"),
            ("hand", "file", "other", "other"),
            ("hand", "file", "", ""),
            ("hand", None, "", "hand"),
            ("hand", None, "file", "file"),
        ):
            merged = merged_text(live, last, new, clobber=False)
            self.assertEqual(merged, expected, (live, last, new))
            self.assertEqual(merged_text(live, last, new, clobber=True), new)


class EntriesTests(SynchronousTestCase):
    @given(ENTRIES, ENTRIES, ENTRIES)
    def test_each_name(self, live, last, new):
        """Name by name: what the file did not change stays as it is live, else the file decides."""
        merged = merged_entries(live, last, new, clobber=False)
        for name in "abc":
            decides = last.get(name) != new.get(name)
            self.assertEqual(merged.get(name), (new if decides else live).get(name), name)

    @given(ENTRIES, ENTRIES, ENTRIES)
    def test_clobber(self, live, last, new):
        """The file decides everything."""
        self.assertEqual(merged_entries(live, last, new, clobber=True), new)

    @given(ENTRIES, ENTRIES)
    def test_again(self, live, new):
        """To apply the same once more changes nothing, whatever was changed by hand meanwhile."""
        self.assertEqual(merged_entries(live, new, new, clobber=False), live)


class MetadataTests(SynchronousTestCase):
    def test_remembers(self):
        """The declaration is kept with the version, but for the file that it stands in."""
        one = DeclaredApp(path="/a", source="/s", file="x.ace", params={"n": "1"})
        after = merged_metadata(AppMetadata(param_values={"m": "2"}), None, one, clobber=False)
        self.assertEqual(after.param_values, {"m": "2", "n": "1"})
        kept = read(after.version_metadata.apply_info)
        self.assertEqual((kept.params, kept.file), (one.params, ""))

    @given(st.text(max_size=40))
    def test_reads_anything(self, text):
        """What is no declaration counts as none."""
        self.assertIsNone(read(text))
        self.assertEqual(read(written(DeclaredApp(path=text, source="/s"))).path, text)


class ListTests(SynchronousTestCase):
    @given(*[st.lists(NAMES, unique=True).map(tuple)] * 3)
    def test_each_item(self, live, last, new):
        """Item by item: what the file did not change stays as it is live, else the file decides."""
        merged = merged_list(live, last, new, clobber=False)
        for item in "abc":
            decides = (item in last) != (item in new)
            self.assertEqual(item in merged, item in (new if decides else live), item)
        self.assertEqual(len(set(merged)), len(merged))
        self.assertEqual(merged_list(live, last, new, clobber=True), new)
