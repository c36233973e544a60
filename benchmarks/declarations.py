"""A file that declares many apps: planned, applied, exported, and applied to an empty server.

``python -m benchmarks.declarations [APPS]`` declares 1,000 apps, which takes some minutes. For each
step it prints the seconds of processors of the server with all its hosts, those of a clock, and the
most memory that the server's own process has had so far. It stops with what went wrong if a plan
after an apply finds a change, or the export of the second server is not that of the first.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.lifecycle import Taken, spent
from tests.support.daemon import CLACE, ROOT, Daemon

APPS = 1_000
LONGEST = 3_600
APP = """def handler(req):
    return param.greeting

app = ace.app("Declared", routes=[ace.api("/", type=ace.TEXT)])
"""
PARAMS = 'param("greeting", default="hello")\nparam("size", default="1")\n'
DECLARED = """
def declared(number):
    app(
        "/group%d/app%d" % (number % 10, number),
        "SOURCE",
        auth="none",
        params={"greeting": "app %d" % number, "size": number},
        app_config={"sandbox.max_waiting": 9},
    )

[declared(number) for number in range(COUNT)]
"""


def command(daemon: Daemon, *words: str, status: int = 0) -> str:
    """Run a command that may take long, and return what it printed."""
    done = subprocess.run(
        [*CLACE, *words],
        cwd=ROOT,
        env=daemon.environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    if done.returncode != status:
        raise SystemExit(f"clace {' '.join(words)}: {done.returncode} {done.stderr[:500]}")
    return done.stdout


def measured(name: str, daemon: Daemon, act: Callable[[], str]) -> str:
    before = spent(daemon.process.pid)
    text = act()
    tell(name, spent(daemon.process.pid) - before, peak(daemon.process.pid))
    return text


def peak(pid: int) -> float:
    """The most memory that a process has had, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    (found,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(found.split()[1]) / 1024


def tell(name: str, taken: Taken, memory: float) -> None:
    print(
        f"{name:<22}{taken.all:9.1f} s CPU{taken.server:9.1f} s in the server"
        f"{taken.clock:9.1f} s{memory:8.0f} MB"
    )


def main(count: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="declared-"))
    first, second = Daemon(), Daemon()
    try:
        (folder / "src").mkdir()
        (folder / "src" / "app.star").write_text(APP, "utf-8")
        (folder / "src" / "params.star").write_text(PARAMS, "utf-8")
        text = DECLARED.replace("SOURCE", str(folder / "src")).replace("COUNT", str(count))
        (folder / "apps.ace").write_text(text, "utf-8")
        _round(first.start(), second.start(), folder, count)
    finally:
        first.remove()
        second.remove()
        shutil.rmtree(folder)


def _round(first: Daemon, second: Daemon, folder: Path, count: int) -> None:
    file, copy = str(folder / "apps.ace"), str(folder / "copy.ace")
    planned = measured("plan", first, lambda: command(first, "plan", file, status=10))
    if f"{count} app(s) to create" not in planned:
        raise SystemExit(planned[-500:])
    measured("apply", first, lambda: command(first, "apply", file))
    measured("plan again", first, lambda: command(first, "plan", file))
    measured("apply again", first, lambda: command(first, "apply", "--reload", "none", file))
    exported = measured("export", first, lambda: command(first, "export"))
    Path(copy).write_text(exported, "utf-8")
    measured("apply the export", second, lambda: command(second, "apply", copy))
    if measured("export of the second", second, lambda: command(second, "export")) != exported:
        raise SystemExit("the export of the second server is another one")
    print(f"{count} apps, {len(exported)} bytes exported, and the same from the second server")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else APPS)
