"""This server beside another one that runs the same apps, row by row, in one run.

``python -m benchmarks.peer --peer "CMD"`` needs ``wrk`` (Debian has it). ``CMD`` is the command
line of the other server: ``CMD server start`` runs it in the foreground, and ``CMD app create
--approve --auth none SOURCE PATH``, ``CMD app list`` and ``CMD app reload`` control it. ``{home}``,
``{config}``, ``{port}`` and ``{tls_port}`` in it stand for its own empty folder, for a
configuration file there that has the ports and a password, and for the ports themselves;
``CL_HOME`` and ``CL_CONFIG_FILE`` are set to the first two. A server that reads other names:
``--peer "env OTHER_HOME={home} OTHER_CONFIG={config} other"``.

Both servers run at once and are loaded in turns, round after round. A row whose answers differ is
told and not measured. CPU is that of all processes of a server (of ``app list``, of the command)
over the requests of a sample; ratios are ours divided by the peer's, of each round.
All traffic is to 127.0.0.1.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks import ratios
from benchmarks.contenders import Contender, ours, peer
from benchmarks.loads import need_wrk
from benchmarks.rows import ROWS, NotMeasured, Row, install


def main(given: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--peer", required=True, metavar="CMD", help="the other server")
    options.add_argument("--rounds", type=int, default=5, help="samples of each (default: 5)")
    options.add_argument(
        "--row", nargs="+", action="extend", metavar="NAME",
        help="measure only rows whose names begin so; among: " + "; ".join(ROWS),
    )  # fmt: skip
    chosen = options.parse_args(given)
    rows = selected(chosen.row or [""])
    if not rows:
        options.error(f"no row begins so; among: {'; '.join(ROWS)}")
    need_wrk()
    with ours() as mine, peer(chosen.peer) as theirs:
        for server in (mine, theirs):
            install(server)
        print(ratios.HEADING)
        for name in rows:
            print("\n".join(told(name, ROWS[name], mine, theirs, chosen.rounds)), flush=True)


def selected(beginnings: Sequence[str]) -> list[str]:
    """Return the names of rows that begin with one of these, in the order of the table."""
    return [name for name in ROWS if name.startswith(tuple(beginnings))]


def told(name: str, row: Row, mine: Contender, theirs: Contender, rounds: int) -> list[str]:
    """Measure a row and tell it, or tell why it is not measured."""
    try:
        return ratios.lines(name, compared(row, mine, theirs, rounds))
    except (NotMeasured, ValueError, RuntimeError, OSError) as reason:
        return [f"{name:36}not measured: {reason}"]


def compared(row: Row, mine: Contender, theirs: Contender, rounds: int) -> ratios.Compared:
    """Take one sample of both for warming, and then one in each round.

    :raises NotMeasured: if the answers differ, or one of the servers fails.
    """
    for server in (mine, theirs):
        row.prepare(server)
    one, other = row.answer(mine), row.answer(theirs)
    if one != other:
        raise NotMeasured(f"the answers differ: {shortened(one)} and {shortened(other)}")
    row.measure(mine), row.measure(theirs)
    samples = [(row.measure(mine), row.measure(theirs)) for _ in range(rounds)]
    return ratios.Compared(*zip(*samples, strict=True))


def shortened(answer: object, length: int = 300) -> str:
    text = repr(answer)
    return text if len(text) <= length else f"{text[:length]}..."


if __name__ == "__main__":
    main()
