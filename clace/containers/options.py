"""Options of operators for containers (``--copt``), and the arguments that they become."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from clace.errors import BadRequest
from clace.model import App
from clace.near import did_you_mean
from clace.patterns import PREFIX, is_whole

_MEMORY = re.compile(r"[1-9][0-9]{0,8}\s*[kmgKMG]?[bB]?")
_CPUS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?")
_PREFIXES = ("command.", "podman.", "docker.")
NO_NETWORK, OWN_NETWORK = "none", "bridge"


class ContainerOptions(Struct, frozen=True, kw_only=True):
    """Limits of a container, its network (``none`` or ``bridge``), and arguments that the
    configuration allows. With ``socket`` its program may have a socket in a folder of this machine.
    """

    memory: str = ""
    cpus: str = ""
    network: str = NO_NETWORK
    socket: str = ""
    arguments: tuple[tuple[str, str], ...] = ()


def read_options(app: App, allowed: Mapping[str, str]) -> ContainerOptions:
    """The operator's options for the container of an app.

    :raises BadRequest: if one is unknown, cannot be used, or is not allowed here.
    """
    said: dict[str, str] = {}
    arguments = []
    for given, value in app.metadata.container_options.items():
        name = _plain(given)
        if name in _READERS:
            said[name] = _READERS[name](value)
        else:
            _check_allowed(name, value, allowed)
            arguments.append((name, value))
    return ContainerOptions(**said, arguments=tuple(arguments))


def option_arguments(options: ContainerOptions) -> Iterator[str]:
    """The arguments of the engine for these options."""
    if options.memory:
        yield f"--memory={options.memory}"
    if options.cpus:
        yield f"--cpus={options.cpus}"
    for name, value in options.arguments:
        yield f"--{name}={value}" if value else f"--{name}"


def _plain(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name.lstrip("-")


def _check_allowed(name: str, value: str, allowed: Mapping[str, str]) -> None:
    if name not in allowed:
        hint = did_you_mean(name, (*_READERS, *allowed))
        raise BadRequest(
            f"container option {name} is not allowed: security.allowed_container_args has no "
            f"{name}{hint}"
        )
    pattern = allowed[name]
    if pattern.startswith(PREFIX):
        if not is_whole(pattern.removeprefix(PREFIX), value):
            raise BadRequest(
                f"container option {name}: {value!r:.100} is not what "
                f"security.allowed_container_args allows ({pattern})"
            )
    elif value != pattern:
        raise BadRequest(
            f"container option {name}: security.allowed_container_args allows only {pattern!r}"
        )


def _memory(text: str) -> str:
    if not _MEMORY.fullmatch(text):
        raise BadRequest(f"memory {text!r:.100}: expected a size such as 512m or 2g")
    return text.replace(" ", "").lower().removesuffix("b")


def _cpus(text: str) -> str:
    if not _CPUS.fullmatch(text) or float(text) <= 0:
        raise BadRequest(f"cpus {text!r:.100}: expected a number such as 1 or 0.5")
    return text


def _network(text: str) -> str:
    if text not in {NO_NETWORK, OWN_NETWORK}:
        raise BadRequest(
            f"network {text!r:.100}: expected {NO_NETWORK}, or {OWN_NETWORK} for a network of the "
            "engine, from which the container reaches others"
        )
    return text


def _socket(text: str) -> str:
    if text not in {"true", "false"}:
        raise BadRequest(f"socket {text!r:.100}: expected true or false")
    return text.replace("false", "")


_READERS: Mapping[str, Callable[[str], str]] = {
    "memory": _memory,
    "cpus": _cpus,
    "network": _network,
    "socket": _socket,
}
