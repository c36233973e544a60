"""The nursery's program: how it is started, and what it is told first."""

from __future__ import annotations

import sys

from msgspec import Struct

from clace.wire import Prepare

# One arena for each of two threads: more of them only cost address space.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}
_PREPARE = Prepare()


class Program(Struct, frozen=True, kw_only=True):
    """Finds the same packages as the daemon, and nothing of its surroundings."""

    prepare: Prepare = _PREPARE
    executable: str = sys.executable
    module: str = "clace.host.nursery"

    def command(self, descriptor: int) -> list[str]:
        """Serve the daemon at the other end of this descriptor."""
        boot = (
            "import sys; sys.path[:] = sys.argv[1:];"
            f" from {self.module} import main; main({descriptor})"
        )
        return [self.executable, "-I", "-c", boot, *sys.path]
