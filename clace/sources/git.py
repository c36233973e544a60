"""Apps from git repositories: what the last fetch did not bring is fetched, read, and kept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from msgspec import Struct
from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime

from clace.errors import SourceError
from clace.interfaces import FetchedSource, IStarter, SourceRevision
from clace.os_errors import os_reason
from clace.sources.git_auth import GitLogin
from clace.sources.git_clones import BorrowedClone, GitClones
from clace.sources.git_heads import RememberedHeads
from clace.sources.git_program import GitProgram
from clace.sources.git_tools import GitSurroundings, laid_out
from clace.sources.git_turns import GitTurns
from clace.sources.git_wanted import IsMeant, WantedRevision
from clace.sources.git_workshop import DoubtfulClone, GitWorkshop
from clace.sources.limits import SourceLimits, link_left_out
from clace.sources.places import parse
from clace.sources.tree import SourceTree
from clace.threads import InThread
from clace.units import MEBIBYTE

_A_DAY = 24 * 3600


class GitOptions(Struct, frozen=True, kw_only=True):
    """Options of git.

    ``seconds`` are for all of a fetch, 0 for a day; ``default_auth`` names the entry for revisions
    that name none; ``disk`` is the most that a file it writes may have, ``memory`` the most that
    each of its processes may hold, and ``kept`` the most that is kept of what was fetched, in
    bytes; ``at_once`` is for each server. The head of a branch or tag is not asked for again for
    ``head_seconds``.
    """

    auths: tuple[GitLogin, ...] = ()
    default_auth: str = ""
    program: str = "git"
    around: GitSurroundings = GitSurroundings()
    seconds: float = 600
    at_once: int = 4
    disk: int = 1024 * MEBIBYTE
    memory: int = 1024 * MEBIBYTE
    kept: int = 512 * MEBIBYTE
    head_seconds: float = 0
    limits: SourceLimits = SourceLimits()


class _Task(Struct, frozen=True):
    """One thing to do at a repository, with the time at which it has to be done."""

    wanted: WantedRevision
    auth: GitLogin | None
    ends: float

    @property
    def clone(self) -> tuple[str, ...]:
        """The repository as this login reaches it: what one may read, another may not."""
        return self.wanted.place.url, self.auth.name if self.auth else ""


def _all(_name: str) -> bool:
    return True


class GitSource(Service):
    """Git repositories. ``folder`` is for nothing else: ``work`` in it is emptied at the start, and
    ``clones`` are kept.
    """

    def __init__(
        self,
        clock: IReactorTime,
        starter: IStarter,
        in_thread: InThread,
        folder: Path,
        options: GitOptions,
    ) -> None:
        self.setName("git")
        self._clock, self._in_thread = clock, in_thread
        self._scratch, self._options = folder / "work", options
        self._program = GitProgram(clock, starter, options.program, options.disk, options.memory)
        self._clones = GitClones(folder / "clones", options.kept)
        self._turns = GitTurns(clock, options.at_once)
        self._heads = RememberedHeads(clock, options.head_seconds)

    def startService(self) -> None:
        """Remove what a server that was killed left."""
        super().startService()
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._clones.tidy()

    def stopService(self) -> None:
        """End what is under way; who waits for it is refused."""
        super().stopService()
        self._program.end()

    async def head(self, revision: SourceRevision) -> str:
        """:raises SourceError: the repository cannot be asked."""
        task = self._task(revision)
        async with self._turn(task), self._workshop(task, BorrowedClone()) as workshop:
            return await workshop.head()

    async def fetch(self, revision: SourceRevision, is_meant: IsMeant = _all) -> FetchedSource:
        """Return the files that are meant.

        :raises SourceError: with git's reason, and the option to look at.
        """
        task = self._task(revision)
        async with self._turn(task), self._borrowed(task) as clone:
            try:
                return await self._fetched(task, clone, is_meant)
            except DoubtfulClone:
                fetched = await self._fetched(task, BorrowedClone(), is_meant)
            await self._in_thread(clone.forget)
            return fetched

    async def _fetched(self, task: _Task, clone: BorrowedClone, is_meant: IsMeant) -> FetchedSource:
        async with self._workshop(task, clone) as workshop:
            picked = await workshop.fetch()
            commit = await workshop.read(picked.commit, self._options.limits, is_meant)
            files = await self._in_thread(partial(SourceTree, commit.files))
            await self._in_thread(partial(clone.keep, workshop.repository, picked.commit))
        return FetchedSource(
            files=files,
            branch=picked.branch,
            commit=picked.commit,
            message=commit.message,
            warnings=tuple(map(link_left_out, commit.left_out)),
        )

    def _task(self, revision: SourceRevision) -> _Task:
        auth = self._auth(revision.git_auth or self._options.default_auth)
        place = parse(revision.source_url)
        wanted = WantedRevision.of(revision, auth.reach(place) if auth else place)
        ends = self._clock.seconds() + (self._options.seconds or _A_DAY)
        return _Task(wanted, auth, ends)

    @asynccontextmanager
    async def _turn(self, task: _Task) -> AsyncIterator[None]:
        async with self._turns.at(task.wanted.place.host, task.ends - self._clock.seconds()):
            yield

    @asynccontextmanager
    async def _borrowed(self, task: _Task) -> AsyncIterator[BorrowedClone]:
        clone = await self._in_thread(partial(self._clones.borrow, *task.clone))
        try:
            yield clone
        finally:
            await self._in_thread(partial(self._clones.give_back, clone))

    @asynccontextmanager
    async def _workshop(self, task: _Task, clone: BorrowedClone) -> AsyncIterator[GitWorkshop]:
        folder = await self._in_thread(self._new_folder)
        try:
            place = task.wanted.place
            work = partial(laid_out, folder, place, task.auth, self._options.around, clone)
            tools = await self._in_thread(work)
            around = self._program, self._clock
            yield GitWorkshop(*around, task.ends, task.wanted, tools, self._heads)
        finally:
            await self._in_thread(partial(shutil.rmtree, folder, ignore_errors=True))

    def _new_folder(self) -> Path:
        try:
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=self._scratch))
        except OSError as error:
            raise SourceError(f"cannot make a folder for git: {os_reason(error)}") from error

    def _auth(self, name: str) -> GitLogin | None:
        if not name:
            return None
        for auth in self._options.auths:
            if auth.name == name:
                return auth
        raise SourceError(f"git auth entry {name} not found in server config")
