"""The fork server's program: how it is started, and what it is told first."""

from __future__ import annotations

import sys

from msgspec import Struct

from clace.config import Sandbox
from clace.model import demanded
from clace.wire import PrepareHosts

# Hosts have one thread: a second arena would only cost address space.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}
_PREPARE = PrepareHosts()
# Hosts beyond those that serve: loaded to be looked at, loaded aside, ending.
_FURTHER_HOSTS = 1000
_TASKS = 2  # a host's own, and one for those that end


class HostCommand(Struct, frozen=True, kw_only=True):
    """Finds the same packages as the daemon, and nothing of its surroundings."""

    prepare: PrepareHosts = _PREPARE
    executable: str = sys.executable
    module: str = "clace.host.sandbox.fork_server"

    def command(self, descriptor: int) -> list[str]:
        """Serve the daemon at the other end of this descriptor."""
        boot = (
            "import sys; sys.path[:] = sys.argv[1:];"
            f" from {self.module} import main; main({descriptor})"
        )
        return [self.executable, "-I", "-c", boot, *sys.path]


def program_for(sandbox: Sandbox, mode: str) -> HostCommand:
    """The program as configured; ``mode`` is ``security.sandbox``."""
    tasks = (sandbox.max_hosts + _FURTHER_HOSTS) * _TASKS
    return HostCommand(
        prepare=PrepareHosts(
            user_base=sandbox.uid_base,
            user_count=sandbox.uid_count,
            total_memory_mb=sandbox.total_memory_mb,
            max_tasks=tasks,
            required=demanded_walls(mode),
        )
    )


def demanded_walls(mode: str) -> tuple[str, ...]:
    """Return the walls that have to stand; ``mode`` is ``security.sandbox``."""
    return demanded(all_of_them=mode == "required")
