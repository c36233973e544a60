"""100 reloads and promotes under load: not one of 100,000 requests may fail.

``python -m benchmarks.zero_downtime [ROUNDS [REQUESTS]]`` takes some minutes. Visitors ask on
connections that stay, on new ones, and for an answer that takes longer than a reload. A request
fails if it is not answered with 200, or by an older version than was served when it began.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.support.daemon import Daemon
from tests.support.load import under_load

ROUNDS, REQUESTS = 100, 100_000


def main(arguments: list[str]) -> int:
    """Print what came of it; the status is 1 if a request failed."""
    rounds, requests = [*map(int, arguments), *(ROUNDS, REQUESTS)[len(arguments) :]]
    with tempfile.TemporaryDirectory() as folder, Daemon() as daemon:
        told = under_load(daemon, Path(folder) / "busy", rounds=rounds, requests=requests)
        daemon.remove()
    print(f"{told.rounds} rounds of reload and promote in {told.seconds:.0f} s")
    print(f"{told.requests} requests, {told.slow} of them slower than a reload")
    print(f"{len(told.failures)} failed; the slowest page took {1000 * told.slowest:.0f} ms")
    for failure in told.failures[:20]:
        print(f"  {failure}")
    return 1 if told.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
