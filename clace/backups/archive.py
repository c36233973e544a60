"""The file of a backup: a tar compressed with zstd, of regular files and nothing else.

It is written in one go without seeking, and read so: header, files, manifest, and maybe the sealed
part. Reading is strict because the file may be a stranger's: the tar reader of the standard library
takes links and devices, and holds extended headers of any size in memory.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from msgspec import Struct

from clace.encodings import zstd_module
from clace.errors import BackupDamaged
from clace.units import MEBIBYTE

HEADER, MANIFEST, SEALED = "clace-backup.json", "manifest.json", "sealed"
HOME, OUTSIDE = "home", "outside"
MAX_SMALL = 256 * MEBIBYTE
"""The most bytes of an entry that is read as a whole."""
LEVEL = 3
_PIECE = 1 << 18
# Whoever takes the pieces may want no more of what makes few: a file of zeros.
_MOST_TAKEN = 8 * MEBIBYTE
_BLOCK = tarfile.BLOCKSIZE
_MAX_NAME, _MAX_PART = 4096, 255
_LONG_NAME = "././@LongLink"
_END = bytes(_BLOCK)


class ArchiveEntry(Struct, frozen=True):
    """An entry that is read: its name, its size, and its bytes, which are taken before the next."""

    name: str
    size: int
    pieces: Iterator[bytes]

    def whole(self) -> bytes:
        """:raises BackupDamaged: if it is larger than such an entry is."""
        if self.size > MAX_SMALL:
            raise BackupDamaged(f"{self.name} has {self.size} bytes, over the limit of {MAX_SMALL}")
        return b"".join(self.pieces)


class ArchiveWriter:
    """Compresses entries as they come; each method yields the next bytes of the file, or none."""

    def __init__(self, seconds: int = 0) -> None:
        """``seconds`` is the time that each entry has."""
        self._time = seconds
        self._compressor = zstd_module().ZstdCompressor(
            options={
                zstd_module().CompressionParameter.compression_level: LEVEL,
                zstd_module().CompressionParameter.checksum_flag: 1,
            }
        )
        self._waiting: list[bytes] = []
        self._size = self._taken = 0

    def entry(self, name: str, size: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Add an entry; ``pieces`` have ``size`` bytes together."""
        yield from self._put(_head(name, size, self._time))
        for piece in pieces:
            yield from self._put(piece)
        yield from self._put(bytes(-size % _BLOCK))

    def end(self) -> Iterator[bytes]:
        """End the file."""
        yield from self._put(_END * 2)
        rest = b"".join((*self._waiting, self._compressor.flush()))
        self._waiting = []
        yield rest

    def _put(self, data: bytes) -> Iterator[bytes]:
        small = self._compressor.compress(data)
        self._waiting.append(small)
        self._size += len(small)
        self._taken += len(data)
        if self._size >= _PIECE or self._taken >= _MOST_TAKEN:
            yield b"".join(self._waiting)
            self._waiting, self._size, self._taken = [], 0, 0


def read_entries(file: BinaryIO) -> Iterator[ArchiveEntry]:
    """Yield the entries of a backup; the bytes of one are taken before the next is asked for.

    :raises BackupDamaged: if something else follows than entries of backups.
    """
    with zstd_module().ZstdFile(file) as stream:
        while (head := _head_read(stream)) is not None:
            name, size = head
            pieces = _pieces(stream, size, name)
            yield ArchiveEntry(name, size, pieces)
            for _ in pieces:
                raise BackupDamaged(f"{name} was not read to its end")
        # The checksum of zstd is behind the last byte, and of files nothing follows.
        if any(_read(stream, _PIECE)):
            raise BackupDamaged("something follows the end of the backup")


def safe_name(name: str) -> PurePosixPath:
    """Return a name below ``home`` or ``outside`` as a path that leads nowhere else.

    :raises BackupDamaged: if the name is another.
    """
    parts = name.split("/")
    # What cannot be printed includes bytes that are not UTF-8.
    bad = not name.isprintable() or any(
        part in {"", ".", ".."} or len(part.encode()) > _MAX_PART for part in parts
    )
    if bad or len(parts) < 2 or parts[0] not in {HOME, OUTSIDE}:  # noqa: PLR2004 - a folder and what is in it
        raise BackupDamaged(f"{name[:_MAX_PART]!a} is no name of a file in a backup")
    return PurePosixPath(*parts)


def is_nameable(name: str) -> bool:
    """Tell if a backup can have a file of this name."""
    try:
        safe_name(name)
    except BackupDamaged:
        return False
    return len(name.encode()) <= _MAX_NAME


def hashed(pieces: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    """Pass the pieces on, and have their digest at the end."""
    for piece in pieces:
        digest.update(piece)
        yield piece


def file_pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the first ``size`` bytes of a file; zeros stand for those that it has no more."""
    while size:
        piece = file.read(min(size, _PIECE)) or bytes(min(size, _PIECE))
        size -= len(piece)
        yield piece


def _head(name: str, size: int, time: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, time
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def _head_read(stream: BinaryIO) -> tuple[str, int] | None:
    """Return the name and size of the next entry, or None at the end."""
    block = _exactly(stream, _BLOCK)
    if block == _END:
        if _exactly(stream, _BLOCK) != _END:
            raise BackupDamaged("its end is not one of a backup")
        return None
    info = _info(block)
    if info.type != tarfile.GNUTYPE_LONGNAME:
        return info.name, info.size
    if info.name != _LONG_NAME or not 0 < info.size <= _MAX_NAME + 1:
        raise BackupDamaged("an entry has too long a name")
    padded = _exactly(stream, info.size + -info.size % _BLOCK)
    named = _info(_exactly(stream, _BLOCK))
    if named.type != tarfile.REGTYPE:
        raise BackupDamaged("an entry with a long name is no file")
    try:
        return padded[: info.size].rstrip(b"\0").decode(), named.size
    except UnicodeDecodeError as error:
        raise BackupDamaged("a name is not UTF-8") from error


def _info(block: bytes) -> tarfile.TarInfo:
    try:
        # Of a long name this has the beginning, which may end in the middle of a character.
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError) as error:
        raise BackupDamaged(f"not an entry of a backup: {error}") from error
    if info.type not in {tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME} or info.size < 0:
        raise BackupDamaged(f"{info.name!a} is no file, and backups have files only")
    return info


def _pieces(stream: BinaryIO, size: int, name: str) -> Iterator[bytes]:
    left = size
    while left:
        piece = _read(stream, min(left, _PIECE))
        if not piece:
            raise BackupDamaged(f"the backup ends in the middle of {name}")
        left -= len(piece)
        yield piece
    if any(_exactly(stream, -size % _BLOCK)):
        raise BackupDamaged(f"something follows {name}")


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = _read(stream, size - len(data))
        if not piece:
            raise BackupDamaged("the backup ends too early")
        data += piece
    return data


def _read(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except (zstd_module().ZstdError, EOFError) as error:
        raise BackupDamaged(f"not a whole backup: {error}") from error
    except OSError as error:
        raise BackupDamaged(f"the backup cannot be read: {error.strerror or error}") from error
