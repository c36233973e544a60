"""Options of operators for programs that run as processes, and the needs that they add."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from clace.errors import BadRequest
from clace.model import PROCESS_PLUGIN, App, Permission, ProcessNeeds, WorkloadConfig
from clace.near import did_you_mean

DEFAULT_MEMORY_MB = 512
_HOST = "host"
_ENTRY = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
_MEMORY = re.compile(r"([1-9][0-9]{0,8})\s*([kmgKMG]?)[bB]?")
_FACTORS = {"k": 1 / 1024, "m": 1.0, "g": 1024.0}
_CPUS = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,3})?")
_WORKERS = re.compile(r"[1-9][0-9]{0,2}")
_MAX_PORT = 65_535
_TAKEN = [[name] for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "proc", "dev")]
_HIDING = [["app"], ["etc"]]
"""Data that stay can lie below these, and not in their place."""
_FLAGS = {"true": True, "1": True, "false": False, "0": False, "": False}


def network_entry(text: str) -> str:
    """:raises BadRequest: if it names neither a host with a port nor all of the network."""
    found = _ENTRY.fullmatch(text)
    if text != _HOST and (found is None or not 0 < int(found[1]) <= _MAX_PORT):
        raise BadRequest(f'network {text!r:.100}: expected HOST:PORT, or "{_HOST}" for all of it')
    return text


def folder(text: str) -> str:
    """:raises BadRequest: if the path is not absolute, or would hide what programs need."""
    if not text.startswith("/") or ".." in text.split("/") or text.strip("/") == "":
        raise BadRequest(f"data {text!r:.100}: expected the absolute path of a folder")
    steps = [step for step in text.split("/") if step not in {"", "."}]
    if steps[:1] in _TAKEN or steps in _HIDING:
        raise BadRequest(f"data {text!r:.100}: programs need what is there; take another, as /data")
    return text.rstrip("/")


def _network(text: str) -> tuple[str, ...]:
    if not text.strip():
        network_entry(text)
    named = (one.strip() for one in text.split(","))
    return tuple(network_entry(one) for one in named if one and one != "none")


def memory(text: str) -> int:
    """The number of megabytes of a text such as ``512m`` or ``2g``.

    :raises BadRequest: if it is not one.
    """
    found = _MEMORY.fullmatch(text)
    if found is None:
        raise BadRequest(f"memory {text!r:.100}: expected a size such as 512m or 2g")
    unit = found[2].lower() or ("m" if int(found[1]) < 1 << 20 else "")
    size = int(found[1]) * _FACTORS[unit] if unit else int(found[1]) / (1 << 20)
    return max(1, round(size))


def _cpus(text: str) -> float:
    if not _CPUS.fullmatch(text) or float(text) <= 0:
        raise BadRequest(f"cpus {text!r:.100}: expected a number such as 1 or 0.5")
    return float(text)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise BadRequest(f"{name} {text!r:.100}: expected true or false")
    return _FLAGS[text.lower()]


def _workers(text: str) -> int:
    if not _WORKERS.fullmatch(text):
        raise BadRequest(f"workers {text!r:.100}: expected a number from 1 to 999")
    return int(text)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "network": _network,
    "data": folder,
    "memory": memory,
    "cpus": _cpus,
    "builds": partial(_flag, "builds"),
    "workers": _workers,
    "access_log": partial(_flag, "access_log"),
}


def read_options(app: App) -> dict[str, Any]:
    """The operator's options for the program of an app, by name.

    :raises BadRequest: if one is unknown or cannot be used.
    """
    found = {}
    for name, text in app.metadata.container_options.items():
        if name not in _READERS:
            hint = did_you_mean(name, _READERS)
            known = ", ".join(_READERS)
            raise BadRequest(f"container option {name} is unknown for processes ({known}){hint}")
        found[name] = _READERS[name](text)
    return found


def whole_needs(app: App, config: WorkloadConfig) -> ProcessNeeds:
    """The needs that an app declares, and those of the operator's options.

    :raises BadRequest: if one cannot be used.
    """
    needs, said = config.needs, read_options(app)
    network = (*map(network_entry, needs.network), *said.get("network", ()))
    return replace(
        needs,
        network=tuple(dict.fromkeys(network)),
        data=said.get("data") or (folder(needs.data) if needs.data else ""),
        memory_mb=said.get("memory", needs.memory_mb),
        builds=needs.builds or said.get("builds", False),
    )


def permissions(app: App, config: WorkloadConfig) -> tuple[Permission, ...]:
    """The permissions that a program has to have for its needs."""
    needs = whole_needs(app, config)
    return tuple(_permissions(needs, tuple(target for _, target, _ in volumes(app, config))))


def _permissions(needs: ProcessNeeds, folders: tuple[str, ...]) -> Iterator[Permission]:
    for entry in needs.network:
        yield _permission("network", entry)
    for one in filter(None, dict.fromkeys((needs.data, *folders))):
        yield _permission("data", one)
    if needs.memory_mb > DEFAULT_MEMORY_MB:
        yield _permission("memory", str(needs.memory_mb))
    for name in needs.secrets:
        yield _permission("secret", name)
    if needs.builds:
        yield _permission("builds")


def _permission(method: str, *arguments: str) -> Permission:
    return Permission(PROCESS_PLUGIN, method, arguments)


def volumes(app: App, config: WorkloadConfig) -> tuple[tuple[str, str, bool], ...]:
    """The volumes of a program: the name of each, its place inside, and whether it may write there.

    :raises BadRequest: if it would be a folder of this machine, or one is written wrongly.
    """
    return tuple(map(_volume, (*config.volumes, *app.metadata.container_volumes)))


def _volume(text: str) -> tuple[str, str, bool]:
    name, colon, target = text.partition(":")
    if not colon:
        name, target = "", text
    target, _, mode = target.partition(":")
    if mode not in {"", "rw", "ro"} or not target.startswith("/"):
        raise BadRequest(
            f"volume {text!r:.100}: expected /TARGET, or NAME:/TARGET, perhaps with :ro"
        )
    if name and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise BadRequest(f"volume {text!r:.100}: a process has no folders of this machine")
    return name or target.strip("/").replace("/", "-"), folder(target), mode != "ro"
