"""The container engine of this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

AUTO = "auto"
ENGINES = ("podman", "docker")
MISSING = (
    "no container engine: install Podman or Docker, or name the program of one in "
    "system.container_command"
)


def found_engine(command: str, path: str) -> str:
    """The absolute path of the engine's program; empty if it is missing, or none is wanted.

    ``command`` is that of the configuration, and ``path`` the folders in which programs are.
    """
    wanted = ENGINES if command == AUTO else (command,) if command else ()
    for name in wanted:
        if program := shutil.which(name, path=path):
            return program
    return ""


def is_docker(engine: str) -> bool:
    """Tell Docker from Podman, which takes a few words that Docker does not."""
    return Path(engine).name.startswith("docker")
