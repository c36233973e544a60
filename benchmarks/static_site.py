"""A static site of 10,000 files: what it costs to install it, and the memory of the server.

``python -m benchmarks.static_site [--from-disk]`` takes a minute. The site has 160 MB, half of it
pages and half files that do not compress. With ``--from-disk`` the files stay in their folder. It
tells the seconds and the processor time of the server while the app is created, the most memory
that it had by then, and the same after each file was asked for once.
"""

from __future__ import annotations

import argparse
import http.client
import random
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.processors import spent
from tests.support.daemon import CLACE, ROOT, Daemon
from tests.support.processes import descendants

FILES = 10_000
SIZE = 16 << 10
STAR = 'app = ace.app("Site", static_only = True)\n'
WORDS = ("static", "pages", "without", "a", "program", "answer", "from", "the", "store")


def main(given: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--from-disk", action="store_true", help="leave the files in their folder")
    chosen = options.parse_args(given)
    with tempfile.TemporaryDirectory() as folder, Daemon() as server:
        names = make_site(Path(folder), FILES, SIZE)
        measure(server, Path(folder), names, from_disk=chosen.from_disk)
        server.remove()


def measure(server: Daemon, folder: Path, names: Sequence[str], *, from_disk: bool) -> None:
    """Print the figures of one site."""
    pid = server.process.pid  # type: ignore[union-attr]
    print(f"{'':30}{'seconds':>10}{'cpu ms':>10}{'peak MB':>10}{'with hosts':>12}")
    print(f"{'before':30}{'':>20}{peak_mb(pid):10.1f}{resident_mb(pid):12.1f}")
    began, before = time.monotonic(), spent(pid)
    extra = ("--conf", "static_from_disk=true") if from_disk else ()
    command = ("app", "create", "--approve", "--auth", "none", *extra, str(folder), "/site")
    subprocess.run([*CLACE, *command], env=server.environment(), cwd=ROOT, check=True)
    tell("created", pid, began, before)
    began, before = time.monotonic(), spent(pid)
    with closing(http.client.HTTPConnection("127.0.0.1", server.ports["http"])) as connection:
        for name in names:
            connection.request("GET", f"/site/{name}", headers={"Host": "localhost"})
            answer = connection.getresponse()
            if answer.status != 200 or len(answer.read()) != SIZE:
                raise SystemExit(f"/site/{name} is not served: {answer.status}")
    tell(f"{len(names)} files served", pid, began, before)


def make_site(folder: Path, files: int, size: int) -> list[str]:
    """Write the site; the names of its files."""
    chance = random.Random(12)
    (folder / "app.star").write_text(STAR, "ascii")
    (folder / "index.html").write_text("<h1>Site</h1>", "ascii")
    names = []
    for number in range(files):
        page = number % 2 == 0
        name = f"part{number % 100}/file{number}.{'html' if page else 'bin'}"
        (folder / name).parent.mkdir(exist_ok=True)
        words = " ".join(chance.choices(WORDS, k=size // 3)).encode()
        (folder / name).write_bytes(words[:size] if page else chance.randbytes(size))
        names.append(name)
    return names


def tell(step: str, pid: int, began: float, before: float) -> None:
    """Print one row."""
    seconds, cpu = time.monotonic() - began, 1000 * (spent(pid) - before)
    print(f"{step:30}{seconds:10.1f}{cpu:10.0f}{peak_mb(pid):10.1f}{resident_mb(pid):12.1f}")


def peak_mb(pid: int) -> float:
    """The most memory that the process ever had."""
    rows = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith("VmHWM"))


def resident_mb(pid: int) -> float:
    """What the process and all that it started have now."""
    rows = (Path(f"/proc/{one}/statm").read_text("ascii").split() for one in descendants(pid))
    return sum(int(row[1]) for row in rows) * 4096 / (1 << 20)


if __name__ == "__main__":
    main()
