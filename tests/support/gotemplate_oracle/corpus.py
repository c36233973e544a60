"""The committed cases: one JSON object a line, with what Go answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "gotemplate" / "corpus"
VERSIONS = FOLDER / "versions.json"


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
