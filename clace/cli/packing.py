"""Local sources sent to a server on another machine, without what their ignore files name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace
from pathspec import GitIgnoreSpec

from clace.admin_api import (
    CREATE_APP,
    RELOAD_APPS,
    SEND_SOURCE,
    AppCreated,
    AppsReloaded,
    CreateApp,
    FilePiece,
    ReloadApps,
    SendSource,
    SourcePart,
)
from clace.cli.text import note
from clace.errors import NeedsApproval, SourceError
from clace.interfaces import IAdministration
from clace.locations import is_not_the_apps
from clace.units import MEBIBYTE

IGNORES = (".gitignore", ".claceignore")
KIBIBYTE = 1024
_MOST = 200 * MEBIBYTE
_MOST_FILES = 10_000
_PART = 4 * MEBIBYTE
_MOST_PIECES = 500


class LocalFile(NamedTuple):
    """A file of a source: its name in it, and its path on this machine."""

    name: str
    path: Path


class _Rules(NamedTuple):
    """The rules of the ignore files of a folder; ``prefix`` is its name in the source."""

    prefix: str
    spec: GitIgnoreSpec


async def create_from_here(admin: IAdministration, query: CreateApp) -> AppCreated:
    """Send the local folder or file that is the app's source, and create the app of it.

    :raises SourceError: if it has too much, or what no source may have.
    """
    url = await _sent_from_here(admin, query.body.source_url, query.body.path)
    created: AppCreated = await admin.perform(
        CREATE_APP, replace(query, body=replace(query.body, source_url=url))
    )
    return created


async def reload_from_here(admin: IAdministration, query: ReloadApps) -> AppsReloaded:
    """Send the local folder or file that is the app's new source, and reload the app of it.

    :raises SourceError: if it has too much, or what no source may have.
    """
    url = await _sent_from_here(admin, query.source, query.app_path_glob)
    try:
        reloaded: AppsReloaded = await admin.perform(RELOAD_APPS, replace(query, source=url))
    except NeedsApproval as error:
        # The command that it names is typed here, where the source has another name.
        raise NeedsApproval(error.message.replace(url, query.source)) from None
    return reloaded


async def _sent_from_here(admin: IAdministration, source: str, path: str) -> str:
    """Send a local folder or file, and return what it is called on the server.

    :raises SourceError: if it has too much, or what no source may have.
    """
    files = list(local_files(Path(source)))
    size = sum(file.path.stat().st_size for file in files)
    if size > _MOST:
        raise SourceError(f"{source} has more than {_MOST // MEBIBYTE} MB; see .claceignore")
    if len(files) > _MOST_FILES:
        raise SourceError(f"{source} has more than {_MOST_FILES} files; see .claceignore")
    url = await _sent(admin, files, path)
    note(f"Sent {len(files)} file(s), {_shown(size)}")
    return url


async def _sent(admin: IAdministration, files: list[LocalFile], app_path: str) -> str:
    """Send the files and return what the source is called on the server."""
    known, before, url = "", 0, ""
    for pieces, is_last in _with_last(_parts(files)):
        part = SourcePart(pieces=pieces, source=known, before=before, is_last=is_last)
        taken = await admin.perform(SEND_SOURCE, SendSource(app_path=app_path, body=part))
        known, before, url = taken.source, taken.size, taken.source_url
    return url


def local_files(top: Path) -> Iterator[LocalFile]:
    """The files of a folder that are not ignored, or the file itself.

    :raises SourceError: if one is a link or a special file, which a source may not have.
    """
    if top.is_file():
        yield LocalFile(top.name, top)
        return
    yield from _below(top, "", ())


def _below(folder: Path, prefix: str, above: tuple[_Rules, ...]) -> Iterator[LocalFile]:
    rules = (*above, *_own_rules(folder, prefix))
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        name = prefix + entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_not_the_apps(entry.name) or _is_ignored(name, rules, is_folder=is_folder):
            continue
        if is_folder:
            yield from _below(Path(entry.path), f"{name}/", rules)
            continue
        mode = entry.stat(follow_symlinks=False).st_mode
        if not stat.S_ISREG(mode):
            kind = "a symbolic link" if stat.S_ISLNK(mode) else "neither a file nor a folder"
            raise SourceError(f"{name} is {kind}, which a source may not have; see .claceignore")
        yield LocalFile(name, Path(entry.path))


def _own_rules(folder: Path, prefix: str) -> Iterator[_Rules]:
    for name in IGNORES:
        path = folder / name
        if path.is_file():
            lines = path.read_text("utf-8", "replace").splitlines()
            yield _Rules(prefix, GitIgnoreSpec.from_lines(lines))


def _is_ignored(name: str, rules: tuple[_Rules, ...], *, is_folder: bool) -> bool:
    """The last rule that is about the name decides, and those of deeper folders come last."""
    decided = False
    for each in rules:
        inner = name.removeprefix(each.prefix) + "/" * is_folder
        verdict = each.spec.check_file(inner).include
        decided = decided if verdict is None else verdict
    return decided


def _parts(files: list[LocalFile]) -> Iterator[tuple[FilePiece, ...]]:
    """Pieces in parts that a request can hold."""
    pieces: list[FilePiece] = []
    held = 0
    for file in files:
        for piece in _pieces(file):
            pieces.append(piece)
            held += len(piece.data)
            if held >= _PART or len(pieces) >= _MOST_PIECES:
                yield tuple(pieces)
                pieces, held = [], 0
    yield tuple(pieces)


def _pieces(file: LocalFile) -> Iterator[FilePiece]:
    """Yield a file in pieces.

    :raises SourceError: if it cannot be read.
    """
    try:
        with file.path.open("rb") as opened:
            data = opened.read(_PART)
            while True:
                following = opened.read(_PART)
                yield FilePiece(name=file.name, data=data, more=bool(following))
                if not following:
                    return
                data = following
    except OSError as error:
        raise SourceError(f"cannot read {file.path}: {error.strerror}") from error


def _with_last(
    parts: Iterator[tuple[FilePiece, ...]],
) -> Iterator[tuple[tuple[FilePiece, ...], bool]]:
    """Each part, and whether it is the last."""
    held = next(parts)
    for following in parts:
        yield held, False
        held = following
    yield held, True


def _shown(size: int) -> str:
    return f"{size / MEBIBYTE:.1f} MB" if size >= MEBIBYTE else f"{size / KIBIBYTE:.1f} KB"
