"""The cache of static files."""

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from clace.encodings import ENCODINGS, IDENTITY
from clace.runtime.spool import SpooledContent
from clace.runtime.static.contents import ContentCache
from tests.support.apps import DictFiles
from tests.support.encodings import Packed, decoded
from tests.support.threads import at_once


class Counting(DictFiles):
    """Counts how often files are read."""

    reads = 0
    encoded_reads = 0

    async def read(self, name):
        self.reads += 1
        return await super().read(name)

    async def read_encoded(self, name, encoding):
        self.encoded_reads += 1
        return self.contents[name] + f" as {encoding}".encode()


class ContentsTests(SynchronousTestCase):
    def test_reads_once(self):
        """A content is read once, under whatever name and in whatever app."""
        kept, one, other = ContentCache(at_once), Counting({"a": "x"}), Counting({"b": "x"})
        for files, name in ((one, "a"), (one, "a"), (other, "b")):
            self.assertEqual(self.successResultOf(kept.read(files, name)).data, b"x")
        self.assertEqual((one.reads, other.reads), (1, 0))

    def test_encodings(self):
        """Each encoding is read once, and is another content than the file itself."""
        kept, files = ContentCache(at_once), Counting({"a": "x"})
        for encoding in ("br", "gzip", "br"):
            content = self.successResultOf(kept.read(files, "a", encoding))
            self.assertEqual(content.data, f"x as {encoding}".encode())
        self.assertEqual(self.successResultOf(kept.read(files, "a")).data, b"x")
        self.assertEqual((files.encoded_reads, files.reads), (2, 1))

    def test_at_hand(self):
        """Contents that are kept, or that somebody is being sent, are there without waiting."""
        kept, files = (
            ContentCache(at_once, limit_mb=1),
            DictFiles({"a": "x", "big": bytes(200_000)}),
        )
        small, big = (files.refs[name].sha256 for name in ("a", "big"))
        self.assertIsNone(kept.at_hand(small, IDENTITY))
        self.successResultOf(kept.read(files, "a"))
        sent = self.successResultOf(kept.read(files, "big"))
        self.assertIs(kept.at_hand(big, IDENTITY), sent)
        self.assertIsNone(kept.at_hand(big, "br"))
        self.assertEqual(kept.at_hand(small, IDENTITY).data, b"x")

    def test_large_ones_used_last(self):
        """Of large contents the last that were asked for stay; others while they are sent."""
        files = Counting({name: name.encode() * 200_000 for name in "abcdef"})
        kept = ContentCache(at_once, limit_mb=1)

        def read(name):
            content = self.successResultOf(kept.read(files, name))
            return content, files.reads

        self.assertEqual([read(name)[1] for name in "abcdbefba"], [1, 2, 3, 4, 4, 5, 6, 6, 7])
        sent, _ = read("a")
        self.assertEqual([read(name)[1] for name in "cdefa"], [8, 9, 10, 11, 11])
        del sent
        self.assertEqual([read(name)[1] for name in "aefdbca"], [11, 11, 11, 11, 12, 13, 14])

    def test_small_contents_bounded(self):
        """Of many encodings those longest unused go, though they have few bytes."""
        files = Counting({str(number): str(number) for number in range(5000)})
        kept = ContentCache(at_once, limit_mb=1)
        for name in (*files.refs, "4999", "0"):
            self.successResultOf(kept.read(files, name, "br"))
        self.assertEqual(files.encoded_reads, 5001)

    def test_changed_file(self):
        """Bytes that are not those of the hash are not kept under it."""
        kept, files = ContentCache(at_once), Counting({"a": "x"})
        files.contents["a"] = b"changed"
        self.assertEqual(self.successResultOf(kept.read(files, "a")).data, b"changed")
        files.contents["a"] = b"x"
        self.assertEqual(self.successResultOf(kept.read(files, "a")).data, b"x")

    def test_large_files(self):
        """A large file, or an encoding of it, is sent from the disk; one that changed once."""
        kept, files = ContentCache(at_once, limit_mb=1), Packed({"big": b"text " * 40_000})
        for encoding in (IDENTITY, *ENCODINGS):
            content = self.successResultOf(kept.read(files, "big", encoding))
            self.assertIsInstance(content, SpooledContent)
            sent = self.successResultOf(Deferred.fromCoroutine(self.whole(content)))
            plain = sent if encoding == IDENTITY else decoded(encoding, sent)
            self.assertEqual(plain, files.contents["big"])
            self.assertIs(kept.at_hand(files.refs["big"].sha256, encoding), content)
        kept = ContentCache(at_once, limit_mb=1)
        files.contents["big"] = b"other" * 40_000
        self.successResultOf(kept.read(files, "big"))
        self.assertIsNone(kept.at_hand(files.refs["big"].sha256, IDENTITY))

    async def whole(self, content):
        return b"".join([piece async for piece in content.sent(0, content.size, 1000)])

    def test_no_room_on_disk(self):
        """A large file that cannot be written to the disk is sent from memory, which is logged."""

        class Full(Counting):
            async def copy(self, name, encoding, file):
                raise OSError("no space left")

        kept, files = ContentCache(at_once, limit_mb=1), Full({"big": bytes(200_000)})
        with capturedLogs() as logs:
            content = self.successResultOf(kept.read(files, "big"))
        self.assertEqual(content.data, bytes(200_000))
        self.assertIs(self.successResultOf(kept.read(files, "big")), content)
        self.assertIn("no space left", logs[0]["error"])

    def test_bounded(self):
        """What was not asked for longest makes room; what is too large takes no room."""
        texts = {str(n): bytes([n]) * 100_000 for n in range(12)}
        kept, files = ContentCache(at_once, limit_mb=1), Counting({**texts, "big": bytes(200_000)})
        for name in (*texts, "11", "big", "big"):
            self.successResultOf(kept.read(files, name))
        self.assertEqual(files.reads, 13)
        self.successResultOf(kept.read(files, "0"))
        self.assertEqual(files.reads, 14)
