"""Memory of a server and its hosts, process by process: with one warm app, and with fifty.

``python -m benchmarks.footprint [--peer "CMD"]`` takes two minutes. Sizes are proportional: each
process has its share of what several have. The server was started anew after the first app was
installed, as most servers are. ``--peer`` does the same with another server, which is started as by
``benchmarks.peer``. The bounds are 65 MB in all for one app, and 3 MB for each of fifty.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contenders import Contender, ours, peer
from benchmarks.memory import memory
from benchmarks.rows import APPS
from tests.support.daemon import Daemon
from tests.support.processes import descendants

MANY = 50
ONE_MB, EACH_MB = 65, 3
SETTLES_SECONDS = 2


def main(given: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--peer", metavar="CMD", help="another server, measured afterwards")
    chosen = options.parse_args(given)
    with Daemon() as before:
        before.install(APPS / "hello", "/one", auth="none")
    with ours(before.home) as server:
        tell(server)
    before.remove()
    if chosen.peer:
        with peer(chosen.peer) as server:
            server.install(APPS / "hello", "/one")
            tell(server)


def tell(server: Contender) -> None:
    """Print the memory of each process, of all with one app, and of each further app."""
    warm(server, "/one")
    time.sleep(SETTLES_SECONDS)
    print(f"{server.name + ', megabytes':40}{'rss':>10}{'pss':>10}{'private':>10}")
    for pid in descendants(server.pid):
        print(f"{name(pid):40}" + "".join(f"{size:10.1f}" for size in memory([pid])))
    one = total(server)
    print(f"{'in all, one warm app':40}{'':10}{one:10.1f}{'':10}{over(one, ONE_MB)}")
    for number in range(MANY - 1):
        server.install(APPS / "hello", f"/more/app{number}")
        warm(server, f"/more/app{number}")
    time.sleep(SETTLES_SECONDS)
    each = (total(server) - one) / (MANY - 1)
    print(f"{f'each further app of {MANY}':40}{'':10}{each:10.1f}{'':10}{over(each, EACH_MB)}")


def warm(server: Contender, path: str) -> None:
    for _ in range(3):
        if server.answer(f"{path}/", {}).status != 200:
            raise SystemExit(f"{server.name} does not answer {path}")


def total(server: Contender) -> float:
    return memory(descendants(server.pid)).pss


def name(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    return f"  {pid} {called(words)}"


def called(words: Sequence[str]) -> str:
    """Name a process by the module that it runs, or by its program without the folder."""
    code = next((word for word in words if "import" in word), words[0])
    return code.partition("from ")[2].partition(" import")[0] or Path(code).name


def over(size: float, most: float) -> str:
    return f"  over {most}" if size > most else ""


if __name__ == "__main__":
    main()
