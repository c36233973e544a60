"""The committed programs: one JSON object a line, with what Go answered.

A row has a ``source``, may have ``modules`` and ``options``, and carries ``go``, Go's answer. Where
we answer differently on purpose it has ``ours`` as well, and ``why``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.starlark_oracle.answers import Answer, Case

FOLDER = Path(__file__).parents[2] / "starlark" / "corpus"
VERSIONS = FOLDER / "versions.json"
# Files of programs that Go refuses to compile; everywhere else that is a slip of the pen.
REFUSED = frozenset({"syntax", "resolver", "options", "found", "differences"})
_QUESTION = ("source", "modules", "options")


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.jsonl"))


def read(path: Path) -> list[Case]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def write(path: Path, cases: Sequence[Case]) -> None:
    lines = [json.dumps(case, ensure_ascii=True) for case in cases]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def question(case: Case) -> Case:
    """A case without its answers."""
    return {key: case[key] for key in _QUESTION if key in case}


def answer(case: Case) -> Answer:
    """Go's answer."""
    found: Answer = case["go"]
    return found


def expected(case: Case) -> Answer:
    """Our answer to a case: Go's, unless we differ on purpose."""
    found: Answer = case.get("ours", case["go"])
    return found


def useless(name: str, cases: Sequence[Case]) -> Iterator[str]:
    """The rows of a file that prove nothing, and why."""
    seen: set[str] = set()
    for case in cases:
        asked = json.dumps(question(case))
        for fault in _faults(name, case):
            yield f"{fault}: {asked}"
        if asked in seen:
            yield f"asked twice: {asked}"
        seen.add(asked)


def _faults(name: str, case: Case) -> Iterator[str]:
    answer = case["go"]
    error, at = answer.get("error", ""), answer.get("at", ["?"])
    if not answer:
        yield "nothing printed"
    if error.startswith("panic:") and "ours" not in case:
        yield "Go crashed"
    if "too many steps" in error:
        yield "too long for Go"
    if error and name not in REFUSED and at != ["?"] and " " not in at[0]:
        yield "refused by Go"
    if _asks_on(case["source"], at):
        yield "asks more after it failed"
    if ("ours" in case) != ("why" in case) or case.get("ours") == answer:
        yield "differs without a reason"


def _asks_on(source: str, at: Sequence[str]) -> bool:
    """Return true if a line that prints failed, and others that print come after it."""
    place = at[0].split(" ")[0].split(":")
    if place[0] != "app.star":
        return False
    lines = source.split("\n")
    number = int(place[1])
    failed, rest = lines[number - 1 : number], lines[number:]
    return bool(failed) and all(
        any(line.startswith("print(") for line in each) for each in (failed, rest)
    )
