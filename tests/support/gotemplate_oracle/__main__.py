"""``python -m tests.support.gotemplate_oracle regenerate | compare | fuzz --cases N``."""

from __future__ import annotations

import argparse
import json
import sys

from tests.support.gotemplate_oracle import corpus
from tests.support.gotemplate_oracle.answers import Go
from tests.support.gotemplate_oracle.fuzz import fuzz


def regenerate() -> int:
    """Ask Go about every case again and write down what it says."""
    go = Go()
    total = 0
    for path in corpus.files():
        questions = [corpus.question(case) for case in corpus.read(path)]
        pairs = zip(questions, go.answers(questions), strict=True)
        corpus.write(path, [{**case, **answer} for case, answer in pairs])
        total += len(questions)
    corpus.VERSIONS.write_text(json.dumps(go.versions(), indent=1) + "\n", "utf-8")
    print(f"{total} cases written")  # noqa: T201
    return 0


def compare() -> int:
    """Ask Go about every case and name those that it answers differently today."""
    go = Go()
    changed = 0
    for path in corpus.files():
        cases = corpus.read(path)
        for case, answer in zip(cases, go.answers(cases), strict=True):
            if corpus.answer(case) != answer:
                changed += 1
                print(f"{path.name}: {json.dumps(corpus.question(case))}\n  {answer}")  # noqa: T201
    print(f"{changed} cases changed; {go.versions()}")  # noqa: T201
    return 1 if changed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.support.gotemplate_oracle")
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
