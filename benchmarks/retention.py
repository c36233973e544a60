"""An app that is reloaded many times: what its old versions leave in the database, and who waits.

``python -m benchmarks.retention [--reloads N]`` reloads and promotes an app of 3,000 files and 5 MB
1,000 times, one after the other, each time with three files changed; it takes about half an hour.
It prints the size of the database with its log before and after, and how long reloads took: those
before the first version is cleaned away, and those beside the cleaning. It stops with what went
wrong if the database grew past 50 MB, or more versions are there than ``fs.retain_versions`` keeps.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.processors import spent
from tests.support.daemon import Daemon

RELOADS, FILES, SIZE, CHANGED = 1_000, 3_000, 1_700, 3
KEPT = 5
LONGEST = 600
MOST = 50 * 1_000_000
STAR = 'app = ace.app("Retained", static_only = True)\n'
SHOWN = 50


def main(given: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--reloads", type=int, default=RELOADS, help="(default: 1,000)")
    chosen = options.parse_args(given)
    config = f"[app_config]\nfs.retain_versions = {KEPT}\n"
    with tempfile.TemporaryDirectory() as folder, Daemon(config) as server:
        Reloaded(server, Path(folder) / "source").run(chosen.reloads)
        server.remove()


class Reloaded:
    """An app whose files do not compress, and the server that has it."""

    def __init__(self, server: Daemon, source: Path) -> None:
        self.server, self.source = server, source
        self.chance = random.Random(13)
        self.source.mkdir()
        (source / "app.star").write_text(STAR, "ascii")
        self.change(range(FILES))

    def change(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            file = self.source / f"d{number % 30}" / f"f{number}.bin"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(self.chance.randbytes(SIZE))

    def run(self, reloads: int) -> None:
        self.server.install(self.source, "/app", approve=True, auth="none")
        before = self.stored()
        print(f"{FILES} files, {FILES * SIZE / 1e6:.1f} MB; database {before / 1e6:.1f} MB")
        pid = self.server.process.pid  # type: ignore[union-attr]
        began = spent(pid)
        seconds = [self.reload(number) for number in range(1, reloads + 1)]
        alone, beside = seconds[:KEPT], seconds[KEPT:]
        told("before any cleaning", alone)
        told("beside the cleaning", beside)
        print(f"{1000 * (spent(pid) - began) / reloads:.0f} ms CPU each, cleaning included")
        self.wait_until(lambda: len(self.versions()) <= KEPT + 1, "old versions stay")
        after = self.stored()
        print(f"after {reloads} reloads: database {after / 1e6:.1f} MB")
        if after > MOST:
            raise SystemExit(f"the database has {after} bytes")

    def reload(self, number: int) -> float:
        """Change files and reload; the seconds."""
        self.change(self.chance.sample(range(FILES), CHANGED))
        began = time.monotonic()
        path = "/_clace/reload?appPathGlob=/app&promote=true"
        answer = self.server.admin("POST", path, timeout=LONGEST)
        seconds = time.monotonic() - began
        if answer.status != 200:
            raise SystemExit(f"not reloaded: {answer}")
        if number % SHOWN == 0:
            print(f"{number:8} {self.stored() / 1e6:8.1f} MB", flush=True)
        return seconds

    def versions(self) -> list[str]:
        return self.server.must("version", "list", "--format", "csv", "/app").splitlines()[1:]

    def stored(self) -> int:
        """The bytes of the database, its log included."""
        return sum(each.stat().st_size for each in self.server.home.glob("metadata/*metadata*"))

    def wait_until(self, is_so: Callable[[], bool], failure: str, seconds: float = 120) -> None:
        limit = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > limit:
                raise SystemExit(failure)
            time.sleep(0.5)


def told(name: str, seconds: list[float]) -> None:
    print(
        f"{name}: {len(seconds)} reloads, median {statistics.median(seconds) * 1000:.0f} ms,"
        f" slowest {max(seconds) * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
