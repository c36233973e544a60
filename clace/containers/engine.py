"""Programs of apps as containers, through the command line of Podman or Docker."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from clace.containers.command import ContainerCommand
from clace.containers.commands import EngineCommands, Log
from clace.containers.image_sweeping import ImageSweep
from clace.containers.images import AppImage, Images, ISourceFolder
from clace.containers.inspected import is_running, label_of, pid_of, published_port, the_one
from clace.containers.mounts import ContainerMounts, volume_texts
from clace.containers.names import (
    APP_LABEL,
    COMMAND_LABEL,
    HASH_LABEL,
    HOME_LABEL,
    KeptVersions,
    container_name,
    digest,
    labels,
)
from clace.containers.namespaces import ENTER, WayIn, is_docker, relay_command
from clace.containers.options import NO_NETWORK, ContainerOptions, option_arguments, read_options
from clace.containers.reaching import SOCKET, ContainerConnections, ContainerPlace
from clace.containers.run_folders import RunFolders
from clace.containers.settings import ContainerSettings
from clace.containers.variables import variables_file
from clace.containers.workload import ContainerWorkload
from clace.errors import AppBroken, BadRequest, ProgramFailed
from clace.interfaces import (
    KEYS_FOLDER,
    NO_CONTAINER_ENGINE,
    IStarter,
    IWorkloadEngine,
    PreparedWorkload,
    ProgramExit,
    Tell,
    WorkloadOrder,
)
from clace.model import CONTAINER_PLUGIN, NO_RELOAD, App, Lifetime, Permission, WorkloadConfig
from clace.threads import InThread

RUN_FOLDER = "/run/clace"
"""The folder in a container in which its program may have the socket that it listens on."""
_RUN_SECONDS = 120
# Podman would have them writable and without a limit, Docker not at all.
_SCRATCH = ("/tmp", "/run", "/var/tmp")  # noqa: S108 - in the container
# Without capabilities nobody may listen on port 80, and the network is the container's own.
_LOW_PORTS = "--sysctl=net.ipv4.ip_unprivileged_port_start=0"


class ContainerLaunch(Struct, frozen=True, kw_only=True):
    """All that a container is started with, but for its name."""

    image: AppImage
    options: ContainerOptions
    mounts: tuple[str, ...]
    port: int
    uses_socket: bool
    environment: Mapping[str, str]


@implementer(IWorkloadEngine)
class ContainerEngine:
    """Runs the programs of apps in containers."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        starter: IStarter,
        sources: ISourceFolder,
        settings: ContainerSettings,
        in_thread: InThread,
    ) -> None:
        self._clock = reactor
        self._settings = settings
        self._sources = sources
        self._folder = settings.home / "run" / "containers"
        self._commands = EngineCommands(reactor, starter, settings)
        self._image_sweep = ImageSweep(self._commands, settings, in_thread)
        self._images = Images(self._commands, sources, reactor, settings, self._image_sweep)
        self._mounts = ContainerMounts(settings, self._folder)
        self._connections = ContainerConnections(reactor)
        self._way = settings.way
        self._run_folders = RunFolders(self._folder / "sockets", in_thread)
        self._used: set[str] = set()
        self._looked_for: set[str] = set()
        self._unclaimed: frozenset[str] = frozenset()

    @property
    def is_there(self) -> bool:
        """Return true if this machine has an engine, and the configuration wants it."""
        return bool(self._settings.engine)

    def needs(self, app: App, config: WorkloadConfig) -> tuple[Permission, ...]:
        options = read_options(app, self._settings.allowed_args)
        self._mounts.check(app, config)
        return tuple(_needs(options, volume_texts(app, config)))

    async def prepare(self, order: WorkloadOrder, tell: Tell) -> PreparedWorkload:
        if not self.is_there:
            raise AppBroken(NO_CONTAINER_ENGINE)
        try:
            options = read_options(order.app, self._settings.allowed_args)
        except BadRequest as error:
            raise AppBroken(error.message) from None
        image = await self._images.of(order, tell)
        mounts = await self._mounts.of(order, image.file.volumes)
        if image.dev is not None:
            self._mounts.of_source(order.app, image.dev.source)
        if order.keys:
            # Their folder, for the file is replaced by others.
            mounts = (*mounts, f"{order.keys}:{KEYS_FOLDER}:ro")
        port = (image.dev and order.config.dev.port) or order.config.port or image.file.port
        uses_socket = bool(options.socket) or (
            self._way is WayIn.PUBLISHED and options.network == NO_NETWORK
        )
        launch = ContainerLaunch(
            image=image,
            options=options,
            mounts=mounts,
            port=port,
            uses_socket=uses_socket,
            environment=_environment(order, port, uses_socket=uses_socket),
        )
        return PreparedWorkload(
            key=_key(order, launch), order=order, launch=launch, pins=image.pins
        )

    async def start(self, prepared: PreparedWorkload, log: Log) -> ContainerWorkload:
        left = await self._left(prepared)
        name = self._take_name(left or container_name(prepared.order.app, prepared.key))
        try:
            workload = await self._start(name, prepared, log)
        except Exception:
            await self._beside(self._remove(name))
            raise
        workload.ended.addCallback(self._over, name)
        self._beside(self._remove_stale(prepared.order.app))
        return workload

    async def _start(self, name: str, prepared: PreparedWorkload, log: Log) -> ContainerWorkload:
        launch, folder = prepared.launch, self._run_folders.of(name)
        seen = await self._inspected(name)
        adopted = (
            seen is not None and is_running(seen) and label_of(seen, HASH_LABEL) == prepared.key
        )
        if not adopted:
            if seen is not None:
                await self._commands.remove(name)
            self._run_folders.make(name, is_shared=launch.uses_socket)
            await self._run(name, folder, prepared)
            seen = await self._inspected(name)
        if seen is None:
            raise ProgramFailed("the container has ended at once")
        needs_relay = self._way is WayIn.RELAY and launch.port and not launch.uses_socket
        relay = self._run_folders.relay(name) if needs_relay else ""
        place = ContainerPlace(
            pid=pid_of(seen),
            folder=folder if launch.uses_socket else None,
            port=launch.port,
            published=published_port(seen),
            relay=relay,
        )
        workload = ContainerWorkload(
            self._clock,
            name,
            place,
            self._commands,
            self._connections,
            self._settings.stop_seconds,
        )
        if relay:
            words = relay_command(place.pid, relay, launch.port)
            workload.relay = self._commands.start_beside(ENTER, words)
        workload.watch(log, since_now=adopted)
        return workload

    async def begin(
        self, prepared: PreparedWorkload, command: tuple[str, ...], *, merge: bool
    ) -> ContainerCommand:
        with ExitStack() as kept:
            name = self._take_name(f"{container_name(prepared.order.app, prepared.key)}-run")
            kept.callback(self._used.discard, name)
            file = kept.enter_context(self._variables(name, prepared))
            arguments = (f"--label={COMMAND_LABEL}=true", *self._arguments(name, None, prepared))
            words = ("run", "--rm", f"--env-file={file}", *arguments)
            image = prepared.launch.image.id
            program = self._commands.start(*words, image, *command, merge=merge)
            leave = kept.pop_all().close
        return ContainerCommand(program, lambda: self._beside(self._commands.remove(name)), leave)

    async def forget(self, app_id: str) -> None:
        if not self.is_there:
            return
        for name in await self._names(f"{APP_LABEL}={app_id}") or ():
            await (self._commands.remove if name in self._used else self._remove)(name)
        await self._images.forget(app_id)
        await self._sources.forget(app_id)
        self._mounts.forget(app_id)

    async def sweep(self, installed: frozenset[str]) -> tuple[str, ...]:
        """Remove containers that an earlier run of this server has left and nobody needs: those of
        apps which are gone, of commands, and of apps that nobody has asked since the last sweep.
        """
        if not self.is_there:
            return ()
        folders = await self._run_folders.listed()
        names = await self._names()
        if names is None:
            return ()
        await self._run_folders.remove_others(folders, (*names, *self._used))
        left = [name for name in names if name not in self._used]
        wanted = {name for name in left if await self._is_wanted(name, installed)}
        self._unclaimed = frozenset(wanted)
        removed = [name for name in left if name not in wanted and name not in self._used]
        return tuple([name for name in removed if await self._remove(name)])

    async def sweep_images(self, installed: frozenset[str], kept: KeptVersions) -> tuple[str, ...]:
        """Remove images of installed apps, and pulled ones, that no kept version and no running
        program uses, if the last look found them unused too; return their names.
        """
        return await self._image_sweep.sweep(installed, kept) if self.is_there else ()

    async def _is_wanted(self, name: str, installed: frozenset[str]) -> bool:
        seen = None if name in self._unclaimed else await self._inspected(name)
        return (
            seen is not None
            and label_of(seen, APP_LABEL) in installed
            and not label_of(seen, COMMAND_LABEL)
        )

    async def _left(self, prepared: PreparedWorkload) -> str:
        """The name of a container that an earlier run of this server has left and is the same;
        empty if it has left none.
        """
        app = prepared.order.app.id
        if app in self._looked_for:
            return ""
        self._looked_for.add(app)
        labels = (f"{APP_LABEL}={app}", f"{HASH_LABEL}={prepared.key}")
        names = await self._names(*labels, state="running")
        return next((name for name in names or () if name not in self._used), "")

    async def _remove(self, name: str) -> bool:
        """Remove a container that nobody watches; return true if it is gone. Its name is taken for
        as long, so that nothing of a new one goes.
        """
        self._used.add(name)
        try:
            is_gone = await self._commands.remove(name)
            if is_gone:
                await self._run_folders.remove(name)
        finally:
            self._used.discard(name)
        return is_gone

    async def _remove_stale(self, app: App) -> None:
        """Remove containers of the app that an earlier run of this server has left."""
        for name in await self._names(f"{APP_LABEL}={app.id}") or ():
            if name not in self._used:
                await self._remove(name)

    def _beside(self, removal: Coroutine[Any, Any, object]) -> Deferred[Any]:
        """Remove while nobody has to wait for it."""
        removing = Deferred.fromCoroutine(removal)
        removing.addErrback(lambda failure: self._log.failure("Containers are left", failure))
        return removing

    async def _names(self, *labels: str, state: str = "") -> tuple[str, ...] | None:
        """The containers of this server that have these labels, and this state if one is given;
        None, which is logged, if the engine does not list them.
        """
        wanted = (f"{HOME_LABEL}={self._settings.home}", *labels)
        filters = [f"--filter=label={label}" for label in wanted]
        if state:
            filters.append(f"--filter=status={state}")
        listed = await self._commands.run("ps", "--all", *filters, "--format={{.Names}}")
        if listed.status:
            self._log.warn("Containers cannot be listed: {reason}", reason=listed.reason)
            return None
        return tuple(listed.output.split())

    def _take_name(self, wanted: str) -> str:
        """A name that no container of this run of the server has; it is taken from now on."""
        name, number = wanted, 1
        while name in self._used:
            number += 1
            name = f"{wanted}-{number}"
        self._used.add(name)
        return name

    def _over(self, end: ProgramExit, name: str) -> ProgramExit:
        """Give the name free when what the container had has gone."""
        removing = self._beside(self._run_folders.remove(name))
        removing.addBoth(lambda _: self._used.discard(name))
        return end

    def _variables(self, name: str, prepared: PreparedWorkload) -> AbstractContextManager[Path]:
        return variables_file(self._folder / "variables", name, prepared.launch.environment)

    async def _run(self, name: str, folder: Path, prepared: PreparedWorkload) -> None:
        arguments = tuple(self._arguments(name, folder, prepared))
        with self._variables(name, prepared) as file:
            started = await self._commands.run(
                *("run", "--detach", f"--env-file={file}", *arguments),
                *_started(prepared.launch.image),
                seconds=_RUN_SECONDS,
            )
        if started.status:
            raise ProgramFailed(f"the container cannot be started: {started.reason}")

    def _arguments(
        self, name: str, folder: Path | None, prepared: PreparedWorkload
    ) -> Iterator[str]:
        order, launch, settings = prepared.order, prepared.launch, self._settings
        yield f"--name={name}"
        for label, value in labels(order.app, settings.home, prepared.key).items():
            yield f"--label={label}={value}"
        yield f"--network={launch.options.network}"
        if launch.options.network != NO_NETWORK and is_docker(settings.engine):
            yield "--add-host=host.docker.internal:host-gateway"
        yield from ("--cap-drop=all", "--security-opt=no-new-privileges", _LOW_PORTS)
        if settings.read_only:
            yield "--read-only"
            yield from (f"--tmpfs={folder}:rw,nosuid,nodev,size=64m" for folder in _SCRATCH)
        yield from (f"--volume={mount}" for mount in launch.mounts)
        if (dev := launch.image.dev) is not None:
            yield f"--volume={self._mounts.of_source(order.app, dev.source)}:{dev.folder}:ro"
        if folder is not None:
            if launch.uses_socket:
                yield f"--volume={folder}:{RUN_FOLDER}"
            if launch.options.network != NO_NETWORK and self._way is WayIn.PUBLISHED:
                yield f"--publish=127.0.0.1::{launch.port}"
        yield from settings.run_args
        yield from option_arguments(launch.options)

    async def _inspected(self, name: str) -> dict[str, Any] | None:
        printed = await self._commands.run("container", "inspect", name)
        return None if printed.status else the_one(printed.output)


def _needs(options: ContainerOptions, volumes: tuple[str, ...]) -> Iterator[Permission]:
    for text in volumes:
        yield Permission(CONTAINER_PLUGIN, "volume", (text,))
    if options.network != NO_NETWORK:
        yield Permission(CONTAINER_PLUGIN, "network", (options.network,))
    if options.socket:
        yield Permission(CONTAINER_PLUGIN, "option", ("socket=true",))
    for name, value in options.arguments:
        yield Permission(CONTAINER_PLUGIN, "option", (f"{name}={value}",))


def _environment(order: WorkloadOrder, port: int, *, uses_socket: bool) -> dict[str, str]:
    own = {"CL_SOCKET": f"{RUN_FOLDER}/{SOCKET}"} if uses_socket else {}
    if port and order.config.lifetime is not Lifetime.COMMAND:
        own["PORT"] = str(port)
    return {**order.environment, **own}


def _key(order: WorkloadOrder, launch: ContainerLaunch) -> str:
    """One text for all that a container is made of; of a dev app the files that it sees, too."""
    files = sorted((name, ref.sha256) for name, ref in order.files.refs.items())
    dev = launch.image.dev
    is_seen = dev is not None and order.config.dev.reload != NO_RELOAD
    seen = [part for file in files for part in file] if is_seen else []
    shown = () if dev is None else (dev.source, dev.folder)
    return digest(
        *_started(launch.image),
        str(launch.port),
        *launch.mounts,
        *shown,
        *option_arguments(launch.options),
        launch.options.network,
        launch.options.socket,
        *(part for pair in sorted(launch.environment.items()) for part in pair),
        *seen,
    )


def _started(image: AppImage) -> tuple[str, ...]:
    """The image, and the command that is run in place of its own, if one is."""
    if image.dev is None or not image.dev.command:
        return (image.id,)
    place = f"--workdir={image.dev.folder}"
    return (place, "--entrypoint=sh", image.id, "-c", image.dev.command)
