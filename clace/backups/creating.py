"""Making a backup while the server runs: in pieces, by one thread, and never whole in memory."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from attrs import frozen

from clace.admin_api import BackupKey, BackupPiece, BackupWish
from clace.backups.archive import (
    HEADER,
    HOME,
    MANIFEST,
    SEALED,
    ArchiveWriter,
    file_pieces,
    hashed,
)
from clace.backups.configuration import without_secrets
from clace.backups.databases import Snapshots, dump_postgres, postgres_size, take_out_sealed
from clace.backups.sealing import SealedPart, seal
from clace.backups.surveying import FoundFile, Survey, backup_name, opened_below, surveyed
from clace.config import Steps
from clace.errors import StoreError
from clace.model import BackedUpFile, BackupHeader, BackupManifest, LeftOut
from clace.private_files import FreeBytes, check_space, free_bytes, make_private_folder
from clace.units import MEBIBYTE

METADATA = "metadata"
CONFIG_NAME = f"{HOME}/clace.toml"
POSTGRES = f"{HOME}/restored"
_RESERVE = 16 * MEBIBYTE
_ENTRY = 1024


@frozen(kw_only=True)
class BackupSources:
    """Everything of a server that a backup has.

    ``secrets`` are the places of secrets in the configuration file. ``databases`` has the files of
    SQLite by their names, one of them ``metadata``; ``postgres`` the URLs of stores by name.
    """

    home: Path
    version: str
    config_file: Path | None
    secrets: tuple[Steps, ...]
    databases: Mapping[str, Path]
    postgres: Mapping[str, str]
    folders: Callable[[], Iterable[Path]]
    seconds: Callable[[], float]
    random: Callable[[int], bytes]
    free: FreeBytes = free_bytes

    @property
    def scratch(self) -> Path:
        return self.home / "run" / "backup"


def backup_pieces(
    sources: BackupSources, wish: BackupWish, *, dry_run: bool
) -> Generator[BackupPiece, None, None]:
    """Yield a backup; the first piece has no bytes and tells the sizes.

    :raises NoSpace: if the disk is too full for the copies, before the first byte.
    :raises StoreError: if a database or the configuration cannot be read.
    """
    with ExitStack() as open_things:
        snapshots = Snapshots(sources.databases)
        open_things.callback(snapshots.close)
        backup = _Backup(sources, wish, snapshots)
        yield backup.announced()
        if not dry_run:
            open_things.enter_context(_Scratch(sources.scratch))
            yield from backup.pieces()
            yield BackupPiece(is_last=True)


class _Scratch:
    """A folder for copies, which goes when the backup ends in whatever way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        try:
            # Left by a server that was killed.
            shutil.rmtree(self._folder, ignore_errors=True)
            make_private_folder(self._folder)
        except OSError as error:
            raise StoreError(f"cannot make {self._folder}: {error.strerror}") from error

    def __exit__(self, *_reason: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class _Backup:
    """One backup on its way."""

    def __init__(self, sources: BackupSources, wish: BackupWish, snapshots: Snapshots) -> None:
        self._sources = sources
        self._key: BackupKey | None = wish.key
        self._snapshots = snapshots
        self._survey = self._surveyed(with_folders=wish.folders)
        self._created = datetime.fromtimestamp(sources.seconds(), UTC)
        self._writer = ArchiveWriter(int(self._created.timestamp()))
        self._files: list[BackedUpFile] = []
        self._changed: list[LeftOut] = []
        self._secret_files: dict[str, bytes] = {}
        self._rows = b""
        self._sealed: list[str] = []

    def announced(self) -> BackupPiece:
        """Tell the sizes.

        :raises NoSpace: if the copies do not fit.
        """
        sizes = {name: self._snapshots.size(name) for name in self._sources.databases}
        sizes |= {name: postgres_size(url) for name, url in self._sources.postgres.items()}
        files = sum(each.size + _ENTRY for each in self._survey.files)
        # A copy, and for the metadata the same without secrets beside it.
        scratch = max(size * (2 if name == METADATA else 1) for name, size in sizes.items())
        scratch += _RESERVE
        check_space(self._sources.home, scratch, "the copies of databases", self._sources.free)
        return BackupPiece(size=sum(sizes.values()) + files + MEBIBYTE, scratch=scratch)

    def pieces(self) -> Iterator[BackupPiece]:
        header = self._header()
        yield from self._step("the configuration", self._small(HEADER, header))
        yield from self._step("", self._configuration())
        for name in self._sources.databases:
            yield from self._step(f"database {name}", self._database(name))
        for name in self._sources.postgres:
            yield from self._step(f"database {name}", self._postgres(name))
        yield from self._step(f"{len(self._survey.files)} file(s)", self._found_files())
        yield from self._step("the manifest", self._ends(header))

    def _step(self, name: str, content: Iterator[bytes]) -> Iterator[BackupPiece]:
        if name:
            yield BackupPiece(step=name)
        for piece in content:
            yield BackupPiece(content=piece)

    def _ends(self, header: bytes) -> Iterator[bytes]:
        manifest = msgspec.json.encode(self._manifest())
        yield from self._small(MANIFEST, manifest)
        if self._key is not None:
            part = SealedPart(self._secret_files, self._rows)
            sealed = seal(part, self._key.key, header, manifest, self._sources.random)
            yield from self._small(SEALED, sealed)
        yield from self._writer.end()

    def _header(self) -> bytes:
        derivation = self._key.derivation if self._key else None
        version = self._sources.version
        return msgspec.json.encode(
            BackupHeader(version=version, created=self._created, derivation=derivation)
        )

    def _manifest(self) -> BackupManifest:
        schemas = {name: self._snapshots.schema(name) for name in self._sources.databases}
        return BackupManifest(
            home=str(self._sources.home),
            files=tuple(self._files),
            databases={
                name: backup_name(self._sources.home, path)
                for name, path in self._sources.databases.items()
            },
            schemas={name: version for name, version in schemas.items() if version},
            sealed=tuple(self._sealed),
            is_sealed=self._key is not None,
            left_out=(*self._survey.left_out, *self._changed),
        )

    def _configuration(self) -> Iterator[bytes]:
        """The configuration file, wherever it is; whole it is in the sealed part."""
        file = self._sources.config_file
        if file is None:
            return
        content = _read(file)
        text, names = without_secrets(content.decode(), self._sources.secrets)
        yield from self._kept(CONFIG_NAME, text.encode())
        if names:
            self._secret_files[CONFIG_NAME] = content
            self._sealed += [f"{file.name}: {name}" for name in names]

    def _database(self, name: str) -> Iterator[bytes]:
        path = self._sources.databases[name]
        copy = self._sources.scratch / f"{name}.db"
        self._snapshots.copy(name, copy)
        if name == METADATA:
            self._rows, told = take_out_sealed(copy)
            self._sealed += told
        yield from self._moved(backup_name(self._sources.home, path), copy)

    def _postgres(self, name: str) -> Iterator[bytes]:
        copy = self._sources.scratch / "postgres.sql"
        dump_postgres(self._sources.postgres[name], copy)
        yield from self._moved(f"{POSTGRES}/{name}.sql", copy)

    def _moved(self, name: str, copy: Path) -> Iterator[bytes]:
        """Add a copy, which is removed then."""
        found = FoundFile(name=name, path=copy, size=copy.stat().st_size)
        yield from self._file(found)
        copy.unlink()

    def _found_files(self) -> Iterator[bytes]:
        for found in self._survey.files:
            if found.is_secret:
                self._sealed.append(found.name.removeprefix(f"{HOME}/"))
                self._secret_files[found.name] = _read(found.path)
            else:
                yield from self._file(found)

    def _file(self, found: FoundFile) -> Iterator[bytes]:
        try:
            descriptor = opened_below(found.top or found.path.parent, found.path)
        except OSError as error:
            self._changed.append(LeftOut(str(found.path), f"cannot be read: {error.strerror}"))
            return
        digest = hashlib.sha256()
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                self._changed.append(LeftOut(str(found.path), "it is no file any more"))
                return
            pieces = hashed(file_pieces(file, found.size), digest)
            yield from self._writer.entry(found.name, found.size, pieces)
            if os.fstat(file.fileno()).st_size < found.size:
                self._changed.append(LeftOut(str(found.path), "it became shorter meanwhile"))
        self._add(found.name, found.size, digest.hexdigest(), found)

    def _kept(self, name: str, content: bytes) -> Iterator[bytes]:
        yield from self._small(name, content)
        self._add(name, len(content), hashlib.sha256(content).hexdigest())

    def _small(self, name: str, content: bytes) -> Iterator[bytes]:
        return self._writer.entry(name, len(content), (content,))

    def _add(self, name: str, size: int, digest: str, found: FoundFile | None = None) -> None:
        mode, owner = (found.mode, found.owner) if found else (0o600, 0)
        self._files.append(
            BackedUpFile(name=name, size=size, sha256=digest, mode=mode, owner=owner)
        )

    def _surveyed(self, *, with_folders: bool) -> Survey:
        sources = self._sources
        taken = [*sources.databases.values(), *filter(None, (sources.config_file,))]
        folders = sources.folders() if with_folders else ()
        return surveyed(sources.home, taken, folders)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
