"""The container engine of this machine."""

from __future__ import annotations

import shutil
from typing import NamedTuple

from clace.containers.namespaces import WayIn

AUTO = "auto"
ENGINES = ("podman", "docker")


def found_engine(command: str, path: str) -> str:
    """The absolute path of the engine's program; empty if it is missing, or none is wanted.

    ``command`` is that of the configuration, and ``path`` the folders in which programs are.
    """
    wanted = ENGINES if command == AUTO else (command,) if command else ()
    for name in wanted:
        if program := shutil.which(name, path=path):
            return program
    return ""


class EngineFact(NamedTuple):
    """A fact of containers on this machine; ``problem`` tells why it is not so, and the result."""

    name: str
    purpose: str
    problem: str = ""


def engine_facts(engine: str, way: WayIn, command: str = AUTO) -> tuple[EngineFact, ...]:
    """Facts that tell whether apps can have containers here, and how these are reached.

    ``command`` is that of the configuration, which is named where ``engine`` is empty.
    """
    if not engine:
        return (EngineFact("container_engine", "Podman or Docker", _none_here(command)),)
    ways = "by the loopback of its own network, or a socket: nothing is published"
    published = (
        "neither root nor Podman with nsenter: by a socket, or with --copt network=bridge a random "
        "port of 127.0.0.1, to which every user of this machine can connect without a sign-in"
    )
    return (
        EngineFact("container_engine", f"apps for containers run by {engine}"),
        EngineFact("container_reached", ways, published if way is WayIn.PUBLISHED else ""),
    )


def missing_engine(command: str, path: str) -> tuple[str, ...]:
    """Return a warning if the configuration names an engine that is not found."""
    is_named = command not in {"", AUTO}
    return (_none_here(command),) if is_named and not found_engine(command, path) else ()


def _none_here(command: str) -> str:
    return f"{_why_none(command)}: apps for containers run as processes"


def _why_none(command: str) -> str:
    if command == AUTO:
        return "neither was found"
    missing = f"names {command}, which was not found" if command else "is empty"
    return f"system.container_command {missing}"
