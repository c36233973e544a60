"""Apps in their hosts: requests, cold starts, calls of plugins, memory, and 200 apps in 1 GB.

``python -m benchmarks.hosts`` needs ``wrk`` (Debian has it) and about two minutes. All traffic is
to 127.0.0.1. Who may make control groups, as root may, has the 200 apps run in one of 1 GB.
"""

from __future__ import annotations

import contextlib
import http.client
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct
from twisted.internet import task
from twisted.internet.defer import Deferred, gatherResults

from benchmarks.memory import Group, Memory, limited, memory, memory_mb
from benchmarks.serving import Load, measure, need_wrk
from clace.interfaces import Caller, PluginCall
from clace.kernel.calls import Unavailable
from clace.model.app import Permission
from clace.plugins.gate.gate import PluginGate
from clace.plugins.kit.definition import Function, Plugin
from clace.runtime.hosts.supply import ProcessHosts
from clace.runtime.limits import HostLimits, limits_for_all
from clace.runtime.runtime import Runtime
from tests.support.apps import DictFiles, a_request, an_app
from tests.support.daemon import EXAMPLES, FOREGROUND, Daemon
from tests.support.plugins import MemoryAudit
from tests.support.processes import app_hosts

HELLO = EXAMPLES / "hello"
APPS = 50
ROUNDS = 3
STARTS = 3
CALLS = 1000
FRAMES = 4000
GIGABYTE = 1024
INSTALLED = 200
CALLS_APP = Path(__file__).with_name("apps") / "calls"


class Nothing(Struct):
    """The parameters of a function that takes none."""


class Memories(NamedTuple):
    """In megabytes for each app: of the server, installed and warm, and of the app's own host."""

    installed: float
    warm: float
    host: Memory


class Crowd(NamedTuple):
    """What became of many apps; ``told`` says what else is known of their memory."""

    answered: int
    hosts: int
    pss: float
    killed: int
    told: str

    @property
    def fits(self) -> bool:
        return self.answered == INSTALLED and not self.killed and self.pss < GIGABYTE


class Client:
    """A connection to a server that is kept."""

    def __init__(self, daemon: Daemon) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", daemon.ports["http"])

    def ask(self, path: str) -> float:
        """Milliseconds until the answer is there."""
        begun = time.perf_counter()
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        response.read()
        taken = 1000 * (time.perf_counter() - begun)
        assert response.status == 200, f"{path}: {response.status}"
        return taken


@contextlib.contextmanager
def server(config: str = "", *command: str) -> Iterator[Daemon]:
    """A server in a home of its own, which goes with it."""
    daemon = Daemon(config)
    try:
        yield daemon.start(*command)
    finally:
        daemon.remove()


def install(daemon: Daemon, numbers: range) -> list[str]:
    """So many apps; their paths."""
    paths = [f"/app{number}" for number in numbers]
    for path in paths:
        daemon.install(HELLO, path, auth="none")
    return [f"{path}/" for path in paths]


# Requests.


def loads_over_http() -> dict[str, Load]:
    with server() as daemon:
        (path,) = install(daemon, range(1))
        base = f"http://127.0.0.1:{daemon.ports['http']}{path}"
        return {
            "page, HTTP, 32 at once": measure(base),
            "JSON, HTTP, 32 at once": measure(f"{base}api/greeting"),
        }


async def loads_by_frames(reactor: Any) -> dict[str, Load]:
    """The daemon's end of a host and the host, without HTTP."""
    runtime = a_runtime(reactor)
    runtime.startService()

    async def ask() -> None:
        answer = await runtime.respond(an_app(), a_request("/api/greeting"))
        assert answer.status == 200

    try:
        await ask()
        return {f"JSON, frames, {width} at once": await load_of(ask, width) for width in (4, 1)}
    finally:
        await runtime.stopService()


def a_runtime(reactor: Any) -> Runtime:
    """One that serves hello, with processes and without plugins."""
    names = (file for file in HELLO.rglob("*") if file.is_file())
    files = DictFiles({str(file.relative_to(HELLO)): file.read_bytes() for file in names})

    async def files_for(_app: object) -> DictFiles:
        return files

    hosts, limits = ProcessHosts(reactor), limits_for_all(HostLimits())
    return Runtime(reactor, hosts, limits, PluginGate(()), MemoryAudit(), files_for)


async def load_of(ask: Callable[[], Awaitable[None]], width: int) -> Load:
    """Asked again as soon as there is an answer, so many at a time."""
    taken = []

    async def one_after_the_other() -> None:
        for _ in range(FRAMES // width):
            begun = time.perf_counter()
            await ask()
            taken.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await gatherResults([Deferred.fromCoroutine(one_after_the_other()) for _ in range(width)])
    rate = len(taken) / (time.perf_counter() - begun)
    return Load(rate, 1000 * statistics.quantiles(taken, n=100)[-1])


# Cold starts, and what apps weigh.


def lives_of_apps() -> tuple[list[float], Memories]:
    """How long apps take that had been retired, and how much memory they have."""
    with server("[sandbox]\nidle_secs = 2\n") as daemon:
        install(daemon, range(-10, 0))  # what only the first apps bring
        before = server_alone(daemon)
        paths = install(daemon, range(APPS))
        cold = server_alone(daemon)
        client = Client(daemon)
        starts = [client.ask(path) for path in paths]
        warm = memory([daemon.process.pid]).rss
        hosts = memory(app_hosts(daemon.process.pid))
        for _ in range(ROUNDS - 1):
            server_alone(daemon)
            starts += [client.ask(path) for path in paths]
    of_each = Memory(*(size / APPS for size in hosts))
    return starts, Memories((cold - before) / APPS, (warm - before) / APPS, of_each)


def server_alone(daemon: Daemon) -> float:
    """Wait until all hosts have been retired; the resident megabytes of the server."""
    while app_hosts(daemon.process.pid):
        time.sleep(0.05)
    return memory([daemon.process.pid]).rss


def first_requests() -> list[float]:
    """How long the first request takes to a server that has just said that it is ready."""
    with server() as daemon:
        (path,) = install(daemon, range(1))
        taken = []
        for _ in range(STARTS):
            daemon.stop()
            taken.append(Client(daemon.start()).ask(path))
    return taken


# Calls of plugins.


def call_cost() -> float:
    """Microseconds that a handler takes for a call of ``fs.abs``."""
    with server() as daemon:
        daemon.install(CALLS_APP, "/calls", auth="none", approve=True)
        client = Client(daemon)
        taken = {
            calls: statistics.median(client.ask(f"/calls/?calls={calls}") for _ in range(7))
            for calls in (0, CALLS)
        }
    return 1000 * (taken[CALLS] - taken[0]) / CALLS


async def gate_cost() -> float:
    """Microseconds that the gate takes to check a call and make it."""

    async def nothing(_invocation: object, _given: Nothing) -> None:
        pass

    plugin = Plugin("idle.in", {"nothing": Function(Nothing, nothing, is_read=True)})
    allowed = (Permission("idle.in", "nothing"),)
    caller = Caller(app=an_app(loads=("idle.in",), permissions=allowed))
    scope, call = (
        PluginGate([plugin]).begin(caller),
        PluginCall(plugin="idle.in", function="nothing"),
    )
    begun = time.perf_counter()
    for _ in range(CALLS):
        await scope.call(call)
    return 1e6 * (time.perf_counter() - begun) / CALLS


# 200 apps in 1 GB.


def crowd() -> Crowd:
    try:
        with limited(GIGABYTE) as group:
            return crowd_in(group)
    except (Unavailable, OSError) as why:
        return crowd_in(None)._replace(told=f"without a control group of 1 GB: {why}")


def crowd_in(group: Group | None) -> Crowd:
    """Install the apps and ask each; the configuration is the default one."""
    with server("", *(group.command(*FOREGROUND) if group else ())) as daemon:
        paths = install(daemon, range(INSTALLED))
        client = Client(daemon)
        answered = len([client.ask(path) for path in paths])
        pid = daemon.process.pid
        found = Crowd(answered, len(app_hosts(pid)), memory_mb(pid), 0, "")
        if not group:
            return found
        told = f"in a control group of 1 GB: at most {group.peak:.0f} MB with its page cache"
        return found._replace(killed=group.killed, told=told)


# What is printed.


def print_loads(loads: dict[str, Load]) -> None:
    print(f"{'':32}{'requests/s':>12}{'p99, ms':>10}")
    for what, load in loads.items():
        print(f"{what:32}{load.rate:12.0f}{load.p99:10.2f}")


def print_starts(starts: dict[str, list[float]]) -> None:
    print(f"\n{'cold start, ms':32}{'median':>12}{'p90':>10}{'max':>10}{'times':>10}")
    for what, taken in starts.items():
        middle, p90 = statistics.median(taken), statistics.quantiles(taken, n=10)[-1]
        print(
            f"{what:32}{middle:12.1f}{min(p90, max(taken)):10.1f}{max(taken):10.1f}{len(taken):10}"
        )


def print_calls(costs: dict[str, float]) -> None:
    print(f"\n{'call of a plugin':32}{'us':>12}")
    for what, cost in costs.items():
        print(f"{what:32}{cost:12.1f}")


def print_memories(found: Memories) -> None:
    print(f"\n{f'memory for each of {APPS} apps':32}{'MB':>12}")
    print(f"{'server, app installed':32}{found.installed:12.2f}")
    print(f"{'server, app warm':32}{found.warm:12.2f}")
    print(f"{'host of an app, PSS':32}{found.host.pss:12.2f}")
    print(f"{'host of an app, private':32}{found.host.private:12.2f}")


def print_crowd(found: Crowd) -> None:
    print(f"\n{INSTALLED} apps in 1 GB: {'PASS' if found.fits else 'FAIL'}")
    print(f"{'answered':32}{found.answered:12}")
    print(f"{'hosts at the end':32}{found.hosts:12}")
    print(f"{'server and hosts, PSS, MB':32}{found.pss:12.0f}")
    print(f"{'killed for want of memory':32}{found.killed:12}")
    print(found.told)


async def main(reactor: Any) -> None:
    need_wrk()
    print_loads({**loads_over_http(), **await loads_by_frames(reactor)})
    starts, memories = lives_of_apps()
    print_starts({"after retirement": starts, "server just started": first_requests()})
    print_calls({"fs.abs, from a handler": call_cost(), "the gate alone": await gate_cost()})
    print_memories(memories)
    print_crowd(crowd())


if __name__ == "__main__":
    task.react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
