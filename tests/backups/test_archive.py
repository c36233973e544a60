import io
import tarfile

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.backups.archive import (
    ArchiveWriter,
    file_pieces,
    is_nameable,
    read_entries,
    safe_name,
)
from clace.encodings import zstd_module
from clace.errors import BackupDamaged

PARTS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=60)
NAMES = st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: "/".join(("home", *parts)))


def archive(entries):
    """A file with these entries."""
    writer = ArchiveWriter()
    pieces = []
    for name, content in entries:
        pieces += writer.entry(name, len(content), [content])
    return b"".join((*pieces, *writer.end()))


def read(content):
    """The entries of a file."""
    return [(entry.name, entry.whole()) for entry in read_entries(io.BytesIO(content))]


def compressed(*infos, format=tarfile.GNU_FORMAT):  # noqa: A002 - tarfile's own name
    """A tar with members of other kinds, as a stranger could send it."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=format) as tar:
        for info in infos:
            tar.addfile(info, io.BytesIO(bytes(info.size)))
    return zstd_module().compress(raw.getvalue())


def member(name, **fields):
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


class ArchiveTests(SynchronousTestCase):
    @given(st.lists(st.tuples(NAMES, st.binary(max_size=2000)), max_size=5))
    @settings(max_examples=50, deadline=None)
    def test_round_trip(self, entries):
        """What was written is read, whatever the names and contents."""
        self.assertEqual(read(archive(entries)), entries)

    def test_gives_way(self):
        """A large file that becomes next to nothing yields all the same, from time to time."""
        zeros = (bytes(1 << 20) for _ in range(64))
        pieces = list(ArchiveWriter().entry("home/zeros", 1 << 26, zeros))
        self.assertGreaterEqual(len(pieces), 6)

    def test_others_read_it(self):
        """The file is a tar that other programs read, after zstd."""
        raw = zstd_module().decompress(archive([("home/" + "n" * 200, b"content")]))
        with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
            (info,) = tar.getmembers()
            self.assertEqual(info.name, "home/" + "n" * 200)
            self.assertEqual(tar.extractfile(info).read(), b"content")

    def test_cut(self):
        """A file that ends too early is damaged, wherever it was cut."""
        whole = archive([("home/a", b"a" * 3000), ("home/b", bytes(range(256)) * 9)])
        for size in (*range(0, len(whole), 29), len(whole) - 1):
            self.assertRaises(BackupDamaged, read, whole[:size])

    def test_flipped_bits(self):
        """A bit that has turned over is noticed, or is none that means anything."""
        entries = [("home/a", b"abcdefgh" * 500)]
        whole = archive(entries)
        noticed = 0
        for place in range(4, len(whole), 3):
            bad = bytearray(whole)
            bad[place] ^= 0x10
            try:
                self.assertEqual(read(bytes(bad)), entries)
            except BackupDamaged:
                noticed += 1
        self.assertGreater(noticed, len(whole) // 4)

    @given(st.binary(max_size=3000))
    @settings(max_examples=200, deadline=None)
    def test_any_bytes(self, content):
        """Bytes of any kind are refused in words, compressed or not."""
        for data in (content, zstd_module().compress(content)):
            self.assertRaises(BackupDamaged, read, data)

    def test_other_kinds(self):
        """Links, devices, folders and extended headers of a stranger's tar are refused."""
        for info in (
            member("home/a", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
            member("home/a", type=tarfile.LNKTYPE, linkname="home/b"),
            member("home/a", type=tarfile.DIRTYPE),
            member("home/a", type=tarfile.CHRTYPE),
            member("home/a", type=tarfile.FIFOTYPE),
        ):
            self.assertRaises(BackupDamaged, read, compressed(info))
        long = member("home/" + "é" * 200)
        self.assertRaises(BackupDamaged, read, compressed(long, format=tarfile.PAX_FORMAT))
        huge = member("home/" + "n" * 9000)
        self.assertRaises(BackupDamaged, read, compressed(huge))

    def test_large_whole(self):
        """An entry that is to be read whole has a limit, whatever a stranger says of its size."""
        writer = ArchiveWriter()
        head = b"".join(writer.entry("manifest.json", 1 << 40, [b"{}"]))
        head += writer._compressor.flush()
        entry = next(read_entries(io.BytesIO(head)))
        self.assertRaises(BackupDamaged, entry.whole)

    def test_names(self):
        """A name leads below home or outside, and nowhere else."""
        for name in ("home/a", "outside/etc/x", "home/config/certificates/é"):
            self.assertEqual(str(safe_name(name)), name)
        for name in (
            *("", "home", "home/", "/home/a", "home/../a", "home/./a", "home//a", "../home/a"),
            *("etc/passwd", "home/a\0b", "home/a\nb", "home/" + "n" * 256),
        ):
            self.assertRaises(BackupDamaged, safe_name, name)
            self.assertFalse(is_nameable(name), name)
        self.assertFalse(is_nameable("home/\udc80"))

    @given(st.text(max_size=40))
    @settings(max_examples=300, deadline=None)
    def test_any_name(self, name):
        """No name leads out of the folder that it is put into."""
        try:
            path = safe_name(name)
        except BackupDamaged:
            return
        self.assertNotIn("..", path.parts)
        self.assertFalse(path.is_absolute())
        self.assertIn(path.parts[0], {"home", "outside"})

    def test_shorter_file(self):
        """A file that became shorter while it was read has zeros at its end."""
        self.assertEqual(b"".join(file_pieces(io.BytesIO(b"ab"), 4)), b"ab\0\0")
        self.assertEqual(b"".join(file_pieces(io.BytesIO(b"abcdef"), 4)), b"abcd")
