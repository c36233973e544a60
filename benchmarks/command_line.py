"""CPU of commands: help, completion, and a question to a server over its socket.

``python -m benchmarks.command_line [PROGRAM...]`` measures ``clace`` of this checkout and, in the
same rounds, each other ``clace`` that is named (of an older checkout, say). CPU is what the
process took of user and system time, the median of 20; a machine that does other things beside
makes it larger, so compare the rows of one run. The first rows are what no command can go below.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence

from tests.support.daemon import Daemon

ROUNDS = 20
OURS = (sys.executable, "-c", "from clace.cli.program import main; main()")
FLOORS = {
    "python": ("pass",),
    "click": ("import click",),
    "click, msgspec": ("import click, msgspec",),
}
COMMANDS = {
    "clace --help": ("--help",),
    "clace app --help": ("app", "--help"),
    "clace app list": ("app", "list"),
}
COMPLETED = {"clace <TAB>": "clace ", "clace app l<TAB>": "clace app l"}


def main() -> None:
    programs = {"here": OURS, **{name: (name,) for name in sys.argv[1:]}}
    with Daemon() as daemon:
        taken = measured(programs, {**os.environ, "CL_HOME": str(daemon.home)})
    print(f"{'CPU in ms: median (least)':28}" + "".join(f"{name:>20}" for name in programs))
    for row, each in taken.items():
        print(f"{row:28}" + "".join(f"{told(each.get(name, ())):>20}" for name in programs))


def measured(
    programs: Mapping[str, Sequence[str]], environ: Mapping[str, str]
) -> dict[str, dict[str, list[float]]]:
    """The milliseconds of each row by program, all of them in turn, round after round."""
    runs = [
        *((row, "here", (sys.executable, "-c", *code), {}) for row, code in FLOORS.items()),
        *(
            (row, name, (*program, *arguments), {})
            for row, arguments in COMMANDS.items()
            for name, program in programs.items()
        ),
        *(
            (row, name, tuple(program), completing(line))
            for row, line in COMPLETED.items()
            for name, program in programs.items()
        ),
    ]
    taken: dict[str, dict[str, list[float]]] = {row: {} for row, *_ in runs}
    for _ in range(ROUNDS):
        for row, name, command, more in runs:
            taken[row].setdefault(name, []).append(cpu_ms(command, {**environ, **more}))
    return taken


def completing(line: str) -> dict[str, str]:
    """What bash sets when it asks how a line goes on."""
    return {
        "_CLACE_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }


def cpu_ms(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """The CPU time of a process and of what it waited for; it has to succeed."""
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return 1000 * (usage.ru_utime + usage.ru_stime)


def told(taken: Sequence[float]) -> str:
    return f"{statistics.median(taken):.0f} ({min(taken):.0f})" if taken else ""


if __name__ == "__main__":
    main()
