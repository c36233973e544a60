"""Programs that need nothing but their own files and what the machine has."""

from __future__ import annotations

import hashlib

from zope.interface import implementer

from clace.errors import AppBroken
from clace.interfaces import BuiltEnvironment, IEnvironments, Tell, WorkloadOrder

_PATH = "/usr/local/bin:/usr/bin:/bin"


@implementer(IEnvironments)
class CommandEnvironments:
    """Builds nothing: an app says by which command it is started, and on which port it listens."""

    async def build(self, order: WorkloadOrder, source: str, tell: Tell) -> BuiltEnvironment:
        command = order.config.command
        if not command:
            raise AppBroken(f"{order.app}: process.config has to say the command of its program")
        tell("nothing to build")
        return BuiltEnvironment(
            key=hashlib.sha256(repr(command).encode()).hexdigest(),
            folder=source,
            mounts=(),
            command=command,
            environment={"PATH": _PATH, "HOME": "/tmp", "LANG": "C.UTF-8"},  # noqa: S108
            port=order.config.port,
        )

    async def prune(self, kept: frozenset[str]) -> None:
        """Nothing was built."""
