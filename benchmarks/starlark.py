"""``python -m benchmarks.starlark``: calls and compilation beside go.starlark.net, in one run.

Needs Go. Each row is the best of several rounds, ours and Go's in turns.
"""

from __future__ import annotations

import re
import time

from clace.starlark import Module, compile_file
from clace.starlark.library import json, struct
from tests.support.starlark_oracle.answers import Go

PROGRAM = """
rows = [{"id": i, "name": "row %d" % i, "n": i * 3} for i in range(50)]

def table(_n):
    out = []
    for r in rows:
        label = "even" if r["id"] % 2 == 0 else "odd"
        out.append({
            "id": r["id"],
            "name": r["name"].upper(),
            "label": label,
            "total": r["n"] + 1,
            "url": "/x/%d" % r["id"],
        })
    return {"rows": out, "n": len(out)}

def loop(n):
    total = 0
    for i in range(n):
        if i % 3 == 0:
            total += i
        else:
            total -= 1
    return total

def parts(n):
    out = []
    for i in range(n):
        out.append("part %d" % i)
    return ",".join(out)

def counts(n):
    found = {"a": 0}
    for i in range(n):
        found["a"] += 1
    return found

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def leaf(a, b):
    return a

def calls(n):
    for i in range(n):
        leaf(i, n)

def empty(_n):
    return None

def strings(n):
    total = 0
    for i in range(n):
        text = "Hello,World"
        if text.lower().startswith("hello"):
            total += len(text.split(",")[1])
    return total
"""
ROWS = (
    ("50 dicts, a handler", "table", 0, 100),
    ("1,000,000 steps", "loop", 1_000_000, 1),
    ("10,000 parts joined", "parts", 10_000, 1),
    ("10,000 increments", "counts", 10_000, 1),
    ("fib(24)", "fib", 24, 1),
    ("100,000 calls", "calls", 100_000, 1),
    ("a call from outside", "empty", 0, 10_000),
    ("50,000 operations on strings", "strings", 10_000, 1),
)
ROUNDS = 7


def long_program(copies: int) -> str:
    """The program several times, with names of its own each time."""
    names = "rows", "leaf", *(name for _title, name, _arg, _times in ROWS)
    words = re.compile(rf"\b({'|'.join(names)})\b(?=[ (:])")
    return "".join(words.sub(rf"\g<1>{number}", PROGRAM) for number in range(copies))


def ours(module: Module, name: str, arg: int, times: int) -> float:
    """Microseconds of a call."""
    function = module[name]
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(times):
            module.call(function, arg)
        best = min(best, time.perf_counter() - began)
    return best / times * 1e6


def compiling(source: str) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        compile_file("app.star", source, predeclared=("struct", "json"))
        best = min(best, time.perf_counter() - began)
    return best * 1e6


def main() -> None:
    go = Go()
    program = compile_file("app.star", PROGRAM, predeclared=("struct", "json"))
    module = Module(program, predeclared={"struct": struct, "json": json})
    print(f"{'microseconds':32}{'Clace':>12}{'Go':>12}{'ratio':>8}")
    for title, name, arg, times in ROWS:
        mine = ours(module, name, arg, times)
        theirs = go.measure(PROGRAM, name, arg, times)["call"]
        mine = min(mine, ours(module, name, arg, times))
        print(f"{title:32}{mine:12.2f}{theirs:12.2f}{mine / theirs:8.2f}")
    long = long_program(8)
    mine, theirs = compiling(long), go.measure(long, "empty0", 0, 1)["compile"]
    lines = long.count("\n")
    print(f"{f'compiling {lines} lines':32}{mine:12.2f}{theirs:12.2f}{mine / theirs:8.2f}")


if __name__ == "__main__":
    main()
