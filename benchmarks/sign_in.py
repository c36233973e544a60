"""The cost of a session, and of 200 clients that sign in at once.

``python -m benchmarks.sign_in [--rounds N] [page] [flood]`` needs ``wrk`` and a minute. ``page`` is
the CPU of all processes of the server for a page behind a session, beside the same page with
``none``: at most 1.15 times as much. ``flood`` is the slowest percent of health checks while 200
clients sign in by the form again and again, with a password of the usual cost: under 50 ms on an
idle machine of two cores. All traffic is to 127.0.0.1.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

from benchmarks.contenders import Contender, ours
from benchmarks.loads import load, need_wrk
from benchmarks.processors import spent
from benchmarks.ratios import ratio
from benchmarks.rows import APPS
from benchmarks.siege import usual_daemon
from tests.support.daemon import LOGIN
from tests.support.visitor import Visitor

MOST, SLOWEST_MS = 1.15, 50
CLIENTS, SECONDS, CONNECTIONS = 200, 8, 8
HEALTH = "/_clace/health"


def main(given: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=5, help="samples of a page (default: 5)")
    options.add_argument("parts", nargs="*", metavar="page|flood", help="all unless named")
    chosen = options.parse_args(given)
    need_wrk()
    parts = chosen.parts or ["page", "flood"]
    broken = []
    if "page" in parts:
        broken += page(chosen.rounds)
    if "flood" in parts:
        broken += flood()
    sys.exit("\n".join(broken) if broken else 0)


def page(rounds: int) -> list[str]:
    """Measure a page with and without a session, in turns; return broken promises."""
    with ours() as server:
        server.install(APPS / "hello", "/open")
        server.install(APPS / "hello", "/closed", auth="system")
        cookie = signed_in(f"http://localhost:{server.port}/closed")
        host = {"Host": f"localhost:{server.port}"}
        opened, closed = [], []
        for _ in range(rounds + 1):
            opened.append(microseconds(server, "/open", host))
            closed.append(microseconds(server, "/closed", {**host, "Cookie": cookie}))
    # The first round warms both up.
    told, broken = page_line(opened[1:], closed[1:])
    print(told)
    return broken


def microseconds(server: Contender, path: str, headers: dict[str, str]) -> float:
    """Return the CPU of a request in microseconds.

    :raises SystemExit: if the server refuses one.
    """
    before = server.cpu
    found = load(server.base + path, headers, connections=CONNECTIONS, seconds=2)
    if found.refused or found.errors:
        raise SystemExit(f"{path} is refused: {found}")
    return (server.cpu - before) / found.requests * 1e6


def page_line(opened: Sequence[float], closed: Sequence[float]) -> tuple[str, list[str]]:
    """Tell the row of the page, and whether it breaks the promise."""
    found = ratio(closed, opened)
    middles = (sorted(each)[len(each) // 2] for each in (opened, closed))
    figures = "".join(f"{each:10.1f}" for each in middles)
    told = f"a page with none, behind a session, us of CPU: {figures}   {found}"
    is_over = found.middle > MOST
    return told, [f"a page behind a session costs over {MOST} times as much"] if is_over else []


def flood() -> list[str]:
    """Measure health checks alone and while clients sign in; return broken promises."""
    with usual_daemon() as daemon:
        base = f"http://127.0.0.1:{daemon.ports['http']}"
        daemon.install(APPS / "hello", "/closed", auth="system")
        url = f"http://localhost:{daemon.ports['http']}/closed"
        alone = load(base + HEALTH, {}, connections=1, seconds=SECONDS).p99
        with signing_in(CLIENTS, lambda: signed_in(url)) as counts:
            before = spent(daemon.process.pid)
            during = load(base + HEALTH, {}, connections=1, seconds=SECONDS).p99
            cpu, signed = spent(daemon.process.pid) - before, sum(counts)
    told, broken = flood_line(alone, during, signed, cpu)
    print(told)
    return broken


def flood_line(alone: float, during: float, signed: int, cpu: float) -> tuple[str, list[str]]:
    """Tell the row of the flood, with the server's CPU, and whether it breaks the promises."""
    figures = f"{alone:8.2f}{during:10.2f}   ({cpu:.1f} s of CPU)"
    told = f"health p99 alone, during {signed} sign-ins, ms: {figures}"
    slow = [f"health checks were slower than {SLOWEST_MS} ms"] if during >= SLOWEST_MS else []
    return told, slow + ([] if signed else ["nobody could sign in"])


@contextlib.contextmanager
def signing_in(clients: int, act: Callable[[], object]) -> Iterator[list[int]]:
    """Let so many clients act again and again; the list counts what each has done.

    A client that is refused, as by a full queue, comes back.
    """
    over = threading.Event()
    counts = [0] * clients

    def again_and_again(number: int) -> None:
        while not over.is_set():
            with contextlib.suppress(AssertionError, OSError):
                act()
                counts[number] += 1

    threads = [threading.Thread(target=again_and_again, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        over.set()
        for thread in threads:
            thread.join()


def signed_in(url: str) -> str:
    """Sign in by the form of an app, and return the cookie of the session.

    :raises AssertionError: if the server does not let the visitor in.
    """
    visitor = Visitor()
    asked = visitor.get(url)
    action = asked.url.partition("?")[0] + "/system"
    user, password = LOGIN
    fields = {"system-username": user, "system-password": password}
    page = visitor.post(action, {"state": asked.field("state"), **fields})
    assert page.status == 200, page.status
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies["localhost"].items())


if __name__ == "__main__":
    main()
