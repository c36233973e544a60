"""Sources without disk or network: what tests of other rooms use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from msgspec.structs import replace
from zope.interface import implementer

from clace.encodings import Unencoded
from clace.errors import SourceError
from clace.interfaces import FetchedSource, IFiles, ISources, SourceRevision
from clace.locations import DEFAULT_BRANCH, NO_SOURCE, is_git
from clace.model import FileRef
from clace.sources import SourceTree, checked, is_meant, nothing_meant, places

Contents = Mapping[str, bytes]


@implementer(ISources)
class MemorySources:
    """Folders and repositories as they were put here."""

    def __init__(self) -> None:
        self._folders: dict[str, SourceTree] = {}
        self._commits: dict[str, list[FetchedSource]] = {}
        self._tags: dict[tuple[str, str], str] = {}

    def put_folder(self, path: str, contents: Contents) -> None:
        self._folders[path] = SourceTree(contents)

    def put_commit(
        self, url: str, contents: Contents, *, branch: str = DEFAULT_BRANCH, message: str = ""
    ) -> str:
        """The id of a new commit, from now on the head of the branch."""
        commits = self._commits.setdefault(url, [])
        commit = hashlib.sha1(f"{url} {len(commits)}".encode(), usedforsecurity=False).hexdigest()
        files = SourceTree(contents)
        commits.append(FetchedSource(files=files, branch=branch, commit=commit, message=message))
        return commit

    def put_tag(self, url: str, tag: str, commit: str) -> None:
        """Let the tag be of this commit from now on."""
        self._tags[url, tag] = commit

    def check(self, source_url: str) -> str:
        source = checked(source_url)
        if is_git(source) or source == NO_SOURCE or source.startswith("/"):
            return source
        raise SourceError(f"path does not exist {source}")

    def is_git(self, source_url: str) -> bool:
        return is_git(source_url)

    async def head(self, revision: SourceRevision) -> str:
        return self._found(revision).commit if self.is_git(revision.source_url) else ""

    async def fetch(self, revision: SourceRevision) -> FetchedSource:
        source = self.check(revision.source_url)
        if source == NO_SOURCE:
            return FetchedSource(files=SourceTree({}))
        if not self.is_git(source):
            return FetchedSource(files=self.folder(source))
        return self._found(revision)

    async def texts(self, revision: SourceRevision) -> FetchedSource:
        before, _, pattern = revision.source_url.rpartition("/")
        fetched = await self.fetch(replace(revision, source_url=self.check(before or "/")))
        contents = {
            name: await fetched.files.read(name)
            for name in fetched.files.refs
            if is_meant(name, pattern)
        }
        if not contents:
            raise nothing_meant(revision.source_url)
        return replace(fetched, files=SourceTree(contents))

    def live(self, source_url: str) -> IFiles:
        """:raises SourceError: if it is not a folder."""
        if self.is_git(source_url):
            raise SourceError(f"{source_url} is no folder, which a dev app needs")
        return _Live(self, self.check(source_url))

    async def programs(self, source_url: str) -> FetchedSource:
        whole = self.folder(self._folder_of(source_url))
        programs = {name: await whole.read(name) for name in whole.refs if is_meant(name, "*.star")}
        return FetchedSource(files=SourceTree(programs))

    def on_disk(self, source_url: str, kept: IFiles) -> IFiles:
        return _OnDisk(self, self._folder_of(source_url), kept)

    def _folder_of(self, source_url: str) -> str:
        if self.is_git(source_url):
            raise SourceError(f"{source_url} is no folder, which a site that stays there needs")
        return self.check(source_url)

    def folder(self, path: str) -> SourceTree:
        """:raises SourceError: none was put there."""
        if path not in self._folders:
            raise SourceError(f"path does not exist {path}")
        return self._folders[path]

    def _found(self, revision: SourceRevision) -> FetchedSource:
        wanted = revision.commit or revision.branch or DEFAULT_BRANCH
        commits = self._commits.get(revision.source_url, ())
        if not revision.commit:
            for fetched in reversed(commits):
                if fetched.branch == wanted:
                    return fetched
        tagged = self._tags.get((revision.source_url, wanted))
        for fetched in commits:
            if fetched.commit == tagged:
                return replace(fetched, branch="" if revision.commit else wanted)
            if fetched.commit.startswith(places.commit_id(wanted) or "-"):
                return replace(fetched, branch="")
        raise SourceError(f"cannot fetch {revision.source_url}: there is no {wanted}")


@implementer(IFiles)
class _Live(Unencoded):
    def __init__(self, sources: MemorySources, path: str) -> None:
        self._sources, self._path = sources, path

    @property
    def refs(self) -> Mapping[str, FileRef]:
        return self._sources.folder(self._path).refs

    async def read(self, name: str) -> bytes:
        return await self._sources.folder(self._path).read(name)


class _Listed(Mapping[str, FileRef]):
    """The kept files, and by name those of a folder."""

    def __init__(self, kept: Mapping[str, FileRef], folder: IFiles) -> None:
        self._kept, self._folder = kept, folder

    def __getitem__(self, name: str) -> FileRef:
        return self._kept[name] if name in self._kept else self._folder.refs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


@implementer(IFiles)
class _OnDisk(Unencoded):
    def __init__(self, sources: MemorySources, path: str, kept: IFiles) -> None:
        self._kept, self._folder = kept, _Live(sources, path)
        self.refs: Mapping[str, FileRef] = _Listed(kept.refs, self._folder)

    async def read(self, name: str) -> bytes:
        files = self._kept if name in self._kept.refs else self._folder
        return await files.read(name)
