"""Apps from git repositories: fetched into a folder of their own, read, and forgotten."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from msgspec import Struct, field
from twisted.application.service import Service
from twisted.internet.defer import DeferredSemaphore
from twisted.internet.interfaces import IReactorTime

from clace.errors import SourceError
from clace.interfaces import FetchedSource, IStarter, SourceRevision
from clace.sources.git_auth import GitLogin
from clace.sources.git_program import GitProgram
from clace.sources.git_workshop import GitTools, GitWorkshop, WantedRevision, laid_out
from clace.sources.limits import SourceLimits, link_left_out
from clace.sources.places import GitPlace, parse
from clace.sources.tree import SourceTree
from clace.threads import InThread
from clace.units import MEBIBYTE

_A_DAY = 24 * 3600


class GitOptions(Struct, frozen=True, kw_only=True):
    """Options of git.

    ``seconds`` are for all of a fetch, 0 for a day; ``default_auth`` names the entry for revisions
    that name none; ``environment`` is what git sees of the daemon's, such as the names of proxies;
    ``config`` is a configuration file of git's for it; ``disk`` is the most that a file it writes
    may have, in bytes.
    """

    auths: tuple[GitLogin, ...] = ()
    default_auth: str = ""
    program: str = "git"
    environment: Mapping[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    )
    config: Path | None = None
    seconds: float = 600
    at_once: int = 4
    disk: int = 1024 * MEBIBYTE
    limits: SourceLimits = SourceLimits()


class GitSource(Service):
    """Git repositories; ``scratch`` is a folder for nothing else, and emptied at the start."""

    def __init__(
        self,
        clock: IReactorTime,
        starter: IStarter,
        in_thread: InThread,
        scratch: Path,
        options: GitOptions,
    ) -> None:
        self.setName("git")
        self._clock, self._in_thread = clock, in_thread
        self._scratch, self._options = scratch, options
        self._program = GitProgram(clock, starter, options.program, options.disk)
        self._turns = DeferredSemaphore(options.at_once)

    def startService(self) -> None:
        """Remove what a server that was killed left."""
        super().startService()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def stopService(self) -> None:
        """End what is under way; who waits for it is refused."""
        super().stopService()
        self._program.end()

    async def head(self, revision: SourceRevision) -> str:
        """:raises SourceError: the repository cannot be asked."""
        async with self._workshop(revision) as workshop:
            return await workshop.head()

    async def fetch(self, revision: SourceRevision) -> FetchedSource:
        """:raises SourceError: with git's reason, and the option to look at."""
        async with self._workshop(revision) as workshop:
            picked = await workshop.fetch()
            commit = await workshop.read(picked.commit, self._options.limits)
            files = await self._in_thread(partial(SourceTree, commit.files))
        return FetchedSource(
            files=files,
            branch=picked.branch,
            commit=picked.commit,
            message=commit.message,
            warnings=tuple(map(link_left_out, commit.left_out)),
        )

    @asynccontextmanager
    async def _workshop(self, revision: SourceRevision) -> AsyncIterator[GitWorkshop]:
        auth = self._auth(revision.git_auth or self._options.default_auth)
        place = parse(revision.source_url)
        wanted = WantedRevision.of(revision, auth.reach(place) if auth else place)
        await self._turns.acquire()
        try:
            async with self._tools(wanted.place, auth) as tools:
                seconds = self._options.seconds or _A_DAY
                yield GitWorkshop(self._program, self._clock, seconds, wanted, tools)
        finally:
            self._turns.release()

    @asynccontextmanager
    async def _tools(self, place: GitPlace, auth: GitLogin | None) -> AsyncIterator[GitTools]:
        folder = await self._in_thread(self._new_folder)
        try:
            around = self._options.environment, self._options.config
            work = partial(laid_out, folder, place, auth, *around)
            yield await self._in_thread(work)
        finally:
            await self._in_thread(partial(shutil.rmtree, folder, ignore_errors=True))

    def _new_folder(self) -> Path:
        try:
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=self._scratch))
        except OSError as error:
            raise SourceError(f"cannot make a folder for git: {error}") from error

    def _auth(self, name: str) -> GitLogin | None:
        if not name:
            return None
        for auth in self._options.auths:
            if auth.name == name:
                return auth
        raise SourceError(f"git auth entry {name} not found in server config")
