"""Programs behind apps: how they are prepared and started, and the walls around processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory
from zope.interface import Attribute, Interface

from clace.interfaces.programs import IOutput, IProgram, ProgramExit
from clace.model import App, Permission, WorkloadConfig

LOCK_PIN = "requirements.lock"
"""The name of the lock of an environment among the pins of a version."""
NO_CONTAINER_ENGINE = (
    "no container engine: install Podman or Docker, or name the program of one in "
    "system.container_command; clace doctor tells what was looked for"
)
"""The reason why an app cannot have a container, and what to do."""
KEYS_FOLDER = "/run/clace-keys"
"""The folder in which a program finds the public keys of identity tokens."""
KEYS_FILE = "keys.json"
KEYS_VARIABLE = "CL_IDENTITY_KEYS"
"""The variable that has the path of the file."""
Tell = Callable[[str], None]
"""Takes a line of what is going on, for the operator who waits and for the log of the app."""


class WallMount(Struct, frozen=True, kw_only=True):
    """A file or folder of this machine as a walled process sees it, at ``target``.

    A writable one belongs to the user of the process from then on; what is in it stays as it is.
    """

    source: str
    target: str
    is_writable: bool = False
    may_execute: bool = True


class WallBounds(Struct, frozen=True, kw_only=True):
    """Limits of a walled process and all it starts.

    A ``memory_mb``, ``cpus`` or ``file_mb`` of 0 sets no limit.
    """

    memory_mb: int = 512
    cpus: float = 0
    processes: int = 256
    descriptors: int = 1024
    file_mb: int = 0
    scratch_mb: int = 64


class WalledLaunch(Struct, frozen=True, kw_only=True):
    """A program to start behind a wall; paths in it but for sources of mounts are as seen inside.

    ``app`` is the id of its app, for the audit log. ``user`` is the number it runs as where the
    server may choose one. ``network`` as in
    ``ProcessNeeds``. With ``listens`` it gets a listening socket as descriptor 3, and
    ``LISTEN_FDS`` and ``LISTEN_PID`` say so; else it listens on ``port`` of its own loopback,
    if that is not 0. Without ``merge`` its errors are apart from its output.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    app: str = ""
    mounts: tuple[WallMount, ...] = ()
    folder: str = "/"
    user: int = 0
    network: tuple[str, ...] = ()
    bounds: WallBounds = WallBounds()
    listens: bool = False
    port: int = 0
    stop_seconds: float = 10
    merge: bool = True


class IWalledProcess(Interface):
    """A program behind a wall; all it starts ends with it, and with the server."""

    pid: int = Attribute("The number of its supervisor.")
    output: IOutput = Attribute("What it writes.")
    errors: IOutput | None = Attribute("Its errors, unless they are among its output.")
    ended: Deferred[ProgramExit] = Attribute("Fires once, when nothing of it is left.")

    async def connect(factory: IProtocolFactory, seconds: float) -> Any:
        """A protocol of the factory's, connected to the socket or port that it listens on.

        :raises ConnectError: if nothing listens.
        """

    def stop() -> None:
        """Ask it to end, and end it after ``stop_seconds``; may be called again."""

    def kill() -> None:
        """End it at once."""


class IWalledStarter(Interface):
    """Starts programs behind walls."""

    async def start(launch: WalledLaunch) -> IWalledProcess:
        """A program that runs, with every wall that it has to have.

        :raises WallMissing: if one does not stand; the text says which, why, and what to set.
        :raises OSError: if the server cannot open another file or process.
        """

    def try_out() -> Mapping[str, str]:
        """For each layer ``""`` if it stands here, else why it does not; blocks."""


class WorkloadOrder(Struct, frozen=True, kw_only=True):
    """A version of an app whose program is to be prepared: its files, and what was approved.

    ``environment`` are the variables that the app's params make, with the values of secrets;
    ``redact`` takes these out of a text. ``data`` is the folder of this machine that stays with
    the app. ``prefix`` comes before the paths of all requests that are passed on. ``keys`` is the
    folder of this machine with the public keys of identity tokens, for ``KEYS_FOLDER``.
    """

    app: App
    files: Any  # IFiles: msgspec does not know interfaces
    config: WorkloadConfig
    environment: Mapping[str, str] = {}
    data: str = ""
    prefix: str = ""
    keys: str = ""
    redact: Callable[[str], str] = str


class PreparedWorkload(Struct, frozen=True, kw_only=True):
    """A program that can be started at once: equal ``key``, equal program and surroundings.

    ``pins`` are kept with the version, so that the next preparation makes the same of it: the text
    of a lock, or the digest of an image, by name. ``health`` is where it is asked whether it is
    ready, if neither the app nor the operator says it.
    """

    key: str
    order: WorkloadOrder
    launch: Any = None
    health: str = ""
    pins: Mapping[str, str] = {}


class IWorkload(Interface):
    """A program that was started; it may not listen yet."""

    ended: Deferred[ProgramExit] = Attribute("Fires once, when it has ended.")

    async def connect(factory: IProtocolFactory, seconds: float) -> Any:
        """A protocol of the factory's, connected to the program.

        :raises ConnectError: if nothing listens.
        """

    def stop() -> Deferred[None]:
        """Ask it to end, and make sure that it does; fires when it has."""


class IMeasured(Interface):
    """A program whose processes are known; not every ``IWorkload`` is one."""

    pid: int = Attribute("The number of the process that all others of it descend from.")

    def memory_mb() -> float:
        """The memory of it and of all that it has started, in megabytes."""


class IWorkloadEngine(Interface):
    """Makes programs of apps' files and starts them: as processes, or as containers."""

    def needs(app: App, config: WorkloadConfig) -> tuple[Permission, ...]:
        """The permissions that the program has to have, beyond the one for ``config``: of what its
        app declares, and of the operator's options (``container_options`` and the like).

        :raises BadRequest: if an option is unknown or cannot be used.
        """

    async def prepare(order: WorkloadOrder, tell: Tell) -> PreparedWorkload:
        """Build what the program needs, or find it built.

        :raises AppBroken: if it cannot be; the text has the last lines of the build.
        """

    async def start(prepared: PreparedWorkload, log: Callable[[bytes], None]) -> IWorkload:
        """Start it; ``log`` gets what it writes.

        :raises AppBroken: if it cannot be started.
        """

    async def begin(
        prepared: PreparedWorkload, command: tuple[str, ...], *, merge: bool
    ) -> IProgram:
        """Start another command in the same surroundings; with ``merge`` its errors are among its
        output. It ends with the server.

        :raises AppBroken: if it cannot be started.
        """

    async def forget(app_id: str) -> None:
        """End and remove what is left of an app that was deleted, but for its data."""


class BuiltEnvironment(Struct, frozen=True, kw_only=True):
    """Installed packages with an interpreter, and how a program is started with them.

    ``lock`` is the text from which the same environment can be built again, and kept with the
    version under ``LOCK_PIN``. ``release`` is a command that is run to its end, in the same
    surroundings, before the version serves; empty for none.
    """

    key: str
    folder: str
    mounts: tuple[WallMount, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str]
    lock: str = ""
    listens: bool = False
    port: int = 0
    health: str = "/"
    release: tuple[str, ...] = ()


class IEnvironments(Interface):
    """Builds what processes need, once for equal needs, and keeps it."""

    async def build(order: WorkloadOrder, source: str, tell: Tell) -> BuiltEnvironment:
        """The environment of an app whose files are in the folder ``source``; or found.

        :raises AppBroken: if it cannot be built; the text has the package, and what to do.
        """

    async def prune(kept: frozenset[str]) -> None:
        """Remove environments whose keys are not kept."""
