"""Programs in Go whose answers are written down beside our questions."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


class GoProgram:
    """The program in ``folder``, built into a temporary one; ``options`` are for each run of it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self._built = tempfile.TemporaryDirectory()
        self._program = Path(self._built.name) / "oracle"
        self._options = options
        go = shutil.which("go") or "/usr/local/go/bin/go"
        subprocess.run([go, "build", "-o", self._program, "."], cwd=folder, check=True)

    def asked(self, *args: str, text: str = "") -> list[Any]:
        """The JSON document in each line of the answer to ``text``."""
        done = subprocess.run(
            [self._program, *args],
            input=text,
            capture_output=True,
            check=True,
            encoding="utf-8",
            **self._options,
        )
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    def versions(self) -> dict[str, str]:
        """The versions of Go and of what is asked."""
        found: dict[str, str] = self.asked("versions")[0]
        return found


def compare(corpus: Any, go: Any) -> int:
    """Ask Go about every case and name those that it answers differently today."""
    changed = 0
    for path in corpus.files():
        cases = corpus.read(path)
        for case, answer in zip(cases, go.answers(cases), strict=True):
            if corpus.answer(case) != answer:
                changed += 1
                print(f"{path.name}: {json.dumps(corpus.question(case))}\n  {answer}")  # noqa: T201
    print(f"{changed} answers changed; {go.versions()}")  # noqa: T201
    return 1 if changed else 0


def run(
    name: str,
    regenerate: Callable[[], int],
    compare: Callable[[], int],
    fuzz: Callable[[int, int, int], int],
) -> int:
    """Do what the command line says; the exit status."""
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("command", choices=("regenerate", "compare", "fuzz"))
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args()
    if options.command == "fuzz":
        return fuzz(options.cases, options.seed, options.show)
    return regenerate() if options.command == "regenerate" else compare()
