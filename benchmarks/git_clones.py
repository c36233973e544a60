"""Apps from a git repository, with clones that are kept and without.

``python -m benchmarks.git_clones [--files N]`` takes a minute. It makes a repository whose files do
not compress, and tells for each step the processor time of the server with all that it starts, git
too, the seconds, and by how much the kept clones grew: that is what git brought. It stops with what
went wrong if a commit that changes one file brings more than a tenth of the repository, or another
app of a commit that is there brings anything.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.processors import spent
from tests.support.daemon import Daemon
from tests.support.repositories import Repository

FILES, SIZE, COMMITS = 400, 12_000, 5
STAR = b'app = ace.app("Cloned", static_only = True)\n'


def main(given: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--files", type=int, default=FILES, help=f"files (default: {FILES})")
    chosen = options.parse_args(given)
    for kept in (512, 0):
        print(f"system.git_cache_mb = {kept}")
        with (
            tempfile.TemporaryDirectory() as folder,
            Daemon(f"[system]\ngit_cache_mb = {kept}\n") as server,
        ):
            Steps(server, Path(folder) / "repository", chosen.files).run(is_kept=kept > 0)
            server.remove()


class Steps:
    """What is done with one repository."""

    def __init__(self, server: Daemon, place: Path, files: int) -> None:
        chance = random.Random(13)
        self.server = server
        self.repository = Repository(place)
        written = {f"d{n % 20}/f{n}.bin": chance.randbytes(SIZE) for n in range(files)}
        self.repository.commit({**written, "app.star": STAR, "index.html": b"0"})

    def run(self, *, is_kept: bool) -> None:
        first = self.measured("first app", lambda: self.create("/first"))
        changed = [self.measured("one file changed", self.changed) for _ in range(COMMITS)]
        same = self.measured("nothing changed", self.reload)
        other = self.measured("another app", lambda: self.create("/second"))
        if is_kept and max(changed) > first / 10:
            raise SystemExit(f"a commit with one new file brought {max(changed)} bytes")
        if is_kept and same + other > 0:
            raise SystemExit(f"{same + other} bytes came again")

    def create(self, path: str) -> None:
        words = ("app", "create", "--approve", "--auth", "none", self.repository.url, path)
        self.server.must(*words)

    def reload(self) -> None:
        self.server.must("app", "reload", "/first")

    def changed(self) -> None:
        (self.repository.path / "index.html").write_text(str(time.monotonic()), "ascii")
        self.repository.git("commit", "--quiet", "--all", "-m", "changed")
        self.reload()

    def measured(self, name: str, act: Callable[[], None]) -> int:
        """Print one row; the bytes by which the kept clones grew."""
        pid = self.server.process.pid  # type: ignore[union-attr]
        size, before, began = self.kept_bytes(), spent(pid), time.monotonic()
        act()
        seconds, cpu = time.monotonic() - began, 1000 * (spent(pid) - before)
        grown = self.kept_bytes() - size
        print(f"  {name:<20}{cpu:8.0f} ms CPU{seconds:8.2f} s{grown / 1024:10.0f} KiB kept")
        return grown

    def kept_bytes(self) -> int:
        packs = (self.server.home / "run" / "git" / "clones").glob("*/objects/pack/*")
        return sum(pack.stat().st_size for pack in packs)


if __name__ == "__main__":
    main()
