"""``container.in`` and ``process.in``: the programs of apps, and what these need.

``config`` is called when the app is loaded, as are the needs of the program, one call for each:
what was not approved is refused as any call is.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from clace.model import (
    AUTO,
    COMMAND,
    CONTAINER_PLUGIN,
    IMAGE_PREFIX,
    NIXPACKS,
    PROCESS_PLUGIN,
    WORKLOAD_URL,
    ContainerDeclaration,
    ProcessDeclaration,
    WorkloadConfig,
)
from clace.plugins.kit import CallFailed, Function, Invocation, Plugin

_CONSTANTS = {
    "URL": WORKLOAD_URL,
    "AUTO": AUTO,
    "NIXPACKS": NIXPACKS,
    "IMAGE_PREFIX": IMAGE_PREFIX,
    "COMMAND": COMMAND,
}


class NetworkNeed(Struct, frozen=True):
    """``HOST:PORT`` that the program may reach, or ``host`` for all of the network."""

    entry: str


class FolderNeed(Struct, frozen=True):
    """A folder inside the wall, or a volume, that is kept."""

    folder: str


class OptionNeed(Struct, frozen=True):
    """``NAME=VALUE``: an argument of the container engine that its operator allows."""

    option: str


class MemoryNeed(Struct, frozen=True):
    """More memory than programs have unasked."""

    megabytes: Annotated[int, Meta(ge=1, le=1_048_576)]


class SecretNeed(Struct, frozen=True):
    """A variable whose value has secrets in it."""

    name: str
    value: str = ""


class BuildNeed(Struct, frozen=True):
    """Packages that are built from their sources when they are installed."""


async def config(
    _invocation: Invocation, given: ContainerDeclaration | ProcessDeclaration
) -> WorkloadConfig:
    """The program as it was declared.

    :raises CallFailed: if a value is not one of those known.
    """
    try:
        return given.config
    except ValueError as error:
        raise CallFailed(str(error)) from None


async def approve(_invocation: Invocation, _given: Any) -> bool:
    """Return true: the gate has let the call through."""
    return True


def _declaring(parameters: type[Struct], call: Any = approve) -> Function:
    return Function(parameters, call, is_read=True, is_declaring=True)


_CONTAINER_FUNCTIONS = {
    "config": _declaring(ContainerDeclaration, config),
    "volume": _declaring(FolderNeed),
    "network": _declaring(NetworkNeed),
    "option": _declaring(OptionNeed),
}


def container_plugin(run: Function) -> Plugin:
    """``container.in``; ``run`` runs commands in containers."""
    return Plugin(CONTAINER_PLUGIN, {**_CONTAINER_FUNCTIONS, "run": run}, _CONSTANTS)


_PROCESS_FUNCTIONS = {
    "config": _declaring(ProcessDeclaration, config),
    "network": _declaring(NetworkNeed),
    "data": _declaring(FolderNeed),
    "memory": _declaring(MemoryNeed),
    "secret": _declaring(SecretNeed),
    "builds": _declaring(BuildNeed),
}


def process_plugin(run: Function) -> Plugin:
    """``process.in``; ``run`` runs commands where the program runs."""
    return Plugin(PROCESS_PLUGIN, {**_PROCESS_FUNCTIONS, "run": run}, _CONSTANTS)


PROCESS = Plugin(PROCESS_PLUGIN, _PROCESS_FUNCTIONS, _CONSTANTS)
"""``process.in`` without ``run``: all that declares a program."""
