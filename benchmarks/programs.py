"""Processor time and latency of ``exec.run("true")``, of all processes of a server together.

``python -m benchmarks.programs`` takes about half a minute. A handler that calls nothing is
measured too, in turns with those that do, and taken off. Ground is what the program itself costs
when this benchmark starts it by ``posix_spawn``.
"""

from __future__ import annotations

import os
import resource
import statistics
from pathlib import Path
from typing import NamedTuple

from benchmarks.hosts import Client, server
from tests.support.daemon import Daemon
from tests.support.processes import descendants

ROUNDS = 5
REQUESTS = 20
CALLS = 10
TRUE = "/usr/bin/true"
APP = """
load("exec.in", "exec")

def handler(req):
    for _ in range(int(req.Query["calls"][0])):
        exec.run("true")
    return "done"

app = ace.app(
    "Programs",
    routes = [ace.api("/", type = ace.TEXT)],
    permissions = [ace.permission("exec.in", "run", ["true"])],
)
"""
_TICKS = os.sysconf("SC_CLK_TCK")
# After the name, which may hold anything: user and system time of children waited for.
_REAPED = slice(13, 15)


class Cost(NamedTuple):
    """Milliseconds: of all processors, and until the answer is there."""

    cpu: float
    wall: float


def processor_seconds(pid: int) -> float:
    """Of the server, of all that it has started, and of their children that have ended."""
    return sum(map(_own_seconds, descendants(pid)))


def _own_seconds(pid: int) -> float:
    own = int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0]) / 1e9
    for task in Path(f"/proc/{pid}/task").iterdir():
        if int(task.name) != pid:
            own += int((task / "schedstat").read_text("ascii").split()[0]) / 1e9
    numbers = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return own + sum(map(int, numbers[_REAPED])) / _TICKS


def cost(daemon: Daemon, client: Client, calls: int) -> Cost:
    """Of one request that makes so many calls."""
    before = processor_seconds(daemon.process.pid)
    taken = [client.ask(f"/programs/?calls={calls}") for _ in range(REQUESTS)]
    spent = processor_seconds(daemon.process.pid) - before
    return Cost(1000 * spent / REQUESTS, statistics.median(taken))


def of_calls(daemon: Daemon, client: Client) -> dict[int, Cost]:
    """Of each call, in a request that makes one or several."""
    idle = cost(daemon, client, 0)
    return {
        calls: Cost(*((busy - rest) / calls for busy, rest in zip(one, idle, strict=True)))
        for calls in (1, CALLS)
        for one in [cost(daemon, client, calls)]
    }


def ground() -> float:
    """Milliseconds of processors for the program alone."""
    before = _of_this_process()
    for _ in range(REQUESTS * CALLS):
        os.waitpid(os.posix_spawn(TRUE, [TRUE], {}, setsid=True), 0)
    return 1000 * (_of_this_process() - before) / (REQUESTS * CALLS)


def _of_this_process() -> float:
    found = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in found)


def measure() -> tuple[dict[int, Cost], float]:
    """The median of the rounds."""
    rounds, grounds = [], []
    with server() as daemon:
        source = daemon.home / "programs"
        source.mkdir()
        (source / "app.star").write_text(APP)
        daemon.install(source, "/programs", auth="none", approve=True)
        client = Client(daemon)
        client.ask(f"/programs/?calls={CALLS}")
        for _ in range(ROUNDS):
            rounds.append(of_calls(daemon, client))
            grounds.append(ground())
    middle = {calls: _middle([found[calls] for found in rounds]) for calls in rounds[0]}
    return middle, statistics.median(grounds)


def _middle(costs: list[Cost]) -> Cost:
    return Cost(*map(statistics.median, zip(*costs, strict=True)))


def main() -> None:
    costs, alone = measure()
    print(f"{'exec.run, each call':32}{'CPU, ms':>12}{'until done, ms':>16}")
    for calls, found in costs.items():
        print(f"{f'{calls} in a request':32}{found.cpu:12.2f}{found.wall:16.2f}")
    print(f"{'the program alone':32}{alone:12.2f}")


if __name__ == "__main__":
    main()
