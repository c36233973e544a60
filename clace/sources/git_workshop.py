"""A bare repository in a folder of its own, for one look at a remote one.

Without a working tree files are read as objects, so that neither links, hooks, filters nor
attributes of the repository come to act.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

from clace.errors import SourceError
from clace.interfaces import SourceRevision
from clace.locations import DEFAULT_BRANCH
from clace.sources import git_objects
from clace.sources.git_auth import GitLogin, credential_options, ssh_command
from clace.sources.git_program import GitFailed, GitProgram, GitRun
from clace.sources.limits import SourceLimits
from clace.sources.places import GitPlace, checked_branch, checked_commit, commit_id
from clace.units import MEBIBYTE

_WHOLE_ID = 40
_LISTING = 64 * MEBIBYTE
_HEAD_LINE = 200
_FETCHED = "refs/clace/fetched"
_PROTOCOLS = "http:https:ssh:git:file"
_ALL_BRANCHES = "+refs/heads/*:refs/clace/heads/*"


class WantedRevision(Struct, frozen=True):
    """A name to ask a remote repository for, checked: of a branch, a tag or a commit.

    A ``pinned`` name was given as a commit, not as a branch.
    """

    place: GitPlace
    name: str
    pinned: bool

    @classmethod
    def of(cls, revision: SourceRevision, place: GitPlace) -> WantedRevision:
        """:raises SourceError: if no branch or commit can have this name."""
        if revision.commit:
            return cls(place, checked_commit(revision.commit), pinned=True)
        return cls(place, checked_branch(revision.branch or DEFAULT_BRANCH), pinned=False)

    @property
    def id(self) -> str:
        """Return the name as the id of a commit; empty if it cannot be one."""
        return commit_id(self.name)

    @property
    def is_whole_id(self) -> bool:
        return len(self.id) >= _WHOLE_ID

    @property
    def refs(self) -> tuple[str, ...]:
        """Full names that the name may be short for, the likeliest first."""
        tag = f"refs/tags/{self.name}"
        return (tag,) if self.pinned else (f"refs/heads/{self.name}", tag)

    @property
    def missing(self) -> tuple[str, str]:
        """The words for what is not there, and the option that named it."""
        if self.pinned:
            return f"there is no commit or tag {self.name}", "--commit"
        return f"there is no branch or tag {self.name}", "--branch"


class PickedCommit(Struct, frozen=True):
    """The commit that was meant, and the branch or tag to follow, if it was one."""

    commit: str
    branch: str = ""


class GitCommit(Struct, frozen=True):
    """A commit: its message, its files, and the links that lead nowhere."""

    message: str
    files: Mapping[str, bytes]
    left_out: tuple[str, ...] = ()


class _NoSuchRef(SourceError):
    """The repository has no branch or tag of this name."""


class GitTools(Struct, frozen=True):
    """The folder, what git sees of the world, and the options that let it in."""

    folder: Path
    environment: Mapping[str, str]
    options: tuple[str, ...]


def laid_out(
    folder: Path,
    place: GitPlace,
    auth: GitLogin | None,
    environment: Mapping[str, str],
    config: Path | None = None,
) -> GitTools:
    """The tools for a place, with its secrets in files of the folder. Blocks.

    :raises SourceError: a key or the configuration of git cannot be read.
    """
    protocols = "http:https" if place.scheme == "http" else place.scheme or "ssh"
    seen = {
        "LC_ALL": "C",
        "HOME": str(folder),
        "GIT_DIR": str(folder / "repository"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": _readable(config) if config else os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/true",
        # A configuration may put another URL in place of this one.
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS if config else protocols,
        "GIT_SSH_COMMAND": ssh_command(auth, folder),
        "GIT_NO_REPLACE_OBJECTS": "1",
        **environment,
    }
    return GitTools(folder, seen, credential_options(auth, place, folder))


def _readable(config: Path) -> str:
    """:raises SourceError: git could not read the file, and would say nothing of it."""
    try:
        config.open("rb").close()
    except OSError as error:
        raise SourceError(f"[system] git_config: cannot read {config}: {error.strerror}") from error
    return str(config)


class GitWorkshop:
    """Asks the remote repository, until its time is up."""

    def __init__(
        self,
        program: GitProgram,
        clock: IReactorTime,
        seconds: float,
        wanted: WantedRevision,
        tools: GitTools,
    ) -> None:
        self._program, self._clock = program, clock
        self._ends = clock.seconds() + seconds
        self._wanted, self._tools = wanted, tools

    async def head(self) -> str:
        """The commit that a fetch would give."""
        wanted = self._wanted
        if wanted.pinned and wanted.is_whole_id:
            return wanted.id
        # The commit that a tag with a message is of has the tag's name with this behind it.
        refs = [each for ref in wanted.refs for each in (f"{ref}^{{}}", ref)]
        printed = await self._remote("ls-remote", "--end-of-options", wanted.place.url, *refs)
        lines = printed.decode(errors="replace").splitlines()
        commits = {ref: commit for commit, _, ref in (line.partition("\t") for line in lines)}
        found = next((commits[ref] for ref in refs if ref in commits), "")
        if not found and wanted.id:
            return (await self.fetch()).commit
        if not found:
            raise self._refusal(*wanted.missing)
        return found

    async def fetch(self) -> PickedCommit:
        """Have the commit here."""
        await self._git("init", "--quiet", "--bare", "--template=")
        wanted = self._wanted
        if not (wanted.pinned and wanted.is_whole_id):
            for ref in wanted.refs:
                if await self._has_fetched(ref):
                    commit = await self._whole_id(_FETCHED)
                    return PickedCommit(commit, "" if wanted.pinned else wanted.name)
        if not wanted.id:
            raise self._refusal(*wanted.missing)
        return PickedCommit(await self._fetched_by_id())

    async def _has_fetched(self, ref: str) -> bool:
        """Fetch a branch or tag; false if the repository does not have it."""
        try:
            await self._fetch("--depth=1", f"+{ref}:{_FETCHED}")
        except _NoSuchRef:
            return False
        return True

    async def _fetched_by_id(self) -> str:
        """The whole id of a commit, which is here then."""
        wanted = self._wanted
        try:
            if wanted.is_whole_id:
                await self._fetch("--depth=1", wanted.id)
                return await self._whole_id(wanted.id)
        except SourceError:
            # Not every server gives a commit by its id: then we need all there are.
            if self._clock.seconds() >= self._ends:
                raise
        await self._fetch("--tags", _ALL_BRANCHES)
        return await self._whole_id(wanted.id)

    async def read(self, commit: str, limits: SourceLimits) -> GitCommit:
        """Read a commit that was fetched.

        :raises SourceError: it has links that lead somewhere, or too much, or not the folder.
        """
        blobs = git_objects.blobs(await self._listing(commit), limits)
        ids = list(dict.fromkeys(blob.id for blob in blobs))
        asked = "\n".join((commit, *ids, "")).encode()
        most = sum(blob.size + _HEAD_LINE for blob in blobs) + MEBIBYTE
        printed = await self._git("cat-file", "--batch", input=asked, limit=most)
        first, *others = git_objects.contents(printed)
        contents = dict(zip(ids, others, strict=True))
        files = {blob.name: contents[blob.id] for blob in blobs if not blob.is_link}
        links = {blob.name: contents[blob.id] for blob in blobs if blob.is_link}
        left_out = git_objects.dangling(links, files)
        return GitCommit(git_objects.message(first), files, left_out)

    async def _listing(self, commit: str) -> bytes:
        folder = self._wanted.place.folder
        tree = f"{commit}:{folder}"
        try:
            return await self._git("ls-tree", "-r", "-z", "-l", "--full-tree", tree, limit=_LISTING)
        except GitFailed as error:
            raise SourceError(f"there is no folder {folder} in {self._wanted.place.url}") from error

    async def _whole_id(self, name: str) -> str:
        try:
            printed = await self._git("rev-parse", "--verify", f"{name}^{{commit}}")
        except GitFailed as error:
            raise self._refusal(*self._wanted.missing) from error
        return printed.decode().strip()

    async def _fetch(self, option: str, refs: str) -> None:
        url = self._wanted.place.url
        await self._remote("fetch", "--quiet", option, "--end-of-options", url, refs)

    async def _remote(self, *arguments: str) -> bytes:
        try:
            return await self._git(*self._tools.options, *arguments)
        except GitFailed as error:
            if "remote ref" in error.message:
                raise _NoSuchRef(error.message) from error
            raise self._refusal(error.message, "--git-auth") from error

    async def _git(self, *arguments: str, input: bytes = b"", limit: int = MEBIBYTE) -> bytes:  # noqa: A002
        return await self._program.run(
            GitRun(
                arguments=arguments,
                environment=self._tools.environment,
                folder=self._tools.folder,
                seconds=self._ends - self._clock.seconds(),
                input=input,
                limit=limit,
            )
        )

    def _refusal(self, why: str, option: str) -> SourceError:
        return SourceError(f"cannot fetch {self._wanted.place.url}: {why} (see {option})")
