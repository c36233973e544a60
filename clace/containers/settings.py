"""The operator's configuration of containers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from clace.containers.namespaces import WayIn


class ContainerSettings(Struct, frozen=True, kw_only=True):
    """``engine`` is the program of the container engine, empty if the server has none, ``way`` that
    into its containers; ``home`` that of this server. ``engine_args`` come before every command of
    the engine, ``run_args`` after ``run``, ``build_args`` after ``build``. Containers of apps that
    are gone are looked for every ``sweep_seconds``, if that is not 0, and images that nobody needs,
    pulled ones unless it ``keeps_pulled``.
    """

    home: Path
    engine: str = ""
    way: WayIn = WayIn.THREAD
    engine_args: tuple[str, ...] = ()
    run_args: tuple[str, ...] = ()
    build_args: tuple[str, ...] = ()
    read_only: bool = True
    most_builds: int = 1
    build_wait_seconds: float = 120
    build_seconds: float = 1800
    stop_seconds: int = 3
    sweep_seconds: float = 0
    keeps_pulled: bool = False
    allowed_args: Mapping[str, str] = {}
    allowed_mounts: tuple[Path, ...] = ()
    environment: Mapping[str, str] = {}
