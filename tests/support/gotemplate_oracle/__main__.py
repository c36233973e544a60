"""``python -m tests.support.gotemplate_oracle regenerate | compare | fuzz --cases N``."""

from __future__ import annotations

import json
import sys

from tests.support.gotemplate_oracle import corpus
from tests.support.gotemplate_oracle.answers import Go
from tests.support.gotemplate_oracle.fuzz import fuzz
from tests.support.oracles import compare, run


def regenerate() -> int:
    """Ask Go about every case again; write nothing if one of them proves nothing."""
    go = Go()
    made = {}
    for path in corpus.files():
        questions = [corpus.question(case) for case in corpus.read(path)]
        pairs = zip(questions, go.answers(questions), strict=True)
        made[path] = [{**case, **answer} for case, answer in pairs]
    faults = [f"{path.name}: {fault}" for path in made for fault in corpus.useless(made[path])]
    if faults:
        print("\n".join(faults))  # noqa: T201
        return 1
    for path, cases in made.items():
        corpus.write(path, cases)
    corpus.VERSIONS.write_text(json.dumps(go.versions(), indent=1) + "\n", "utf-8")
    print(f"{sum(map(len, made.values()))} cases written")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(
        run("tests.support.gotemplate_oracle", regenerate, lambda: compare(corpus, Go()), fuzz)
    )
