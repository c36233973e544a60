"""``python -m tests.support.gotemplate_oracle regenerate | compare | fuzz --cases N``."""

from __future__ import annotations

import json
import sys

from tests.support.gotemplate_oracle import corpus
from tests.support.gotemplate_oracle.answers import Go
from tests.support.gotemplate_oracle.fuzz import fuzz
from tests.support.oracles import compare, run


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


if __name__ == "__main__":
    sys.exit(
        run("tests.support.gotemplate_oracle", regenerate, lambda: compare(corpus, Go()), fuzz)
    )
