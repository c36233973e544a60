"""Differential fuzzing: both sides answer random programs, and differences are shown."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import time
import traceback
from collections import Counter
from random import Random

from tests.support.starlark_oracle.answers import MEMORY, Answer, Case, Go, ours
from tests.support.starlark_oracle.grammar import make

BATCH = 500
# Messages that one side alone has, or has earlier; docs/starlark.md tells of them.
_LIMITS = ("too many steps", "panic:", "excessive repeat", "stack overflow", "excessive nesting")
_OUR_LIMITS = (
    "unhashable type",
    "too many items",
    "too large",
    "out of memory",
    "too long",
    "limit is",
    "stack overflow",
    "excessive nesting",
)


def fuzz(count: int, start: int, show: int) -> int:
    """Compare ``count`` programs in batches; 1 if any differs otherwise than on purpose.

    This process may use no more memory than Go's: some programs double a tuple in each call.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    go = Go()
    outcomes: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    began = time.monotonic()
    for batch in range(0, count, BATCH):
        random = Random(f"{start}/{batch}")
        cases = [make(random) for _ in range(min(BATCH, count - batch))]
        for case, theirs in zip(cases, _asked(go, cases), strict=True):
            kind = _difference(_answered(case), theirs)
            outcomes[kind] += 1
            if kind not in _FINE:
                _show(case, theirs, kind, show, shown)
    took = time.monotonic() - began
    print(f"{count} programs, {dict(outcomes)}, {took:.0f} s")  # noqa: T201
    return 1 if shown else 0


_FINE = ("equal", "equal error", "limits", "on purpose")
# docs/starlark.md tells these differences: when attributes are looked up, the places of slices and
# of calls with wrong arguments, the words of JSON's errors, which items sorting compares first.
_ON_PURPOSE = re.compile(
    r"\w+ has no \.\w+ (field or method|attribute)|invalid slice operand"
    r"|invalid (start|end|step) index|zero is not a valid slice step|json\.|cannot encode"
    r"|got , want|invalid escape sequence \\[\x80-\xff]|[\w.]+ < [\w.]+ not implemented"
)
_CALLS = re.compile(r"function \w+ (missing|accepts|got) ")  # where they are, differs


def _asked(go: Go, cases: list[Case]) -> list[Answer]:
    """Go's answers; it dies of programs that need too much memory."""
    try:
        return go.answers(cases)
    except subprocess.CalledProcessError:
        if len(cases) == 1:
            return [{"error": "too many steps"}]
        half = len(cases) // 2
        return _asked(go, cases[:half]) + _asked(go, cases[half:])


def _answered(case: Case) -> Answer:
    try:
        return ours(case)
    except Exception:  # noqa: BLE001 - a crash is a finding
        return {"crash": traceback.format_exc()[-700:]}


def _difference(mine: Answer, theirs: Answer) -> str:
    """The kind of difference between two answers."""
    if mine == theirs:
        return "equal error" if "error" in mine else "equal"
    if "crash" in mine:
        return "crash"
    if ("error" in mine) != ("error" in theirs):
        kind = "acceptance"
    elif mine.get("error") != theirs.get("error"):
        kind = "message"
    else:
        kind = "place" if mine.get("printed") == theirs.get("printed") else "values"
    if _limited(mine, theirs):
        return "limits"
    if _CALLS.match(theirs.get("error", "")):
        # Of several things that are wrong another may be told where ``*`` or ``**`` decide.
        is_call = kind == "message" and _CALLS.match(mine.get("error", ""))
        return "on purpose" if kind == "place" or is_call else kind
    return "on purpose" if _ON_PURPOSE.match(theirs.get("error", "")) else kind


def _limited(mine: Answer, theirs: Answer) -> bool:
    ours_is = any(one in mine.get("error", "") for one in _OUR_LIMITS)
    return ours_is or any(one in theirs.get("error", "") for one in _LIMITS)


def _show(case: Case, theirs: Answer, kind: str, show: int, shown: Counter[str]) -> None:
    """Print a difference, if few of its kind were shown."""
    shown[kind] += 1
    if shown[kind] <= show:
        print(kind, json.dumps(case), f"\n  go   {theirs}\n  ours {_answered(case)}", flush=True)  # noqa: T201
