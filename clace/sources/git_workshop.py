"""Looks at a remote repository, from a bare one of its own.

Without a working tree files are read as objects, so that neither links, hooks, filters nor
attributes of the repository come to act.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from twisted.internet.interfaces import IReactorTime

from clace.errors import SourceError
from clace.sources import git_objects, git_redirects
from clace.sources.git_heads import RememberedHeads
from clace.sources.git_program import GitFailed, GitProgram, GitRun
from clace.sources.git_ssh import next_step
from clace.sources.git_tools import GitTools
from clace.sources.git_wanted import GitCommit, IsMeant, PickedCommit, WantedRevision
from clace.sources.limits import SourceLimits
from clace.sources.places import GitPlace
from clace.units import MEBIBYTE

_LISTING = 64 * MEBIBYTE
_HEAD_LINE = 200
_DEADLINE = "[system] git_operation_timeout_secs"
_FETCHED = "refs/clace/fetched"
# A login changes nothing about a host that is not reached.
_UNREACHED = re.compile(
    "Failed to connect|Could not resolve host|Connection refused|Connection timed out|No route to"
)
_ALL_BRANCHES = "+refs/heads/*:refs/clace/heads/*"


class _NoSuchRef(SourceError):
    """The repository has no branch or tag of this name."""


class DoubtfulClone(SourceError):
    """It went wrong with what was borrowed; it may go well without."""


class GitWorkshop:
    """Asks the remote repository, until its time is up."""

    def __init__(
        self,
        program: GitProgram,
        clock: IReactorTime,
        ends: float,
        wanted: WantedRevision,
        tools: GitTools,
        heads: RememberedHeads,
    ) -> None:
        self._program, self._clock = program, clock
        self._ends = ends
        self._wanted, self._tools, self._heads = wanted, tools, heads
        # The host may have another path for it.
        self._place = wanted.place

    @property
    def repository(self) -> Path:
        """The repository with what was fetched, which is whole only with what was borrowed."""
        return self._tools.repository

    async def head(self) -> str:
        """The commit that a fetch would give."""
        wanted = self._wanted
        if wanted.is_sure:
            return wanted.id
        found = await self._asked()
        if not found and wanted.id:
            return (await self.fetch()).commit
        if not found:
            raise self._refusal(*wanted.missing)
        return found

    async def _asked(self) -> str:
        """The commit that the repository has by this name; or an empty text."""
        wanted = self._wanted
        key = (self._tools.login, wanted.place.url, *wanted.refs)
        if (remembered := self._heads.get(key)) is not None:
            return remembered
        # The commit that a tag with a message is of has the tag's name with this behind it.
        refs = [each for ref in wanted.refs for each in (f"{ref}^{{}}", ref)]
        printed = await self._remote(("ls-remote",), *refs)
        lines = printed.decode(errors="replace").splitlines()
        commits = {ref: commit for commit, _, ref in (line.partition("\t") for line in lines)}
        found = next((commits[ref] for ref in refs if ref in commits), "")
        self._heads.put(key, found)
        return found

    async def fetch(self) -> PickedCommit:
        """Have the commit here.

        :raises DoubtfulClone: if it could not be fetched beside what was borrowed.
        """
        wanted, known = self._wanted, self._tools.known
        if wanted.is_sure:
            return PickedCommit(wanted.id if wanted.id in known else await self._fetched_by_id())
        if known and (head := await self._asked()) in known:
            return wanted.followed(head)
        for ref in wanted.refs:
            if await self._has_fetched(ref):
                return wanted.followed(await self._whole_id(_FETCHED))
        if not wanted.id:
            raise self._refusal(*wanted.missing)
        return PickedCommit(await self._fetched_by_id())

    async def _has_fetched(self, ref: str) -> bool:
        """Fetch a branch or tag; false if the repository does not have it."""
        try:
            await self._fetch("--depth=1", f"+{ref}:{_FETCHED}")
        except _NoSuchRef:
            return False
        except SourceError as error:
            raise self._doubted(error) from error
        return True

    def _doubted(self, error: SourceError) -> SourceError:
        """The error, as one of what was borrowed if it may be."""
        if not self._tools.known or self._clock.seconds() >= self._ends:
            return error
        return DoubtfulClone(error.message)

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
        self._tools = self._tools.borrows_nothing
        await self._fetch("--tags", _ALL_BRANCHES)
        return await self._whole_id(wanted.id)

    async def read(self, commit: str, limits: SourceLimits, is_meant: IsMeant) -> GitCommit:
        """Read the files that are meant of a commit that was fetched.

        :raises DoubtfulClone: if it is not whole, with what was borrowed.
        :raises SourceError: it has what a source may not have, or too much, or not the folder.
        """
        found = git_objects.blobs(await self._listing(commit))
        blobs = git_objects.checked([blob for blob in found if is_meant(blob.name)], limits)
        ids = list(dict.fromkeys(blob.id for blob in blobs))
        message, *others = await self._objects((commit, *ids), sum(blob.size for blob in blobs))
        contents = dict(zip(ids, others, strict=True))
        files = {blob.name: contents[blob.id] for blob in blobs if not blob.is_link}
        git_objects.check_contents(files)
        links = {blob.name: contents[blob.id] for blob in blobs if blob.is_link}
        names = [blob.name for blob in found if not blob.is_link]
        left_out = git_objects.dangling(links, names)
        return GitCommit(git_objects.message(message), files, left_out)

    async def _objects(self, ids: tuple[str, ...], size: int) -> list[bytes]:
        asked = "\n".join((*ids, "")).encode()
        most = size + len(ids) * _HEAD_LINE + MEBIBYTE
        try:
            return list(
                git_objects.contents(
                    await self._git("cat-file", "--batch", input=asked, limit=most)
                )
            )
        except SourceError as error:
            raise self._doubted(error) from error

    async def _listing(self, commit: str) -> bytes:
        folder = self._wanted.place.folder
        tree = f"{commit}:{folder}"
        try:
            return await self._git("ls-tree", "-r", "-z", "-l", "--full-tree", tree, limit=_LISTING)
        except GitFailed as error:
            missing = SourceError(f"there is no folder {folder} in {self._wanted.place.url}")
            raise (missing if await self._is_whole(commit) else self._doubted(missing)) from error

    async def _is_whole(self, commit: str) -> bool:
        try:
            await self._git("rev-list", "--objects", "--no-walk", "--quiet", commit)
        except GitFailed:
            return False
        return True

    async def _whole_id(self, name: str) -> str:
        try:
            printed = await self._git("rev-parse", "--verify", f"{name}^{{commit}}")
        except GitFailed as error:
            raise self._refusal(*self._wanted.missing) from error
        return printed.decode().strip()

    async def _fetch(self, option: str, refs: str) -> None:
        await self._remote(("fetch", "--quiet", option), refs)

    async def _remote(self, command: tuple[str, ...], *refs: str) -> bytes:
        try:
            return await self._followed(command, refs)
        except GitFailed as error:
            if "remote ref" in error.message:
                raise _NoSuchRef(error.message) from error
            raise self._refusal(error.message, self._next_step(error.message)) from error
        except SourceError as error:
            if self._clock.seconds() < self._ends:
                raise
            raise self._refusal(error.message, _DEADLINE) from error

    async def _followed(self, command: tuple[str, ...], refs: tuple[str, ...]) -> bytes:
        """Ask the repository for refs, wherever on its host that is.

        :raises SourceError: if it is on another host.
        """
        asked = *self._tools.options, *command, "--end-of-options"
        for _ in range(git_redirects.MOST):
            try:
                return await self._git(*asked, self._place.url, *refs)
            except GitFailed as error:
                if not git_redirects.is_redirected(error.message):
                    raise
            self._place = await self._led_to()
        return await self._git(*asked, self._place.url, *refs)

    async def _led_to(self) -> GitPlace:
        """:raises SourceError: if the host sends git to another host."""
        look = *self._tools.options, "ls-remote", "--end-of-options", self._place.url, "HEAD"
        try:
            await self._git(*look, more=git_redirects.TRACED)
        except GitFailed as error:
            return git_redirects.leads_to(self._place, error.complaints)
        return self._place  # it has stopped meanwhile

    def _next_step(self, complaint: str) -> str:
        """Return the words for what to look at when a repository cannot be reached."""
        if _UNREACHED.search(complaint):
            return ""
        about_host = next_step(complaint, self._tools.known_hosts)
        if about_host or not self._wanted.place.may_be_deeper:
            return about_host or "--git-auth"
        return "--git-auth; if the repository is in a subgroup, end its path with .git or //"

    async def _git(
        self,
        *arguments: str,
        input: bytes = b"",  # noqa: A002
        limit: int = MEBIBYTE,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> bytes:
        """``more`` is for the environment."""
        return await self._program.run(
            GitRun(
                arguments=arguments,
                environment={**self._tools.environment, **more},
                folder=self._tools.folder,
                seconds=self._ends - self._clock.seconds(),
                input=input,
                limit=limit,
            )
        )

    def _refusal(self, why: str, option: str) -> SourceError:
        advice = f" (see {option})" if option else ""
        return SourceError(f"cannot fetch {self._wanted.place.url}: {why}{advice}")
