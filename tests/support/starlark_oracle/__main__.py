"""``python -m tests.support.starlark_oracle regenerate | compare | fuzz --cases N``."""

from __future__ import annotations

import json
import sys

from tests.support.oracles import compare, run
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


if __name__ == "__main__":
    name = "tests.support.starlark_oracle"
    sys.exit(run(name, regenerate, lambda: compare(corpus, Go()), fuzz))
