"""``clace backup``: everything that the server knows in one file; verify and restore it."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
from msgspec import Struct

from clace.admin_api import (
    CREATE_BACKUP,
    BackupKey,
    BackupPiece,
    BackupWish,
    CreateBackup,
)
from clace.cli.commands import Group, misused
from clace.cli.completing import files, folders
from clace.cli.formats import result_format_option, say_result
from clace.cli.globs import dry_run_option
from clace.cli.outside import CommandSurroundings
from clace.cli.password_command import asked
from clace.cli.progress import Progress
from clace.cli.servers import ChosenServer, for_server
from clace.cli.text import warn
from clace.errors import BadRequest
from clace.model import KeyDerivation
from clace.private_files import check_space, new_file
from clace.server_target import ServerTarget
from clace.text import one_line
from clace.units import MEBIBYTE

if TYPE_CHECKING:
    from clace.model import BackupRestored, BackupVerified

_MOST, _LEAST = 64 * 1024, 12
key_option = click.option(
    "--key",
    "key_file",
    metavar="FILE",
    shell_complete=files,
    help="A file with the passphrase or a random key; else it is asked for.",
)
without_option = click.option(
    "--no-secrets", is_flag=True, help="Do without the secrets, and without a key."
)


@click.group(cls=Group)
def backup() -> None:
    """Back up everything that the server knows, verify and restore it."""


@backup.command()
@key_option
@without_option
@click.option("--no-folders", is_flag=True, help="Leave out the folders that apps use by fs.in.")
@dry_run_option
@result_format_option
@click.argument("file", shell_complete=files)
@for_server
def create(
    server: ChosenServer,
    file: str,
    key_file: str | None,
    *,
    no_secrets: bool,
    no_folders: bool,
    dry_run: bool,
    form: str,
) -> None:
    """Write a backup of the running server into FILE, which must not be there.

    It has the apps, their files and documents, users, roles, the audit log, the configuration, and
    the secrets, which only the key opens. Whoever has neither server nor key can restore all else.
    """
    path = Path(file).absolute()
    if not dry_run and os.path.lexists(path):
        raise BadRequest(f"{path} is there already")
    key = None if dry_run else _new_key(server.outside, key_file, no_secrets=no_secrets)
    query = CreateBackup(BackupWish(key=key, folders=not no_folders), dry_run=dry_run)
    result = (_announced if dry_run else _written)(server, query, path)
    say_result(result, (_told(result),), form)
    if no_secrets and not dry_run:
        warn("the backup has no secrets: they are lost with the server")


class WrittenBackup(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A backup that was written; of a dry run the most that it would have, and that the server
    would need meanwhile.
    """

    file: str
    size: int
    scratch: int = 0
    dry_run: bool = False


def _announced(server: ChosenServer, query: CreateBackup, path: Path) -> WrittenBackup:
    """Ask how much a backup would take."""
    taken = _Taken(path, Progress(server.outside), is_here=server.target.is_socket)
    server.each(CREATE_BACKUP, query, taken.announced)
    return WrittenBackup(file=str(path), size=taken.size, scratch=taken.scratch, dry_run=True)


def _written(server: ChosenServer, query: CreateBackup, path: Path) -> WrittenBackup:
    """Write a backup; what is not whole does not get its name."""
    progress = Progress(server.outside)
    taken = _Taken(path, progress, is_here=server.target.is_socket)
    try:
        with new_file(path) as taken.stream, progress:
            server.each(CREATE_BACKUP, query, taken)
            taken.check_whole()
    except OSError as error:
        raise BadRequest(f"cannot write {path}: {error.strerror}") from error
    return WrittenBackup(file=str(path), size=path.stat().st_size)


def _told(result: WrittenBackup) -> str:
    if not result.dry_run:
        return f"Wrote {result.file}, {_size(result.size)}."
    return (
        f"{result.file} would have {_size(result.size)} at most, and the server needs as much as "
        f"{_size(result.scratch)} meanwhile."
    )


@backup.command()
@key_option
@without_option
@result_format_option
@click.argument("file", shell_complete=files)
@click.pass_obj
def verify(
    outside: CommandSurroundings, file: str, key_file: str | None, form: str, *, no_secrets: bool
) -> None:
    """Read FILE to its end and compare all that is in it with the checksums; needs no server.

    With the key this shows also that nobody but its owner has changed the file.
    """
    secret = _secret(outside, key_file, no_secrets=no_secrets)
    found = outside.backups().verify(Path(file).absolute(), secret)
    say_result(found, _verified(found), form)


@backup.command()
@key_option
@without_option
@click.option(
    "--in-place",
    is_flag=True,
    help="Put files that lay outside of the home where they lay; nothing is replaced.",
)
@click.option(
    "--home", metavar="FOLDER", shell_complete=folders, help="The new home.  [default: $CL_HOME]"
)
@result_format_option
@click.argument("file", shell_complete=files)
@click.pass_obj
def restore(
    outside: CommandSurroundings,
    file: str,
    key_file: str | None,
    home: str | None,
    form: str,
    *,
    in_place: bool,
    no_secrets: bool,
) -> None:
    """Restore FILE into a home that is empty or missing, for a server that is started then.

    Without the key all is restored but the secrets, and those that are missing are listed.
    """
    folder = _home(outside, home)
    secret = _secret(outside, key_file, no_secrets=no_secrets)
    found = outside.backups().restore(Path(file).absolute(), folder, secret, in_place)
    say_result(found, _restored(found), form)


class _Taken:
    """Takes the pieces of a backup as they come."""

    def __init__(self, path: Path, progress: Progress, *, is_here: bool) -> None:
        self.stream: BinaryIO | None = None
        self.size = self.scratch = 0
        self._path, self._progress, self._is_here = path, progress, is_here
        self._is_whole = False

    def announced(self, pieces: tuple[BackupPiece, ...]) -> None:
        """Take the sizes.

        :raises NoSpace: if the disk is too full for both, where both are on one.
        """
        for piece in pieces:
            if piece.size:
                self.size, self.scratch = piece.size, piece.scratch
                needed = piece.size + (piece.scratch if self._is_here else 0)
                check_space(self._path.parent, needed, "the backup")

    def __call__(self, pieces: tuple[BackupPiece, ...]) -> None:
        self.announced(pieces)
        assert self.stream is not None
        for piece in pieces:
            if piece.step:
                self._progress.step(piece.step)
            self.stream.write(piece.content)
            self._is_whole = piece.is_last

    def check_whole(self) -> None:
        """:raises BadRequest: if the server ended in the middle."""
        if not self._is_whole:
            raise BadRequest("the server ended before the backup did; nothing was kept of it")


def _new_key(
    outside: CommandSurroundings, key_file: str | None, *, no_secrets: bool
) -> BackupKey | None:
    secret = _secret(outside, key_file, no_secrets=no_secrets, is_new=True)
    if secret is None:
        return None
    derivation = KeyDerivation(salt=secrets.token_bytes(32))
    return BackupKey(outside.backups().derive(secret, derivation), derivation)


def _secret(
    outside: CommandSurroundings, key_file: str | None, *, no_secrets: bool, is_new: bool = False
) -> bytes | None:
    """Return the passphrase or the content of the key file; None without secrets."""
    if key_file is not None and no_secrets:
        raise misused("cannot specify both --key and --no-secrets")
    if no_secrets:
        return None
    if key_file is not None:
        return _key_content(Path(key_file))
    if not outside.is_terminal():
        raise misused(
            "expected --key FILE, or --no-secrets; without a terminal nobody can be asked"
        )
    typed = asked() if is_new else _typed()
    if len(typed) < _LEAST:
        raise BadRequest(f"a passphrase has at least {_LEAST} characters")
    return typed.encode()


def _typed() -> str:
    return str(click.prompt("Passphrase of the backup", hide_input=True, err=True)).strip()


def _key_content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MOST + 1).strip()
    except OSError as error:
        raise BadRequest(f"key file {path} cannot be read: {error.strerror}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadRequest(f"key file {path} is open to others than its owner; chmod 600 {path}")
    if not _LEAST <= len(content) <= _MOST:
        raise BadRequest(f"key file {path}: expected {_LEAST} to {_MOST} bytes")
    return content


def _home(outside: CommandSurroundings, named: str | None) -> Path:
    """Return the home to restore into.

    :raises BadRequest: if none is named, or a server runs there.
    """
    home = named or outside.environ.get("CL_HOME") or outside.environ.get("OPENRUN_HOME")
    if not home:
        raise BadRequest("where to? set CL_HOME, or name a folder by --home")
    folder = Path(home).absolute()
    socket = ServerTarget(uri=str(folder / "run" / "clace.sock"))
    if outside.is_alive(socket, 0):
        raise BadRequest(f"a server is running in {folder}: stop it, and restore into another home")
    return folder


def _verified(found: BackupVerified) -> Iterator[str]:
    yield (
        f"The backup is whole: {found.files} file(s), {_size(found.size)}, made "
        f"{found.created:%Y-%m-%d %H:%M:%S} UTC by Clace {found.version}."
    )
    yield from _secrets_told(found)


def _secrets_told(found: BackupVerified) -> Iterator[str]:
    if found.opened:
        yield f"{len(found.opened)} secret(s) open with the key."
    if found.missing:
        yield "Missing without the key:"
        yield from (f"  {one_line(name)}" for name in found.missing)
    if found.left_out:
        yield "Not in the backup:"
        yield from (f"  {one_line(each.name)}: {each.reason}" for each in found.left_out)


def _restored(found: BackupRestored) -> Iterator[str]:
    yield f"Restored {found.files} file(s) into {found.home}."
    yield from _secrets_told(found)
    if found.outside:
        yield "From outside of the old home:"
        yield from (f"  {was}: {now}" for was, now in found.outside.items())


def _size(size: int) -> str:
    return f"{size / MEBIBYTE:.1f} MB"
