"""``python -m tests.support.starlark_oracle regenerate | compare | fuzz --cases N``."""

from __future__ import annotations

import argparse
import json
import sys

from tests.support.starlark_oracle import corpus
from tests.support.starlark_oracle.answers import Go
from tests.support.starlark_oracle.fuzz import fuzz


def regenerate() -> int:
    """Ask Go about every program again; write nothing if a row proves nothing."""
    go = Go()
    made = {}
    for path in corpus.files():
        cases = corpus.read(path)
        answers = go.answers(cases)
        made[path] = [{**case, "go": answer} for case, answer in zip(cases, answers, strict=True)]
    faults = [
        f"{path.name}: {fault}"
        for path, cases in made.items()
        for fault in corpus.useless(path.stem, cases)
    ]
    if faults:
        print("\n".join(faults))  # noqa: T201
        return 1
    for path, cases in made.items():
        corpus.write(path, cases)
    corpus.VERSIONS.write_text(json.dumps(go.versions(), indent=1) + "\n", "utf-8")
    print(f"{sum(map(len, made.values()))} programs written")  # noqa: T201
    return 0


def compare() -> int:
    """Ask Go about every program and name those that it answers differently today."""
    go = Go()
    changed = 0
    for path in corpus.files():
        cases = corpus.read(path)
        for case, answer in zip(cases, go.answers(cases), strict=True):
            if case["go"] != answer:
                changed += 1
                print(f"{path.name}: {json.dumps(corpus.question(case))}\n  {answer}")  # noqa: T201
    print(f"{changed} programs changed; {go.versions()}")  # noqa: T201
    return 1 if changed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.support.starlark_oracle")
    parser.add_argument("command", choices=("regenerate", "compare", "fuzz"))
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args()
    if options.command == "fuzz":
        return fuzz(options.cases, options.seed, options.show)
    return regenerate() if options.command == "regenerate" else compare()


if __name__ == "__main__":
    sys.exit(main())
