"""The committed cases: one JSON object a line, with what Go answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "gotemplate" / "corpus"
VERSIONS = FOLDER / "versions.json"
_CONTROL = re.compile(r"\{\{-?\s*(?:/\*|(?:if|else|end|range|with|define|block|break|continue)\b)")
_STOPPED = re.compile(r'template: ([^:]+):([0-9]+):([0-9]+): executing "([^"]*)"')


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.jsonl"))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def write(path: Path, cases: list[dict[str, Any]]) -> None:
    lines = [json.dumps(case, ensure_ascii=True) for case in cases]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def question(case: dict[str, Any]) -> dict[str, Any]:
    """A case without its answer."""
    return {key: value for key, value in case.items() if key not in ("output", "error")}


def answer(case: dict[str, Any]) -> dict[str, str]:
    """The answer that a case carries."""
    return {key: case[key] for key in ("output", "error") if key in case}


def useless(cases: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The cases of a file that prove nothing, or not all that they ask, and why."""
    seen: set[str] = set()
    for case in cases:
        asked = json.dumps(question(case), sort_keys=True)
        if fault := _fault(case):
            yield f"{fault}: {asked}"
        if asked in seen:
            yield f"asked twice: {asked}"
        seen.add(asked)


def _fault(case: dict[str, Any]) -> str:
    error, text = case.get("error", ""), case.get("t", "")
    printing = [
        found.start()
        for found in re.finditer(r"\{\{", text)
        if not _CONTROL.match(text, found.start())
    ]
    if stopped := _STOPPED.match(error):
        if stopped[1] != stopped[4]:
            return ""  # in a template that was called from further on
        end = _offset(text, int(stopped[2]), int(stopped[3]))
        return "asks more after it failed" if any(at > end for at in printing) else ""
    # What html/template refuses may take several actions; a parse error takes one.
    refused = error.startswith("template:") and len(printing) > 1
    return "several actions and none was run" if refused else ""


def _offset(text: str, line: int, column: int) -> int:
    """The place in characters of Go's line, from 1, and column, in bytes from 0."""
    lines = text.split("\n")
    before = sum(len(each) + 1 for each in lines[: line - 1])
    return before + len(lines[line - 1].encode()[:column].decode("utf-8", "ignore"))
