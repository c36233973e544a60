"""The answers of both sides to a case: Go's from its program, ours from the package."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clace.gotemplate import Limits, TemplateError, compile_templates
from clace.gotemplate.go.values import CSS, HTML, JS, URL, HTMLAttr, JSStr, Srcset
from tests.support.gotemplate_oracle.data import from_json
from tests.support.oracles import GoProgram

HERE = Path(__file__).parent
LIMITS = Limits(output=1 << 20, steps=200_000, seconds=20)


def _static(name: str) -> str:
    return f"/static/{name}"


def _file_non_empty(name: str) -> bool:
    return name == "full.css"


def _trusting(kind: type[str]) -> Any:
    def trust(text: str) -> str:
        return kind(text)

    return trust


FUNCTIONS = {
    "static": _static,
    "fileNonEmpty": _file_non_empty,
    "safeHTML": _trusting(HTML),
    "safeAttr": _trusting(HTMLAttr),
    "safeCSS": _trusting(CSS),
    "safeJS": _trusting(JS),
    "safeJSStr": _trusting(JSStr),
    "safeURL": _trusting(URL),
    "safeSrcset": _trusting(Srcset),
}


def expanded(case: dict[str, Any]) -> dict[str, Any]:
    """A case with its short forms written out: ``t`` is a single file."""
    files = case.get("files") or {"t": case["t"]}
    return {
        "files": files,
        "base": case.get("base", ""),
        "render": case.get("render", next(iter(files))),
        "block": case.get("block", ""),
        "data": case.get("d"),
    }


def ours(case: dict[str, Any]) -> dict[str, str]:
    """Our answer: ``output``, or ``error`` alone."""
    full = expanded(case)
    try:
        base = full["base"] or "\0"
        templates = compile_templates(full["files"], functions=FUNCTIONS, base_prefix=base)
        output = templates.render(
            full["render"],
            from_json(full["data"]),
            limits=LIMITS,
            block=full["block"] or None,
        )
    except TemplateError as error:
        return {"error": str(error)}
    return {"output": output}


class Go(GoProgram):
    """Go's own templates, with sprig."""

    def __init__(self) -> None:
        super().__init__(HERE, env={**os.environ, "TZ": "UTC"})

    def answers(self, cases: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
        """Go's answers, in the order of the cases."""
        lines = "\n".join(json.dumps(expanded(case)) for case in cases)
        return [
            {"error": answer["error"]} if "error" in answer else {"output": answer["output"]}
            for answer in self.asked(text=lines + "\n")
        ]

    def measure(self, case: dict[str, Any]) -> dict[str, float]:
        """Microseconds of Go's ``render`` and ``compile`` for a case."""
        found: dict[str, float] = self.asked("measure", text=json.dumps(expanded(case)) + "\n")[0]
        return found
