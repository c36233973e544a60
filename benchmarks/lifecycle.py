"""Apps installed and reloaded, and a server started with them: seconds of processors.

``python -m benchmarks.lifecycle`` takes a few minutes. It creates 300 apps (or as many as it is
told) and prints what one costs among the first and among the last 50, reloads 100 of them
unchanged and changed, starts the server again, and asks an app for a page. What counts is the time
of processors of the server and all its hosts, which is the same on a busy machine; ratios are of
the first column.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import processors
from tests.support.daemon import Daemon

APPS, SAMPLE, RELOADED = 300, 50, 100
SMALL = """def handler(req):
    return "%s"

app = ace.app("small", routes=[ace.api("/", type=ace.TEXT)])
"""


class Taken(NamedTuple):
    """Seconds of the server's own process, of all of its processes, and of a clock."""

    server: float
    all: float
    clock: float

    def __sub__(self, other: "Taken") -> "Taken":
        return Taken(*(after - before for after, before in zip(self, other, strict=True)))


def spent(pid: int) -> Taken:
    """What was spent until now; of processes that have ended, what their parents waited for."""
    return Taken(processors.of_process(pid, waited=False), processors.spent(pid), time.monotonic())


def write(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "app.star").write_text(SMALL % text, "utf-8")


def create(daemon: Daemon, sources: Path, numbers: range) -> Taken:
    for number in numbers:
        write(sources / str(number), "made")
    before = spent(daemon.process.pid)
    for number in numbers:
        daemon.install(sources / str(number), f"/group{number % 3}/app{number}", auth="none")
    return spent(daemon.process.pid) - before


def reload(daemon: Daemon, apps: range) -> Taken:
    before = spent(daemon.process.pid)
    answer = daemon.admin("POST", "/_clace/reload?appPathGlob=/reloaded/*")
    taken = spent(daemon.process.pid) - before
    if answer.status != 200 or answer.body.count("_cl_stage") < len(apps):
        raise SystemExit(f"not reloaded: {answer.status} {answer.body[:500]}")
    return taken


def started(daemon: Daemon) -> Taken:
    """A server as it is when it has just become ready."""
    before = time.monotonic()
    daemon.start()
    now = spent(daemon.process.pid)
    return now._replace(clock=time.monotonic() - before)


def first_page(daemon: Daemon) -> Taken:
    before = spent(daemon.process.pid)
    answer = daemon.get("/reloaded/r0/", login=None)
    if answer.status != 200:
        raise SystemExit(f"not answered: {answer}")
    return spent(daemon.process.pid) - before


def tell(name: str, taken: Taken, times: int = 1) -> None:
    figures = (f"{each * 1000 / times:10.1f}" for each in taken)
    print(f"{name:44}" + "".join(figures), flush=True)


def main(apps: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="clace-lifecycle-"))
    daemon = Daemon()
    try:
        print(f"{'milliseconds':44}{'server':>10}{'all':>10}{'clock':>10}")
        tell("start, no app", started(daemon))
        create(daemon, folder, range(1))
        first = create(daemon, folder, range(1, SAMPLE + 1))
        tell(f"create one of the first {SAMPLE}", first, SAMPLE)
        middle = range(SAMPLE + 1, apps - SAMPLE)
        tell("create one between", create(daemon, folder, middle), len(middle))
        last = create(daemon, folder, range(apps - SAMPLE, apps))
        tell(f"create one of the last {SAMPLE} of {apps}", last, SAMPLE)
        measure_reloads(daemon, folder)
        daemon.end()
        tell(f"start, {apps + RELOADED} apps", started(daemon))
        tell("first page of an app after it", first_page(daemon))
    finally:
        daemon.remove()
        shutil.rmtree(folder, ignore_errors=True)


def measure_reloads(daemon: Daemon, folder: Path) -> None:
    for number in range(RELOADED):
        write(folder / f"r{number}", "made")
        daemon.install(folder / f"r{number}", f"/reloaded/r{number}", auth="none")
    every = range(RELOADED)
    for name in ("unchanged", "unchanged again"):
        tell(f"reload {RELOADED}, {name}", reload(daemon, every))
    for number in every:
        write(folder / f"r{number}", "changed")
    tell(f"reload {RELOADED}, changed", reload(daemon, every))
    tell(f"reload {RELOADED}, unchanged since", reload(daemon, every))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else APPS)
