"""The answers of both sides to a program: Go's from its interpreter, ours from the package."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clace.starlark import EvalError, Module, Options, SourceError, compile_file
from clace.starlark.library import json as json_module
from clace.starlark.library import struct

HERE = Path(__file__).parent
PREDECLARED = {"struct": struct, "json": json_module}
_LONGEST_STACK = 40


def ours(case: dict[str, Any]) -> dict[str, Any]:
    """Our answer: what was printed, and the error with its place and stack if there was one."""
    printed: list[str] = []
    try:
        _run("app.star", case["source"], case, printed)
    except SourceError as error:
        return _answer(printed, error.message, str(error.position), [])
    except EvalError as error:
        stack = [
            {"function": frame.function, "position": str(frame.position)} for frame in error.frames
        ]
        return _answer(printed, error.message, str(error.position or ""), stack)
    return _answer(printed, "", "", [])


def _answer(
    printed: list[str], error: str, position: str, stack: list[dict[str, str]]
) -> dict[str, Any]:
    whole = {
        "printed": [_as_go_writes(line) for line in printed],
        "error": _as_go_writes(error),
        "position": position,
        "stack": stack if len(stack) <= _LONGEST_STACK else [],
    }
    return {key: value for key, value in whole.items() if value or key == "printed"}


def _as_go_writes(text: str) -> str:
    """Bytes that are no UTF-8 become U+FFFD in the oracle's JSON."""
    return "".join(["\ufffd" if "\udc80" <= one <= "\udcff" else one for one in text])


def _run(name: str, source: str, case: dict[str, Any], printed: list[str]) -> Module:
    def load(wanted: str) -> Module:
        return _run(wanted, case["modules"][wanted], case, printed)

    options = Options(**case.get("options", {}))
    program = compile_file(name, source, predeclared=list(PREDECLARED), options=options)
    return Module(program, predeclared=PREDECLARED, load=load, show=printed.append)


class Go:
    """The oracle program, built into a temporary folder."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._program = Path(self._folder.name) / "oracle"
        go = shutil.which("go") or "/usr/local/go/bin/go"
        subprocess.run([go, "build", "-o", self._program, "."], cwd=HERE, check=True)

    def answers(self, cases: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Go's answers, in the order of the cases."""
        lines = "\n".join(json.dumps(_asked(case)) for case in cases)
        done = subprocess.run(
            [self._program], input=lines + "\n", capture_output=True, check=True, encoding="utf-8"
        )
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    def measure(self, source: str, call: str, arg: int, times: int) -> dict[str, float]:
        """Microseconds of one ``call`` with ``arg``, and of ``compile``."""
        text = json.dumps({"source": source, "call": call, "arg": arg, "times": times})
        done = subprocess.run(
            [self._program, "measure"],
            input=text,
            capture_output=True,
            check=True,
            encoding="utf-8",
        )
        found: dict[str, float] = json.loads(done.stdout)
        return found


def _asked(case: dict[str, Any]) -> dict[str, Any]:
    return {key: case[key] for key in ("source", "modules", "options") if key in case}
