"""Flask apps on a small machine: 50 are installed and idle, then 20 of them run, in 2 GB.

``python -m benchmarks.awake_programs`` takes some minutes, and needs the packages of PyPI and, for
the limit, root. It prints the memory of the server, of its hosts, of the walls around programs and
of the programs themselves while all apps are idle, and when those that are awake have each answered
and are asked in turns. Sizes are proportional: each process has its share of what several have.
The server and all that it starts are in one control group; something killed in it is an error.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.app_programs import FLASK, asked, config, create
from benchmarks.footprint import called
from benchmarks.memory import Group, limited, memory
from clace.kernel.calls import Unavailable
from tests.support.daemon import FOREGROUND, Daemon
from tests.support.processes import descendants

LAUNCHER = "clace.processes.walled.launcher"
IDLE_SECONDS = 60
SETTLES_SECONDS = 600


@contextlib.contextmanager
def small_machine(megabytes: int) -> Iterator[tuple[Daemon, Group | None]]:
    """A server in a control group, or without one where none can be made."""
    with contextlib.ExitStack() as stack:
        try:
            group = stack.enter_context(limited(megabytes))
        except (Unavailable, OSError) as error:
            print(f"without a limit: {error}")
            group = None
        daemon = Daemon(
            f"{config()}\n[app_config]\ncontainer.idle_shutdown_secs = {IDLE_SECONDS}\n"
        )
        stack.callback(daemon.remove)
        daemon.start(*(group.command(*FOREGROUND) if group else FOREGROUND))
        yield daemon, group


def kinds(daemon: Daemon) -> dict[int, str]:
    """The processes below the server, with what each is for."""
    assert daemon.process is not None
    found = {daemon.process.pid: "server"}
    for pid in descendants(daemon.process.pid)[1:]:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            if "-m" in words:
                found[pid] = "programs"
            else:
                is_wall = called(words) == LAUNCHER
                found[pid] = "walls" if is_wall else "hosts and starters"
    return found


def tell(step: str, daemon: Daemon) -> Counter[str]:
    """Print the memory of each kind of process, and of all; return how many there are of each."""
    of = kinds(daemon)
    sizes: Counter[str] = Counter()
    for pid, kind in of.items():
        sizes[kind] += memory([pid]).pss  # type: ignore[assignment]
    counts = Counter(of.values())
    parts = (f"{kind} {size:.1f} ({counts[kind]})" for kind, size in sorted(sizes.items()))
    print(f"{step}: {sum(sizes.values()):.1f} MB; {', '.join(parts)}", flush=True)
    return counts


def wait_until_idle(daemon: Daemon) -> None:
    limit = time.monotonic() + SETTLES_SECONDS
    while "programs" in kinds(daemon).values():
        if time.monotonic() > limit:
            raise SystemExit("the programs do not become idle")
        time.sleep(1)


def awake(daemon: Daemon, paths: Sequence[str]) -> list[float]:
    """Ask each, and all that are awake again, so that none becomes idle; the seconds of each."""
    port, took = daemon.ports["http"], []
    for number, path in enumerate(paths):
        took.append(asked(port, path))
        for before in paths[:number]:
            asked(port, before)
    return took


def main(given: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--apps", type=int, default=50)
    options.add_argument("--awake", type=int, default=20)
    options.add_argument("--megabytes", type=int, default=2048)
    chosen = options.parse_args(given)
    with small_machine(chosen.megabytes) as (daemon, group), tempfile.TemporaryDirectory() as name:
        tell("no app", daemon)
        paths = [f"/flask{number}/" for number in range(chosen.apps)]
        for number, path in enumerate(paths):
            source = Path(name) / f"app{number}.py"
            source.write_text(FLASK.replace("VERSION", path))
            create(daemon, source, path.rstrip("/"))
        wait_until_idle(daemon)
        tell(f"{chosen.apps} apps, all idle", daemon)
        took = awake(daemon, paths[: chosen.awake])
        counts = tell(f"{chosen.awake} of them awake", daemon)
        print(
            f"first answers in {min(took):.2f} to {max(took):.2f} s, {counts['programs']} processes"
        )
        if group is not None:
            print(f"most in the group: {group.peak:.0f} MB, killed: {group.killed}")
            if group.killed:
                raise SystemExit("the apps do not fit")


if __name__ == "__main__":
    main()
