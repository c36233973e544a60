"""Answers of an engine to ``inspect``, as far as Podman and Docker give them the same shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def the_one(text: str) -> dict[str, Any] | None:
    """The object in an answer about one container or image; none if it is something else."""
    try:
        (seen,) = json.loads(text)
    except ValueError:
        return None
    return seen if isinstance(seen, dict) else None


def _state(seen: Mapping[str, Any]) -> Mapping[str, Any]:
    state = seen.get("State")
    return state if isinstance(state, dict) else {}


def is_running(seen: Mapping[str, Any]) -> bool:
    return _state(seen).get("Running") is True


def pid_of(seen: Mapping[str, Any]) -> int:
    return int(_state(seen).get("Pid") or 0)


def label_of(seen: Mapping[str, Any], name: str) -> str:
    return str(((seen.get("Config") or {}).get("Labels") or {}).get(name, ""))


def published_port(seen: Mapping[str, Any]) -> int:
    """The port of this machine that leads to the container; 0 if none does."""
    ports = (seen.get("NetworkSettings") or {}).get("Ports") or {}
    for bindings in ports.values():
        for binding in bindings or ():
            if str(binding.get("HostPort", "")).isdecimal():
                return int(binding["HostPort"])
    return 0
