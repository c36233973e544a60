"""Programs behind apps: processes and containers, as apps declare them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from clace.model.dev_settings import DevSettings, read_dev_settings
from clace.model.proxying import CONTAINER_URL

WORKLOAD_URL = CONTAINER_URL
"""The beginning of a proxied URL that stands for the app's own program."""
CONTAINER_PLUGIN, PROCESS_PLUGIN = "container.in", "process.in"
AUTO, NIXPACKS, IMAGE_PREFIX, COMMAND = "auto", "nixpacks", "image:", "command"
LOG_LEVELS = ("debug", "info", "warn", "error")
OVERLAP = "overlap"
"""How an app with a data folder is replaced where two of it may run at a time."""
_Text = Annotated[str, Meta(max_length=4096)]
_Short = Annotated[str, Meta(max_length=256)]
_Texts = Annotated[tuple[_Text, ...], Meta(max_length=100)]
_Table = dict[_Short, _Text]
_Port = Annotated[int, Meta(ge=0, le=65_535)]


def has_program(loads: Iterable[str]) -> bool:
    """Return true if the plugins that an app loads can give it a program of its own."""
    return not {CONTAINER_PLUGIN, PROCESS_PLUGIN}.isdisjoint(loads)


class WorkloadKind(StrEnum):
    PROCESS = "process"
    CONTAINER = "container"


class Lifetime(StrEnum):
    """``APP`` serves requests as long as the app does; ``COMMAND`` is run for each call."""

    APP = "app"
    COMMAND = "command"


class ProgramPhase(StrEnum):
    """The life of a program: ``IDLE`` until somebody needs it, ``STOPPED`` by an operator until one
    starts it, ``FAILED`` if it did not start or has ended by itself.
    """

    STARTING = "starting"
    RUNNING = "running"
    IDLE = "idle"
    STOPPED = "stopped"
    FAILED = "failed"


class ProgramStatus(Struct, frozen=True, kw_only=True):
    """A ``ProgramPhase``, since when the program is in it, as far as that is known, and why.

    ``pid`` is that of its supervisor on this machine, 0 for none. The ``problem`` of one that runs
    is that it does not answer; if that lasts it is ended. One that failed is not started again
    within ``retry_seconds``.
    """

    state: str
    since: datetime | None = None
    pid: int = 0
    memory_mb: int = 0
    problem: str = ""
    retry_seconds: int = 0


class ProcessNeeds(Struct, frozen=True, kw_only=True):
    """The openings in the wall around a process that its app asks for; each has to be approved.

    ``network`` holds ``host`` alone, or entries ``HOST:PORT``; ``data`` is an absolute folder
    inside the wall that is kept, empty for none; ``secrets`` are names of variables that may hold
    some.
    """

    network: tuple[str, ...] = ()
    data: str = ""
    memory_mb: int = 0
    secrets: tuple[str, ...] = ()
    builds: bool = False


class WorkloadConfig(Struct, frozen=True, kw_only=True):
    """The program behind an app, as ``container.config`` or ``process.config`` declares it.

    ``kind`` is what the app's author wrote for; a process may stand in for a container, unless that
    has a ``spec``. ``src`` to ``cargs``, and ``dev``, are of containers, ``file`` to ``needs`` of
    processes.
    """

    kind: WorkloadKind = WorkloadKind.CONTAINER
    port: int = 0
    scheme: str = "http"
    health: str = ""
    lifetime: Lifetime = Lifetime.APP
    src: str = "auto"
    build_dir: str = ""
    volumes: tuple[str, ...] = ()
    cargs: dict[str, str] = {}
    spec: str = ""
    file: str = ""
    command: tuple[str, ...] = ()
    replace: str = ""
    dev: DevSettings = DevSettings()
    needs: ProcessNeeds = ProcessNeeds()


class ContainerDeclaration(Struct, frozen=True):
    """The arguments of ``container.config``; the last two are ours: a spec that runs in containers
    alone, and variables for the program.
    """

    src: _Text = AUTO
    port: _Port = 0
    scheme: _Short = "http"
    health: _Text = "/"
    lifetime: _Short = Lifetime.APP
    build_dir: _Text = ""
    volumes: _Texts = ()
    cargs: _Table = {}
    dev_settings: dict[_Short, Any] = {}
    spec: _Short = ""
    environment: _Table = {}

    @property
    def config(self) -> WorkloadConfig:
        """:raises ValueError: if a value is not one of those known."""
        return WorkloadConfig(
            kind=WorkloadKind.CONTAINER,
            dev=read_dev_settings(self.dev_settings),
            port=self.port,
            scheme=_scheme(self.scheme),
            health=_path("" if self.health == "/" else self.health),
            lifetime=Lifetime(self.lifetime),
            src=self.src,
            build_dir=self.build_dir,
            spec=self.spec,
            volumes=self.volumes,
            cargs=self.cargs,
        )


class ProcessDeclaration(Struct, frozen=True):
    """The arguments of ``process.config``: a program, and what it needs beyond its own files."""

    spec: _Short = ""
    port: _Port = 0
    health: _Text = ""
    command: _Texts = ()
    file: _Text = ""
    lifetime: _Short = Lifetime.APP
    replace: _Short = ""
    network: _Texts = ()
    data: _Text = ""
    memory_mb: Annotated[int, Meta(ge=0, le=1_048_576)] = 0
    secrets: _Texts = ()
    builds: bool = False
    environment: _Table = {}

    @property
    def config(self) -> WorkloadConfig:
        """:raises ValueError: if a value is not one of those known."""
        if self.replace not in {"", OVERLAP}:
            raise ValueError(f'replace is "{OVERLAP}" or left out')
        return WorkloadConfig(
            kind=WorkloadKind.PROCESS,
            port=self.port,
            health=_path(self.health),
            lifetime=Lifetime(self.lifetime),
            spec=self.spec,
            file=self.file,
            command=self.command,
            replace=self.replace,
            needs=ProcessNeeds(
                network=self.network,
                data=self.data,
                memory_mb=self.memory_mb,
                secrets=self.secrets,
                builds=self.builds,
            ),
        )


DECLARATIONS: dict[str, type[ContainerDeclaration | ProcessDeclaration]] = {
    CONTAINER_PLUGIN: ContainerDeclaration,
    PROCESS_PLUGIN: ProcessDeclaration,
}
"""The arguments of ``config`` of each plugin that declares a program."""


class WorkloadCall(Struct, frozen=True, kw_only=True):
    """The call by which an app declares its program."""

    plugin: _Short
    function: _Short
    args: Annotated[tuple[Any, ...], Meta(max_length=100)] = ()
    kwargs: dict[str, Any] = {}


def _scheme(scheme: str) -> str:
    if scheme not in {"http", "https"}:
        raise ValueError("scheme is http or https")
    return scheme


def _path(path: str) -> str:
    if path and not path.startswith("/"):
        raise ValueError("health is a path that begins with /")
    return path
