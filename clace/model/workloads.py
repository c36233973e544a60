"""Programs behind apps: processes and containers, as apps declare them."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

WORKLOAD_URL = "<CONTAINER_URL>"
"""The beginning of a proxied URL that stands for the app's own program."""


class WorkloadKind(StrEnum):
    PROCESS = "process"
    CONTAINER = "container"


class Lifetime(StrEnum):
    """``APP`` serves requests as long as the app does; ``COMMAND`` is run for each call."""

    APP = "app"
    COMMAND = "command"


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

    ``kind`` is what the app's author wrote for; a process may stand in for a container. ``src`` to
    ``cargs`` are of containers, ``spec`` to ``needs`` of processes.
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
    needs: ProcessNeeds = ProcessNeeds()
