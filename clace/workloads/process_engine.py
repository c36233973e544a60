"""Programs of apps as processes: an environment is built, and the program started behind a wall."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory
from zope.interface import implementer

from clace.errors import AppBroken, BadRequest, ClaceError, ProgramFailed
from clace.interfaces import (
    KEYS_FOLDER,
    LOCK_PIN,
    BuiltEnvironment,
    IEnvironments,
    IMeasured,
    IWalledProcess,
    IWalledStarter,
    IWorkload,
    IWorkloadEngine,
    PreparedWorkload,
    ProgramExit,
    Tell,
    WallBounds,
    WalledLaunch,
    WallMount,
    WorkloadOrder,
)
from clace.model import App, Permission, WorkloadConfig
from clace.os_errors import os_reason
from clace.pacing import Pace
from clace.threads import InThread
from clace.workloads.commands import WalledCommand, carried_out
from clace.workloads.memory import tree_memory_mb
from clace.workloads.options import (
    DEFAULT_MEMORY_MB,
    permissions,
    read_options,
    volumes,
    whole_needs,
)

_DEFAULTS = {"HOME": "/home", "LANG": "C.UTF-8"}
FOLDER = "/app"
"""The files of an app, as its program sees them."""
Log = Callable[[bytes], None]


class ProcessPlaces(Struct, frozen=True, kw_only=True):
    """The places of what is kept for processes: their files, user numbers and environments, and in
    the folder ``releases`` which versions were released.
    """

    sources: Any  # SourceFolders
    users: Any  # AppUsers
    uses: Any  # EnvironmentUses
    releases: Path


class Launches(Struct, frozen=True, kw_only=True):
    """The start of a program, and the command that is run once before it."""

    launch: WalledLaunch
    release: tuple[str, ...] = ()


@implementer(IWorkload, IMeasured)
class ProcessWorkload:
    """A process behind a wall, whose output goes to ``log``: so much of it in a second, then the
    process waits, as it would for a slow disk.
    """

    def __init__(self, process: IWalledProcess, log: Log, clock: Any) -> None:
        self._process = process
        self._clock = clock
        self._has_ended = False
        self.ended: Deferred[ProgramExit] = Deferred()
        self._reading = Deferred.fromCoroutine(self._read(log))
        process.ended.addCallback(self._over)

    async def connect(self, factory: IProtocolFactory, seconds: float) -> Any:
        return await self._process.connect(factory, seconds)

    def stop(self) -> Deferred[None]:
        stopped: Deferred[None] = Deferred()
        if self.ended.called:
            stopped.callback(None)
            return stopped
        self.ended.addCallback(_then(stopped))
        self._process.stop()
        return stopped

    @property
    def pid(self) -> int:
        return self._process.pid

    def memory_mb(self) -> float:
        return tree_memory_mb(self.pid)

    async def _read(self, log: Log) -> None:
        pace = Pace(self._clock, log, lambda: self._has_ended)
        while data := await self._process.output.read():
            await pace.hand_on(data)

    def _over(self, end: ProgramExit) -> ProgramExit:
        """Tell the end when all that was written has been read."""
        self._has_ended = True
        self._reading.addErrback(lambda _failure: None)
        self._reading.addCallback(lambda _none: self.ended.callback(end))
        return end


def _then(stopped: Deferred[None]) -> Callable[[ProgramExit], ProgramExit]:
    def tell(end: ProgramExit) -> ProgramExit:
        if not stopped.called:
            stopped.callback(None)
        return end

    return tell


@implementer(IWorkloadEngine)
class ProcessEngine:
    """Runs the programs of apps as processes of this machine."""

    def __init__(
        self,
        clock: Any,
        environments: IEnvironments,
        starter: IWalledStarter,
        places: ProcessPlaces,
        in_thread: InThread,
        stop_seconds: float = 10,
    ) -> None:
        self._clock = clock
        self._stop_seconds = stop_seconds
        self._environments = environments
        self._starter = starter
        self._places = places
        self._in_thread = in_thread

    def needs(self, app: App, config: WorkloadConfig) -> tuple[Permission, ...]:
        return permissions(app, config)

    async def prepare(self, order: WorkloadOrder, tell: Tell) -> PreparedWorkload:
        order = whole(order)
        source = await self._source(order)
        try:
            built = await self._environments.build(order, str(source), tell)
        finally:
            await self._places.sources.leave(order.app.id, source)
        await self._use(order.app.id, built.key)
        user = await self._in_thread(lambda: self._places.users.number(order.app.id))
        launch = replace(_launch(order, source, built, user), stop_seconds=self._stop_seconds)
        pins = {LOCK_PIN: built.lock} if built.lock else {}
        return PreparedWorkload(
            key=built.key,
            order=order,
            launch=Launches(launch=launch, release=built.release),
            health=built.health,
            pins=pins,
        )

    async def start(self, prepared: PreparedWorkload, log: Log) -> ProcessWorkload:
        launches: Launches = prepared.launch
        if launches.release:
            await self._release(prepared, log)
        process = await self._started(prepared, launches.launch)
        return ProcessWorkload(process, log, self._clock)

    async def begin(
        self, prepared: PreparedWorkload, command: tuple[str, ...], *, merge: bool
    ) -> WalledCommand:
        launches: Launches = prepared.launch
        once = replace(launches.launch, command=command, listens=False, port=0, merge=merge)
        return WalledCommand(await self._started(prepared, once))

    async def forget(self, app_id: str) -> None:
        await self._places.sources.forget(app_id)
        uses = self._places.uses
        await self._in_thread(lambda: uses.drop(app_id))
        await self._environments.prune(await self._in_thread(uses.keys))

    async def _use(self, app_id: str, key: str) -> None:
        """Remember the environment of an app, and remove those that no app uses since."""
        uses = self._places.uses
        if key and await self._in_thread(lambda: uses.note(app_id, key)):
            await self._environments.prune(await self._in_thread(uses.keys))

    async def _release(self, prepared: PreparedWorkload, log: Log) -> None:
        """Run what is to be run once for each version, before it serves.

        :raises ProgramFailed: if it fails.
        """
        launches: Launches = prepared.launch
        app, done = prepared.order.app, f"{prepared.key} {launches.launch.mounts[0].source}"
        marker = self._places.releases / app.id
        if await self._in_thread(lambda: _text(marker)) == done:
            return
        program = await self.begin(prepared, launches.release, merge=True)
        end = await carried_out(program, log, self._clock)
        if end != ProgramExit():
            raise ProgramFailed(f"the release command of {app} failed with {end.status}")
        await self._in_thread(lambda: _write(marker, done))

    async def _source(self, order: WorkloadOrder) -> Path:
        try:
            folder: Path = await self._places.sources.take(order.app.id, order.files)
        except OSError as error:
            why = os_reason(error)
            raise AppBroken(f"the files of {order.app} cannot be written: {why}") from None
        except ClaceError as error:
            raise AppBroken(error.message) from None
        return folder

    async def _started(self, prepared: PreparedWorkload, launch: WalledLaunch) -> IWalledProcess:
        source = await self._source(prepared.order)
        try:
            _make_folders(launch, prepared.order.data)
            process: IWalledProcess = await self._starter.start(launch)
        except BaseException as error:
            await self._places.sources.leave(prepared.order.app.id, source)
            if isinstance(error, OSError | ValueError):
                raise ProgramFailed(f"the program cannot be started: {error}") from None
            raise
        process.ended.addCallback(self._left, prepared.order.app.id, source)
        return process

    def _left(self, end: ProgramExit, app_id: str, source: Path) -> ProgramExit:
        Deferred.fromCoroutine(self._places.sources.leave(app_id, source))
        return end


def _launch(order: WorkloadOrder, source: Path, built: BuiltEnvironment, user: int) -> WalledLaunch:
    app, config, said = order.app, order.config, read_options(order.app)
    kept = _kept(order)
    for mount in kept:
        _check_room(mount.target, source)
    port = 0 if built.listens else config.port or built.port
    environment = {**_DEFAULTS, **order.environment, **built.environment}
    if port:
        environment["PORT"] = str(port)
    return WalledLaunch(
        name=str(app),
        app=app.id,
        command=built.command,
        environment=environment,
        mounts=(
            WallMount(source=str(source), target=FOLDER),
            *built.mounts,
            *_keys(order),
            *kept,
        ),
        folder=FOLDER,
        user=user,
        network=config.needs.network,
        bounds=WallBounds(
            memory_mb=config.needs.memory_mb or DEFAULT_MEMORY_MB, cpus=said.get("cpus", 0)
        ),
        listens=built.listens,
        port=port,
    )


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(text)


def whole(order: WorkloadOrder) -> WorkloadOrder:
    """The order, with the needs that the operator's options add.

    :raises AppBroken: if one cannot be used.
    """
    try:
        needs = whole_needs(order.app, order.config)
        volumes(order.app, order.config)
    except BadRequest as error:
        raise AppBroken(error.message) from None
    return replace(order, config=replace(order.config, needs=needs))


def _make_folders(launch: WalledLaunch, root: str) -> None:
    """Make the folders that are kept, which are the program's own."""
    for mount in launch.mounts:
        if root and mount.source.startswith(f"{root}/"):
            Path(mount.source).mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.geteuid() == 0:
                os.chown(mount.source, launch.user, launch.user, follow_symlinks=False)


def _keys(order: WorkloadOrder) -> tuple[WallMount, ...]:
    """The public keys of identity tokens: their folder, for the file is replaced by others."""
    if not order.keys:
        return ()
    return (WallMount(source=order.keys, target=KEYS_FOLDER, may_execute=False),)


def _kept(order: WorkloadOrder) -> tuple[WallMount, ...]:
    """The folders that stay when the program ends."""
    if not order.data:
        return ()
    root = Path(order.data)
    found = [
        _data(root / "volumes" / name, target, is_writable=writes)
        for name, target, writes in volumes(order.app, order.config)
    ]
    if order.config.needs.data:
        target = order.config.needs.data
        found.append(_data(root / "data", target, is_writable=True))
    return tuple(found)


def _check_room(target: str, source: Path) -> None:
    """:raises AppBroken: if it lies among the files of the app, which has no such folder."""
    below = target.removeprefix(f"{FOLDER}/")
    if below != target and not (source / below).is_dir():
        raise AppBroken(
            f"data {target!r:.100}: the files of an app are only read, and {below!r:.100} is no"
            " folder among them; take another place, as /data, or add the folder with a file in it"
        )


def _data(source: Path, target: str, *, is_writable: bool) -> WallMount:
    """Data that stay; no program that was left among them is executed."""
    return WallMount(source=str(source), target=target, is_writable=is_writable, may_execute=False)
