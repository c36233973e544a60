"""The answers of both sides to a program: Go's from its interpreter, ours from the package."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clace.starlark import EvalError, Failure, Frame, Module, Options, SourceError, compile_file
from clace.starlark.library import json as json_module
from clace.starlark.library import struct
from tests.support.oracles import GoProgram

HERE = Path(__file__).parent
PREDECLARED = {"struct": struct, "json": json_module}
_LONGEST_STACK = 40
MEMORY = 3 << 30
Case = dict[str, Any]
Answer = dict[str, Any]


def ours(case: Case) -> Answer:
    """Our answer: ``printed`` lines, and the ``error`` with its places if there was one.

    ``at`` is the place of an error in the source, or the call stack: a place and a function each.
    """
    printed: list[str] = []
    try:
        _run("app.star", case["source"], case, printed)
    except SourceError as error:
        return _answer(printed, error.message, [str(error.position)])
    except EvalError as error:
        return _answer(printed, error.message, _stack(error.frames))
    return _answer(printed, "", [])


def _stack(frames: Iterable[Frame]) -> list[str]:
    return [f"{frame.position} {frame.function}" for frame in frames]


def _answer(printed: list[str], error: str, at: list[str]) -> Answer:
    shown = at if len(at) <= _LONGEST_STACK else []
    lines = [_as_go_writes(line) for line in printed]
    whole = {"printed": lines, "error": _as_go_writes(error), "at": shown}
    return {key: value for key, value in whole.items() if value}


def _as_go_writes(text: str) -> str:
    """Bytes that are no UTF-8 become U+FFFD in the oracle's JSON."""
    return "".join(["\ufffd" if "\udc80" <= one <= "\udcff" else one for one in text])


def _run(name: str, source: str, case: Case, printed: list[str]) -> Module:
    def load(wanted: str) -> Module:
        if wanted not in case.get("modules", {}):
            raise Failure(f"cannot load {wanted}: module {wanted} not found")
        return _run(wanted, case["modules"][wanted], case, printed)

    options = Options(**case.get("options", {}))
    program = compile_file(name, source, predeclared=list(PREDECLARED), options=options)
    return Module(program, predeclared=PREDECLARED, load=load, show=printed.append)


def _bound_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


class Go(GoProgram):
    """go.starlark.net."""

    def __init__(self) -> None:
        super().__init__(HERE, preexec_fn=_bound_memory)

    def answers(self, cases: Iterable[Case]) -> list[Answer]:
        """Go's answers, in the order of the cases."""
        lines = "\n".join(json.dumps(_question(case)) for case in cases)
        return [_told(found) for found in self.asked(text=lines + "\n")]

    def measure(self, source: str, call: str, arg: int, times: int) -> dict[str, float]:
        """Microseconds of one ``call`` with ``arg``, and of ``compile``."""
        text = json.dumps({"source": source, "call": call, "arg": arg, "times": times})
        found: dict[str, float] = self.asked("measure", text=text)[0]
        return found


def _question(case: Case) -> Case:
    return {key: case[key] for key in ("source", "modules", "options", "steps") if key in case}


def _told(found: dict[str, Any]) -> Answer:
    """Go's answer in the form of ours."""
    stack = [f"{frame['position']} {frame['function']}" for frame in found.get("stack", ())]
    place = [found["position"]] if "position" in found and not found.get("deep") else []
    whole = {"printed": found["printed"], "error": found.get("error"), "at": stack or place}
    return {key: value for key, value in whole.items() if value}
