"""Reading a backup: to verify it, and to restore it into an empty home. No server is needed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from attrs import define, field, frozen

from clace.backups.archive import (
    HEADER,
    HOME,
    MANIFEST,
    OUTSIDE,
    SEALED,
    ArchiveEntry,
    hashed,
    read_entries,
    safe_name,
)
from clace.backups.creating import METADATA
from clace.backups.databases import move_sources, put_sealed
from clace.backups.sealing import SealedPart, derived_key, unseal
from clace.backups.surveying import DATA
from clace.errors import BackupDamaged, BadRequest
from clace.model import (
    BACKUP_FORMAT,
    BackedUpFile,
    BackupHeader,
    BackupManifest,
    BackupRestored,
    BackupVerified,
)
from clace.private_files import check_space, make_private_folders
from clace.wrong_values import wrong_value

T = TypeVar("T")
Taken = Callable[[str, Iterable[bytes]], None]
STAGING = ".restoring"
_OF_APPS = f"{HOME}/{DATA}/apps/"
OUTSIDE_HOME = "outside"
"""The folder of a restored home with files that lay outside of the old one."""


@frozen(kw_only=True)
class ReadBackup:
    """A backup that was read to its end."""

    header: BackupHeader
    manifest: BackupManifest
    opened: SealedPart | None

    @property
    def missing(self) -> tuple[str, ...]:
        return () if self.opened is not None else self.manifest.sealed


def verify_backup(path: Path, secret: bytes | None) -> BackupVerified:
    """Read a backup and compare every file with its digest; with a secret open the sealed part too.

    :raises BackupDamaged: if it is not whole.
    :raises BackupLocked: if the secret does not open it.
    """
    return BackupVerified(**_told(read_backup(path, secret, _skipped)))


def restore_backup(
    path: Path, home: Path, secret: bytes | None, schemas: Mapping[str, int], *, in_place: bool
) -> BackupRestored:
    """Restore a backup into a home that is empty or missing; on any failure it stays so.

    ``schemas`` are the newest that this version knows. Files that lay outside of the old home go
    into ``outside`` of the new one, or with ``in_place`` where they lay; nothing is replaced there.

    :raises BadRequest: if the home is not empty, or something is in a place outside.
    :raises BackupDamaged, BackupLocked, NoSpace: as above, and if the disk is too full.
    """
    with _staged(home) as staging:
        extraction = _Extraction(staging)
        backup = read_backup(path, secret, extraction.take, extraction.check)
        _check_schemas(backup.manifest, schemas)
        _finish(backup, staging, home)
        moves = _moves(staging, home, in_place=in_place)
        for _, source, target in moves:
            make_private_folders(target.parent)
            shutil.move(source, target)
    outside = {str(Path("/", lay)): str(target) for lay, _, target in moves}
    return BackupRestored(**_told(backup), home=str(home), outside=outside)


def read_backup(
    path: Path,
    secret: bytes | None,
    take: Taken,
    check: Callable[[ArchiveEntry], None] = lambda _entry: None,
) -> ReadBackup:
    """Read a backup to its end; ``take`` gets each file, which may turn out to be wrong later.

    :raises BackupDamaged, BackupLocked: if it is not whole, or the secret does not open it.
    """
    try:
        with path.open("rb") as file:
            return _Reading(secret, take, check).read(read_entries(file))
    except OSError as error:
        raise BackupDamaged(f"{path} cannot be read: {error.strerror or error}") from error


@define
class _Reading:
    """One walk along a backup."""

    secret: bytes | None
    take: Taken
    check: Callable[[ArchiveEntry], None]
    seen: dict[str, BackedUpFile] = field(factory=dict)

    def read(self, entries: Iterator[ArchiveEntry]) -> ReadBackup:
        written = self._whole(entries, HEADER)
        header = _decoded(written, BackupHeader, HEADER)
        if header.format > BACKUP_FORMAT:
            raise BackupDamaged(
                f"it has format {header.format}, made by Clace {header.version}, and this version "
                f"reads format {BACKUP_FORMAT} at most; restore it with a newer one"
            )
        listed = self._files(entries)
        manifest = _decoded(listed, BackupManifest, MANIFEST)
        self._compare(manifest)
        sealed = self._whole(entries, SEALED) if manifest.is_sealed else None
        for entry in entries:
            raise BackupDamaged(f"it has an entry {entry.name!r} after its end")
        opened = None
        if sealed is not None and self.secret is not None:
            if header.derivation is None:
                raise BackupDamaged("it does not say how its key is made")
            key = derived_key(self.secret, header.derivation)
            opened = unseal(sealed, key, written, listed)
        return ReadBackup(header=header, manifest=manifest, opened=opened)

    def _files(self, entries: Iterator[ArchiveEntry]) -> bytes:
        """Take the files, and return the manifest behind them."""
        for entry in entries:
            if entry.name == MANIFEST:
                return entry.whole()
            safe_name(entry.name)
            if entry.name in self.seen:
                raise BackupDamaged(f"it has {entry.name} twice")
            self.check(entry)
            digest = hashlib.sha256()
            self.take(entry.name, hashed(entry.pieces, digest))
            self.seen[entry.name] = BackedUpFile(
                name=entry.name, size=entry.size, sha256=digest.hexdigest()
            )
        raise BackupDamaged("its list of files is missing")

    def _compare(self, manifest: BackupManifest) -> None:
        listed = {each.name: each for each in manifest.files}
        if len(listed) != len(manifest.files) or listed.keys() != self.seen.keys():
            odd = sorted(listed.keys() ^ self.seen.keys())
            raise BackupDamaged(f"its files are not those of its list: {', '.join(odd[:5])}")
        for name, each in listed.items():
            found = self.seen[name]
            if (found.size, found.sha256) != (each.size, each.sha256):
                raise BackupDamaged(f"{name} is not as it was written")

    @staticmethod
    def _whole(entries: Iterator[ArchiveEntry], name: str) -> bytes:
        entry = next(entries, None)
        if entry is None or entry.name != name:
            raise BackupDamaged(f"it has no {name} where backups have it")
        return entry.whole()


class _Extraction:
    """Writes files below a new folder that nobody else can open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self, entry: ArchiveEntry) -> None:
        check_space(self._folder, entry.size, entry.name)

    def take(self, name: str, pieces: Iterable[bytes]) -> None:
        target = self._folder / safe_name(name)
        try:
            make_private_folders(target.parent)
            write_new(target, pieces)
        except OSError as error:
            raise BackupDamaged(f"{name} cannot be written: {error.strerror}") from error


def write_new(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that was not there, for its owner only.

    :raises OSError: if it was there, or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        for piece in pieces:
            file.write(piece)


@contextmanager
def _staged(home: Path) -> Iterator[Path]:
    """Give a folder inside of the home, whose content is moved into it at the end."""
    staging = home / STAGING
    with ExitStack() as undo:
        try:
            if not home.exists():
                make_private_folders(home)
                undo.callback(_removed, home)
            elif any(home.iterdir()):
                raise BadRequest(f"{home} is not empty; a backup is restored into an empty home")
            staging.mkdir(mode=0o700)
            undo.callback(shutil.rmtree, staging, ignore_errors=True)
            yield staging
            restored = staging / HOME
            for entry in sorted(restored.iterdir()) if restored.is_dir() else ():
                entry.rename(home / entry.name)
        except OSError as error:
            raise BadRequest(f"cannot restore into {home}: {error.strerror or error}") from error
        undo.pop_all()
        shutil.rmtree(staging, ignore_errors=True)


def _removed(home: Path) -> None:
    with suppress(OSError):
        home.rmdir()


def _finish(backup: ReadBackup, staging: Path, home: Path) -> None:
    """Put back the modes of files that are not the server's own, and what was sealed; let apps
    have their sources in the new home.
    """
    for each in backup.manifest.files:
        path = staging / safe_name(each.name)
        if each.name.startswith(_OF_APPS):
            _own(path, staging / _OF_APPS, each.owner)
        if each.name.startswith((f"{OUTSIDE}/", _OF_APPS)):
            path.chmod(each.mode)
    metadata = staging / safe_name(_metadata_name(backup.manifest))
    if backup.opened is not None:
        _put_back(backup.opened, staging, metadata)
    move_sources(metadata, backup.manifest.home, str(home))


def _put_back(opened: SealedPart, staging: Path, metadata: Path) -> None:
    for name, content in opened.files.items():
        target = staging / safe_name(name)
        make_private_folders(target.parent)
        target.unlink(missing_ok=True)
        write_new(target, (content,))
    if opened.rows:
        put_sealed(metadata, opened.rows)


def _own(path: Path, apps: Path, owner: int) -> None:
    """Let a file of an app's program belong to that app's user again, with the folders that it is
    in; below the app's own folder, which is the server's. Only root can.
    """
    if os.geteuid() != 0 or not owner:
        return
    while apps not in (path.parent, path):
        os.chown(path, owner, owner, follow_symlinks=False)
        path = path.parent


def _metadata_name(manifest: BackupManifest) -> str:
    named = manifest.databases.get(METADATA)
    if named is None:
        raise BackupDamaged("it does not say which of its files is the metadata")
    return named


def _check_schemas(manifest: BackupManifest, known: Mapping[str, int]) -> None:
    for name, version in manifest.schemas.items():
        if name in known and version > known[name]:
            raise BadRequest(
                f"its database {name} has schema {version}, and this version knows "
                f"{known[name]} at most; restore it with the version that made it, or a newer one"
            )


def _moves(staging: Path, home: Path, *, in_place: bool) -> list[tuple[Path, Path, Path]]:
    """Return where files outside of the home lay, are, and go to.

    :raises BadRequest: if something is there already.
    """
    moves = []
    for source in sorted((staging / OUTSIDE).rglob("*")):
        if source.is_dir():
            continue
        below = source.relative_to(staging / OUTSIDE)
        target = Path("/", below) if in_place else home / OUTSIDE_HOME / below
        if os.path.lexists(target):
            raise BadRequest(f"{target} is there already; nothing was restored")
        moves.append((below, source, target))
    return moves


def _told(backup: ReadBackup) -> dict[str, Any]:
    return {
        "version": backup.header.version,
        "created": backup.header.created,
        "files": len(backup.manifest.files),
        "size": sum(each.size for each in backup.manifest.files),
        "opened": backup.manifest.sealed if backup.opened is not None else (),
        "missing": backup.missing,
        "left_out": backup.manifest.left_out,
    }


def _decoded(content: bytes, kind: type[T], name: str) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BackupDamaged(f"its {name} cannot be read: {wrong_value(error)}") from error


def _skipped(_name: str, pieces: Iterable[bytes]) -> None:
    for _ in pieces:
        pass
