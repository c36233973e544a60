"""The cache of static files."""

from twisted.trial.unittest import SynchronousTestCase

from clace.runtime.contents import Contents
from tests.support.apps import DictFiles
from tests.support.threads import at_once


class Counting(DictFiles):
    """Counts how often files are read."""

    reads = 0
    brotli_reads = 0

    async def read(self, name):
        self.reads += 1
        return await super().read(name)

    async def read_brotli(self, name):
        self.brotli_reads += 1
        return await super().read_brotli(name)


class ContentsTests(SynchronousTestCase):
    def test_reads_once(self):
        """A content is read once, under whatever name and in whatever app."""
        kept, one, other = Contents(at_once), Counting({"a": "x"}), Counting({"b": "x"})
        for files, name in ((one, "a"), (one, "a"), (other, "b")):
            self.assertEqual(self.successResultOf(kept.plain(files, name)).data, b"x")
        self.assertEqual((one.reads, other.reads), (1, 0))

    def test_no_brotli(self):
        """That a content is not stored compressed is remembered too."""
        kept, files = Contents(at_once), DictFiles({"a": "x"})
        self.assertIsNone(self.successResultOf(kept.brotli(files, "a")))
        self.assertIsNone(self.successResultOf(kept.brotli(files, "a")))

    def test_no_brotli_bounded(self):
        """Of many files that is not remembered for ever, though it has no bytes."""
        files = Counting({str(number): str(number) for number in range(5000)})
        kept = Contents(at_once, limit_mb=1)
        for name in (*files.refs, "4999", "0"):
            self.successResultOf(kept.brotli(files, name))
        self.assertEqual(files.brotli_reads, 5001)

    def test_changed_file(self):
        """Bytes that are not those of the hash are not kept under it."""
        kept, files = Contents(at_once), Counting({"a": "x"})
        files.contents["a"] = b"changed"
        self.assertEqual(self.successResultOf(kept.plain(files, "a")).data, b"changed")
        files.contents["a"] = b"x"
        self.assertEqual(self.successResultOf(kept.plain(files, "a")).data, b"x")

    def test_bounded(self):
        """What was not asked for longest makes room; what is too large is not kept."""
        texts = {str(n): bytes([n]) * 100_000 for n in range(12)}
        kept, files = Contents(at_once, limit_mb=1), Counting({**texts, "big": bytes(200_000)})
        for name in (*texts, "11", "big", "big"):
            self.successResultOf(kept.plain(files, name))
        self.assertEqual(files.reads, 14)
        self.successResultOf(kept.plain(files, "0"))
        self.assertEqual(files.reads, 15)
