"""Folders, single files and git repositories behind one seam."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace
from zope.interface import implementer

from clace.errors import SourceError
from clace.interfaces import FetchedSource, IFiles, ISources, SourceRevision
from clace.locations import NO_SOURCE, is_git
from clace.sources import places
from clace.sources.folder import FolderSource
from clace.sources.git import GitSource
from clace.sources.tree import SourceTree, is_meant, nothing_meant


def checked(source_url: str) -> str:
    """The same text.

    :raises SourceError: it is for neither, or for a git repository that cannot be.
    """
    if source_url == NO_SOURCE:
        return source_url
    places.check_text(source_url)
    if is_git(source_url):
        places.parse(source_url)
    return source_url


@implementer(ISources)
class Sources:
    """Folders and git repositories; a source's text alone decides between them."""

    def __init__(self, folder: FolderSource, git: GitSource) -> None:
        self._folder, self._git = folder, git

    def check(self, source_url: str) -> str:
        source = checked(source_url)
        if is_git(source) or source == NO_SOURCE:
            return source
        return self._folder.absolute(source)

    def is_git(self, source_url: str) -> bool:
        return is_git(source_url)

    async def head(self, revision: SourceRevision) -> str:
        source = self.check(revision.source_url)
        return await self._git.head(revision) if is_git(source) else ""

    async def fetch(self, revision: SourceRevision) -> FetchedSource:
        source = self.check(revision.source_url)
        if source == NO_SOURCE:
            return FetchedSource(files=SourceTree({}))
        if is_git(source):
            return await self._git.fetch(revision)
        return await self._folder.fetch(source)

    async def texts(self, revision: SourceRevision) -> FetchedSource:
        before, _, pattern = revision.source_url.rpartition("/")
        folder = self.check(before or "/")
        if not is_git(folder):
            return await self._folder.texts(folder, pattern)
        wanted = replace(revision, source_url=folder)
        fetched = await self._git.fetch(wanted, partial(is_meant, pattern=pattern))
        if not fetched.files.refs:
            raise nothing_meant(revision.source_url)
        return fetched

    def live(self, source_url: str) -> IFiles:
        """:raises SourceError: if it is not a folder."""
        source = self.check(source_url)
        if is_git(source) or source == NO_SOURCE:
            raise SourceError(f"{source} is no folder, which a dev app needs")
        return self._folder.live(source)

    async def programs(self, source_url: str) -> FetchedSource:
        programs = await self._folder.programs(self._folder_of(source_url))
        return FetchedSource(files=programs)

    def on_disk(self, source_url: str, kept: IFiles) -> IFiles:
        return self._folder.on_disk(self._folder_of(source_url), kept)

    def _folder_of(self, source_url: str) -> str:
        source = self.check(source_url)
        if is_git(source):
            raise SourceError(f"{source} is no folder, which a site that stays on the disk needs")
        return source
