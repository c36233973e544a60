"""The slowest percent of one app's requests while another app is a bad neighbour.

``python -m benchmarks.neighbours [--peer "CMD"]`` needs ``wrk`` (Debian has it) and three minutes.
The neighbour burns processors, floods its log, is reloaded again and again, or has a program that
runs all attempts of the escape kit again and again, those to fill memory, disk and the table of
processes among them; each round measures the app alone right before. The ratio of both is at most
3 on an idle machine of two cores, beside the kit 2.
``--peer`` does the same with another server, which is started as by ``benchmarks.peer``, but for
the program. All traffic is to 127.0.0.1.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

from benchmarks.contenders import Contender, ours, peer
from benchmarks.loads import load, need_wrk
from benchmarks.ratios import Ratio, ratio
from benchmarks.rows import APPS, SMALL
from tests.support import process_attempts
from tests.support.process_kit import targets_of

MOST = 3
SEARCHER = """
load("process.in", "process")
load("proxy.in", "proxy")

app = ace.app("Searcher",
    container = process.config(
        command = ["/usr/bin/python3", "app.py", "targets.json"], port = 8000,
    ),
    routes = [ace.proxy("/", proxy.config(process.URL))],
    permissions = [
        ace.permission("process.in", "config"),
        ace.permission("proxy.in", "config", [process.URL]),
    ],
)
"""
CONNECTIONS, SECONDS = 4, 3
AT_ONCE = 2
Act = Callable[[], None]


def asking(server: Contender, path: str) -> Iterator[Act]:
    """Two clients, each of which asks for the path again and again."""
    for _ in range(AT_ONCE):
        yield lambda: server.get(path, {})


def reloading(server: Contender) -> Iterator[Act]:
    """One administrator, whose app has changed at each reload."""
    file = server.home / "restless" / "app.star"
    numbers = iter(range(1 << 30))

    def act() -> None:
        file.write_text(SMALL % f"number {next(numbers)}", "utf-8")
        reload(server, "/restless")

    yield act


def escaping(server: Contender) -> Iterator[Act]:
    """One client of a program that tries to get out of its wall."""

    def act() -> None:
        found = json.loads(server.get("/searcher/attempts", {}).body)
        if any(not why for why in found.values()):
            raise RuntimeError("an attempt has worked")

    yield act


ESCAPES = "tries to escape"
NEIGHBOURS: dict[str, Callable[[Contender], Iterator[Act]]] = {
    "burns processors": lambda server: asking(server, "/busy/burn"),
    "floods its log": lambda server: asking(server, "/busy/flood"),
    "is reloaded": reloading,
    ESCAPES: escaping,
}


def main(given: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--peer", metavar="CMD", help="another server, measured afterwards")
    options.add_argument("--rounds", type=int, default=5, help="samples of each (default: 5)")
    chosen = options.parse_args(given)
    need_wrk()
    print(f"{'p99 of an app while another':34}{'alone, ms':>12}{'beside, ms':>12}   ratio")
    servers = [ours(), *([peer(chosen.peer)] if chosen.peer else [])]
    for each in servers:
        with each as server:
            install(server)
            for name, neighbour in NEIGHBOURS.items():
                if name == ESCAPES and each is not servers[0]:
                    continue
                if name == ESCAPES:
                    install_searcher(server)
                alone, beside = measured(server, neighbour, chosen.rounds)
                print(line(f"{server.name}: {name}", alone, beside), flush=True)


def install(server: Contender) -> None:
    (server.home / "restless").mkdir()
    (server.home / "restless" / "app.star").write_text(SMALL % "made", "utf-8")
    server.install(APPS / "hello", "/hello")
    server.install(APPS / "busy", "/busy")
    server.install(server.home / "restless", "/restless")


def install_searcher(server: Contender) -> None:
    """Install an app whose program has things of the server's to look for."""
    folder = server.home / "searcher"
    folder.mkdir()
    kept = server.home / "metadata" / "clace_metadata.db"
    daemon = SimpleNamespace(
        process=SimpleNamespace(pid=server.pid),
        ports={"http": server.port},
        home=server.home,
        **dict.fromkeys(("stderr", "config", "certificate"), kept),
    )
    targets = targets_of(daemon, server.home / "restless")
    (folder / "targets.json").write_text(json.dumps(targets), "utf-8")
    (folder / "app.py").write_bytes(Path(process_attempts.__file__).read_bytes())
    (folder / "app.star").write_text(SEARCHER, "utf-8")
    server.install(folder, "/searcher")


def measured(
    server: Contender, neighbour: Callable[[Contender], Iterator[Act]], rounds: int
) -> tuple[list[float], list[float]]:
    """Milliseconds of the slowest percent, alone and beside the neighbour, in turns."""
    alone, beside = [], []
    slowest(server)
    for _ in range(rounds):
        alone.append(slowest(server))
        with busy(list(neighbour(server))):
            beside.append(slowest(server))
    return alone, beside


def slowest(server: Contender) -> float:
    found = load(f"{server.base}/hello/", {}, connections=CONNECTIONS, seconds=SECONDS)
    if found.refused or found.errors:
        raise SystemExit(f"{server.name} refuses: {found}")
    return found.p99


@contextlib.contextmanager
def busy(acts: Sequence[Act]) -> Iterator[None]:
    """Do each of these again and again meanwhile."""
    over = threading.Event()
    failed: list[Exception] = []

    def again_and_again(act: Act) -> None:
        while not over.is_set():
            try:
                act()
            except Exception as error:  # noqa: BLE001 - raised below, in the thread that waits
                failed.append(error)
                return

    threads = [threading.Thread(target=again_and_again, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]


def reload(server: Contender, path: str) -> None:
    """Reload an app through the admin socket; a command would keep a core busy itself."""
    connection = http.client.HTTPConnection("localhost", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    with contextlib.closing(connection):
        connection.sock.connect(str(server.home / "run" / "clace.sock"))
        connection.request("POST", f"/_clace/reload?appPathGlob={path}&approve=true&promote=true")
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{server.name}: {path} was not reloaded: {text!r}")


def line(name: str, alone: Sequence[float], beside: Sequence[float]) -> str:
    """Tell one row: medians, and the ratio with its spread."""
    found = ratio(beside, alone)
    middles = (sorted(each)[len(each) // 2] for each in (alone, beside))
    figures = "".join(f"{each:12.2f}" for each in middles)
    return f"{name:34}{figures}   {found}{verdict(found)}"


def verdict(found: Ratio) -> str:
    return "" if found.middle <= MOST else f"  over {MOST}"


if __name__ == "__main__":
    main()
