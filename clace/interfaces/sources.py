"""Files of one version of an app, and where they come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, BinaryIO

from msgspec import Struct
from zope.interface import Attribute, Interface

from clace.admin_api import SourcePart
from clace.model import App, FileRef


class IFiles(Interface):
    """An immutable tree of files (for a dev app: the folder as it is now).

    A site that stays on the disk lists only its programs, and has more when it is asked by name.
    """

    refs: Mapping[str, FileRef] = Attribute("what there is, by name; names use ``/``")

    async def read(name: str) -> bytes:
        """:raises SourceError: if the file is missing or cannot be read."""

    def encodings(name: str) -> tuple[str, ...]:
        """Return the ``clace.encodings`` that the file can be had in besides its own bytes."""

    async def read_encoded(name: str, encoding: str) -> bytes:
        """:raises SourceError: if the file is missing or cannot be had in this encoding."""

    async def copy(name: str, encoding: str, file: BinaryIO) -> None:
        """Write the file, itself (``IDENTITY``) or in an encoding, piece by piece.

        :raises SourceError: if the file is missing or cannot be had in this encoding.
        :raises OSError: if the disk is full.
        """


class SourceRevision(Struct, frozen=True, kw_only=True):
    """A revision of a source: for folders all fields but ``source_url`` are empty."""

    source_url: str
    branch: str = ""
    commit: str = ""
    git_auth: str = ""


class FetchedSource(Struct, frozen=True, kw_only=True):
    """The files of a revision, for git which commit it turned out to be, and what an operator
    should know of it; ``spec`` wrote the files that the source lacks, for ``spec_reason``.
    """

    files: Any  # IFiles: msgspec does not know interfaces
    branch: str = ""
    commit: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()
    spec: str = ""
    spec_reason: str = ""


class ISpecs(Interface):
    """Kinds of apps that run without an ``app.star`` of their own."""

    def check(spec: str) -> str:
        """The name of the spec, ``""`` for a word that says none.

        :raises BadRequest: if no spec has the name; the text has the nearest.
        """

    async def fill(fetched: FetchedSource, app: App) -> FetchedSource:
        """The source with the files that it lacks, as the app's spec writes them, or one that is
        recognised; without those that another spec wrote.

        :raises BadRequest: if the files are of two specs; the text names both.
        :raises SourceError: if they are of no kind that is known; the text says what to add.
        """

    def live(files: IFiles, app: App) -> IFiles:
        """The folder of a dev app with the files that its spec writes, at each call."""


class SentSource(Struct, frozen=True, kw_only=True):
    """A source that is being sent: files and bytes so far, and its folder once it is whole."""

    id: str
    files: int
    size: int
    folder: str = ""


class ISentSources(Interface):
    """Sources that clients send, kept as folders."""

    async def take(owner: str, part: SourcePart) -> SentSource:
        """Add the pieces of a part to the source that it is of, or to a new one.

        :raises BadRequest: if the source is not the owner's, or bytes before these are missing.
        :raises SourceError: if a file may not be in a source, or it has too much.
        """

    async def prune(used: Collection[str]) -> None:
        """Remove folders that no app uses if they are an hour old, or too many of one user."""


class ISources(Interface):
    """Sources of apps: folders and git repositories."""

    def check(source_url: str) -> str:
        """The source as it is stored: folders absolute, git URLs as given.

        :raises SourceError: it is neither.
        """

    def is_git(source_url: str) -> bool:
        """Return true if the source is a git repository."""

    async def head(revision: SourceRevision) -> str:
        """The commit that a fetch would give now; ``""`` for folders.

        :raises SourceError: the repository cannot be asked.
        """

    async def fetch(revision: SourceRevision) -> FetchedSource:
        """An immutable copy of the files, read whole.

        :raises SourceError: with the reason, and for git what to try.
        """

    async def texts(revision: SourceRevision) -> FetchedSource:
        """The files that the last part of ``source_url``, a name or a glob, means in the folder
        before it; those of folders below it are not looked at.

        :raises SourceError: if no file is meant, or one cannot be read.
        """

    async def programs(source_url: str) -> FetchedSource:
        """A copy of the ``*.star`` files right in a folder, which may have none.

        :raises SourceError: if it is not a folder, or one cannot be read.
        """

    def on_disk(source_url: str, kept: IFiles) -> IFiles:
        """A site whose files stay in a folder. Listed are the files that were kept; all others are
        looked up in the folder when they are asked for by name.

        :raises SourceError: if it is not a folder.
        """

    def live(source_url: str) -> IFiles:
        """The folder of a dev app as it is at each call."""
