"""The steps of a build, each a run of uv in the surroundings of that build alone."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from clace.environments.cache import PackageCache
from clace.environments.interpreters import Interpreter, meets, others, own_interpreter
from clace.environments.planning import Plan
from clace.environments.programs import BuildStep, StepFailed, StepRunner, say_nothing
from clace.environments.python_sources import canonical
from clace.environments.requirements import WHEELS, checked_lines, is_hashed, lacking, unhashed
from clace.environments.settings import PythonOptions
from clace.environments.store import (
    GIVEN,
    MADE,
    EnvironmentStore,
    read_made,
    remove,
    write_new,
)
from clace.environments.uv import UvCalls, refusal, uv_program, without_password
from clace.errors import AppBroken, BadRequest, InternalError
from clace.interfaces import Tell, WallMount, WorkloadOrder
from clace.single_flight import SingleFlight
from clace.threads import InThread

_log = Logger()
_LOCK, _CHOSEN = "requirements.lock", "requirements.txt"
_COMPILE = ("-I", "-S", "-m", "compileall", "-qq", "-j", "0")
_PLAIN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
_ASKS = "import sys; print('%d.%d.%d' % sys.version_info[:3], sys.base_prefix)"


class Workplace(Struct, frozen=True, kw_only=True):
    """A build that goes on: its plan and source, its folder, and how uv is called in it."""

    plan: Plan
    source: Path
    folder: Path
    calls: UvCalls
    tell: Tell
    builds: bool
    deadline: float


class Installer:
    """Locks packages and installs them, with the programs of a runner."""

    def __init__(
        self,
        store: EnvironmentStore,
        options: PythonOptions,
        runner: StepRunner,
        clock: IReactorTime,
        in_thread: InThread,
        own: Interpreter | None = None,
    ) -> None:
        self._store = store
        self._options = options
        self._runner = runner
        self._clock = clock
        self._in_thread = in_thread
        self._own = own or own_interpreter()
        self._opening = SingleFlight(partial(in_thread, store.open))
        self._cache = PackageCache(store, options.cache_mb)
        self._withdrawing = SingleFlight(partial(in_thread, self._cache.withdraw_excess))
        self._going_on = 0

    @asynccontextmanager
    async def work(
        self, order: WorkloadOrder, source: Path, plan: Plan, tell: Tell
    ) -> AsyncIterator[Workplace]:
        """A place for one build; it is removed afterwards."""
        if not self._store.is_open:
            await self._opening.result()
        while self._withdrawing.goes_on:
            with suppress(OSError):  # which the trimming itself logs: packages are kept
                await self._withdrawing.result()
        self._going_on += 1
        try:
            async with self._workplace(order, source, plan, tell) as work:
                yield work
        finally:
            self._going_on -= 1
            if not self._going_on and not self._options.offline:
                trimming = Deferred.fromCoroutine(self._trim_cache())
                trimming.addErrback(lambda failure: _log.failure("Packages not removed", failure))

    async def _trim_cache(self) -> None:
        """Remove packages that are too much. Builds wait until they are out of the cache."""
        try:
            for folder in await self._withdrawing.result():
                await self._in_thread(partial(remove, folder))
        except InternalError:  # the server stops; what is left goes when it starts
            return

    @asynccontextmanager
    async def _workplace(
        self, order: WorkloadOrder, source: Path, plan: Plan, tell: Tell
    ) -> AsyncIterator[Workplace]:
        index = await self._in_thread(self._options.index_with_login)
        builds = order.config.needs.builds
        workplace = self._store.workplace()
        folder = await self._in_thread(workplace.__enter__)
        calls = UvCalls(
            options=self._options,
            program=uv_program(),
            cache=str(folder / MADE / "cache" if builds else self._store.cache),
            folder=str(folder / MADE),
            index=index,
            links=(*((plan.wheels,) if plan.wheels else ()), *self._options.find_links),
            builds=builds,
            copies=builds or os.geteuid() == 0,
        )
        try:
            yield Workplace(
                plan=plan,
                source=source,
                folder=folder,
                calls=calls,
                tell=lambda line: tell(without_password(line)),
                builds=builds,
                deadline=self._clock.seconds() + self._options.build_timeout_secs,
            )
        finally:
            await self._in_thread(partial(workplace.__exit__, None, None, None))

    async def python(self, work: Workplace, required: str) -> Interpreter:
        """Return the server's own Python, or the newest of this machine that the source allows.

        :raises BadRequest: if none is.
        """
        if not required or meets(self._own.version, required):
            return self._own
        known = [self._own]
        for path in await self._in_thread(partial(others, self._own)):
            step = self._step(work, (path, "-I", "-S", "-c", _ASKS), prints=True)
            try:
                told = await self._run(work, step)
            except StepFailed:
                continue
            version, _, prefix = told.strip().partition(" ")
            if version and meets(version, required):
                return Interpreter(path, version, prefix)
            known.append(Interpreter(path, version, prefix))
        have = ", ".join(f"{each.version} ({each.path})" for each in known)
        raise BadRequest(
            f"the source requires Python {required:.100}, and this machine has {have}: install one"
            " that fits, or change requires-python"
        )

    async def lock(self, work: Workplace, python: Interpreter) -> str:
        """Return the packages that are to be installed, each with its version and hashes.

        :raises AppBroken: if they cannot be found; the text has the package and what to do.
        """
        work.tell(f"Locking the packages of {_place(work)} for Python {python.version}")
        await self._in_thread(self._options.check_places)
        fixed: list[str] = []
        added = list(work.plan.added)
        lines = list(work.plan.packages.lines)
        if work.plan.packages.exports:
            fixed = await self._exported(work)
            added = list(lacking(_names(fixed), work.plan.spec))
        elif work.plan.packages.is_locked:
            fixed = lines
        if fixed and not all(map(is_hashed, fixed)):
            # A uv.lock has no hashes of wheels that were in a folder when it was made.
            lines, fixed = fixed, []
        if fixed:
            if not added:
                return _lines(fixed)
            more = await self._compiled(work, python, added, fixed)
            return _lines([*fixed, *(line for line in more if not _names([line]) & _names(fixed))])
        return _lines(await self._compiled(work, python, [*lines, *added], []))

    async def install(self, work: Workplace, key: str, lock: str, python: Interpreter) -> None:
        """Install a lock into the store.

        :raises AppBroken: if it cannot be; the text has the package and what to do.
        """
        work.tell(f"Installing {len(_names(_logical(lock)))} packages")
        await self._in_thread(self._options.check_places)
        folder = str(await self._in_thread(partial(self._store.begin, key)))
        written = await self._given(work, _LOCK, lock)
        calls = work.calls
        install = calls.install(written, f"{folder}/bin/python")
        try:
            for command in (calls.venv(folder, python.path), install):
                await self._run(work, self._step(work, command, built=folder))
            await self._compile(work, folder, python)
        except StepFailed as failure:
            await self._in_thread(partial(self._store.drop, key))
            raise self._refusal(work, failure) from failure
        await self._in_thread(partial(self._store.finish, key, lock))

    async def _compile(self, work: Workplace, folder: str, python: Interpreter) -> None:
        """Compile the modules, but for those that are not of this Python.

        Not by uv: it starts the environment's own Python, in which packages have code run, in the
        midst of the files of others' builds.

        :raises StepFailed: if the time is over.
        """
        work.tell("Compiling the modules of the packages")
        step = BuildStep(
            command=(python.path, *_COMPILE, f"{folder}/lib"),
            environment=_PLAIN,
            folder=folder,
            mounts=(_mount(folder, is_writable=True), _mount(self._own.prefix)),
            memory_mb=self._options.build_memory_mb,
        )
        try:
            await self._run(work, step)
        except StepFailed:
            if self._clock.seconds() >= work.deadline:
                raise
            work.tell("Some files are not compiled")

    async def _exported(self, work: Workplace) -> list[str]:
        """The packages of the source's ``uv.lock``.

        :raises BadRequest: if one is not from an index, and building is not approved.
        """
        step = self._step(work, work.calls.export(), folder=str(work.source), prints=True)
        try:
            text = await self._run(work, step)
        except StepFailed as failure:
            raise self._refusal(work, failure) from failure
        return checked_lines(text, work.plan.packages.place, builds=work.builds)

    async def _compiled(
        self, work: Workplace, python: Interpreter, lines: Sequence[str], fixed: Sequence[str]
    ) -> list[str]:
        wheels = [] if fixed else _of_wheels(work.plan.wheels)
        constraints = [unhashed(line) for line in fixed] or wheels
        made = work.folder / MADE / _CHOSEN
        words = (
            await self._given(work, "wanted.txt", _lines(list(map(unhashed, lines)))),
            str(made),
            python.path,
            await self._given(work, "constraints.txt", _lines(constraints)) if constraints else "",
        )
        try:
            if not await self._from_wheels(work, words):
                await self._run(work, self._step(work, work.calls.compile(*words)))
        except StepFailed as failure:
            raise self._refusal(work, failure) from failure
        try:
            return _logical(await self._in_thread(partial(read_made, made)))
        except OSError as error:
            raise AppBroken(f"the lock cannot be read: {error}") from error

    async def _from_wheels(self, work: Workplace, words: tuple[str, str, str, str]) -> bool:
        """Try the wheels of the source alone; true if they are all that is needed."""
        if not work.plan.wheels or not work.calls.index:
            return False
        alone = replace(work.calls, index="")
        step = replace(self._step(work, alone.compile(*words)), network=())
        try:
            await self._runner.run(step, work.deadline - self._clock.seconds(), say_nothing)
        except StepFailed:
            work.tell(f"The folder {WHEELS} does not have all packages; the index is asked too")
            return False
        return True

    async def _given(self, work: Workplace, name: str, text: str) -> str:
        """Write a file for uv, and return its path."""
        path = work.folder / GIVEN / name
        await self._in_thread(partial(write_new, path, text))
        return str(path)

    async def _run(self, work: Workplace, step: BuildStep) -> str:
        return await self._runner.run(step, work.deadline - self._clock.seconds(), work.tell)

    def _step(
        self,
        work: Workplace,
        command: tuple[str, ...],
        *,
        folder: str = "",
        built: str = "",
        prints: bool = False,
    ) -> BuildStep:
        return BuildStep(
            command=command,
            environment=work.calls.environment(),
            folder=folder or work.calls.folder,
            mounts=self._mounts(work, built),
            network=self._options.network,
            memory_mb=self._options.build_memory_mb,
            prints=prints,
        )

    def _mounts(self, work: Workplace, built: str) -> tuple[WallMount, ...]:
        """Show a step its parts of this machine. Hard links need one mount, so a build that may
        make them writes to the whole store; it runs as the server's own user then.
        """
        calls = work.calls
        writable = [calls.folder, built, *(() if work.builds else (calls.cache,))]
        if not calls.copies:
            writable = [str(self._store.root)]
        places = (
            *(self._own.prefix, calls.program, str(work.source), str(work.folder / GIVEN)),
            *self._options.folders,
            self._options.ca_file,
        )
        return (
            *(_mount(place, is_writable=True) for place in writable if place),
            *(_mount(place) for place in dict.fromkeys(places) if place),
        )

    def _refusal(self, work: Workplace, failure: StepFailed) -> AppBroken:
        reason = "" if failure.lines else failure.message
        return refusal(failure.lines, self._options, _place(work), reason)


def _mount(place: str, *, is_writable: bool = False) -> WallMount:
    return WallMount(source=place, target=place, is_writable=is_writable)


def _place(work: Workplace) -> str:
    return work.plan.packages.place or "the app"


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in sorted(lines))


def _logical(text: str) -> list[str]:
    """The requirements of a file that uv made, each on one line."""
    joined = text.replace("\\\n", " ")
    lines = (re.sub(r"\s+", " ", line).strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _names(lines: Sequence[str]) -> frozenset[str]:
    return frozenset(canonical(Requirement(unhashed(line)).name) for line in lines)


def _of_wheels(folder: str) -> list[str]:
    """Constraints to the newest version of each package that the source has a wheel of."""
    found: dict[str, Any] = {}
    for path in sorted(Path(folder).glob("*.whl")) if folder else ():
        try:
            name, version, _, _ = parse_wheel_filename(path.name)
        except ValueError as error:
            raise BadRequest(f"{WHEELS}/{path.name} is not named as a wheel: {error}") from None
        found[name] = max(version, found.get(name, version))
    return [f"{name}=={version}" for name, version in found.items()]
