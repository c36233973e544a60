"""Differential fuzzing: hypothesis writes cases, both sides answer, differences are shown."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.support.gotemplate_oracle.answers import Go, ours
from tests.support.gotemplate_oracle.grammar import make

BATCH = 2000


def generated(count: int, start: int) -> list[dict[str, Any]]:
    """That many cases, the same for the same start."""
    cases: list[dict[str, Any]] = []

    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=True))
    def collect(random: Any) -> None:
        cases.append(make(random))

    collect()
    return cases


def _both_limited(mine: dict[str, str], theirs: dict[str, str]) -> bool:
    """Whether both sides ran into their limits, which are worded differently."""
    return theirs.get("error") == "too much output" and "exceeds" in mine.get("error", "")


def fuzz(count: int, start: int, show: int) -> int:
    """Compare ``count`` cases in batches; the number of differences is the result."""
    go = Go()
    outcomes: Counter[str] = Counter()
    different = 0
    began = time.monotonic()
    for batch in range(0, count, BATCH):
        cases = generated(min(BATCH, count - batch), start + batch)
        for case, theirs in zip(cases, go.answers(cases), strict=True):
            mine = ours(case)
            outcomes["output" if "output" in theirs else "error"] += 1
            if mine != theirs and not _both_limited(mine, theirs):
                different += 1
                if different <= show:
                    print(json.dumps(case), f"\n  go   {theirs}\n  ours {mine}", flush=True)  # noqa: T201
    took = time.monotonic() - began
    print(f"{sum(outcomes.values())} cases, {dict(outcomes)}, {different} differ, {took:.0f} s")  # noqa: T201
    return 1 if different else 0
