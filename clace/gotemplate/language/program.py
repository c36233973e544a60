"""Generated modules: assembling them, running them, and finding where a run failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import FrameType, TracebackType
from typing import Any, Final

from clace.gotemplate.errors import LimitError, TemplateError
from clace.gotemplate.escaping.escape import Plan
from clace.gotemplate.escaping.escapers import ESCAPING
from clace.gotemplate.escaping.escapers_html import find_special
from clace.gotemplate.escaping.escapers_url import plain_url, plain_word
from clace.gotemplate.faults import Fault, LimitFault
from clace.gotemplate.go.deep import own_data
from clace.gotemplate.go.values import NOVALUE, NilMap
from clace.gotemplate.language import nodes
from clace.gotemplate.language.builtins import elements, pairs
from clace.gotemplate.language.codegen import TemplateCompiler
from clace.gotemplate.language.fields import LOOKUP, chain, get, holds_interfaces, method
from clace.gotemplate.language.literals import quote
from clace.gotemplate.language.signatures import Function, convert
from clace.gotemplate.language.writer import Site
from clace.gotemplate.limits import Meter

FILE: Final = "<go template>"
_NAMESPACE: Final[dict[str, Any]] = {
    "__builtins__": {
        "type": type,
        "str": str,
        "int": int,
        "float": float,
        "bool": bool,
        "list": list,
        "len": len,
        "KeyError": KeyError,
    },
    "NOVALUE": NOVALUE,
    "NilMap": NilMap,
    "LOOKUP": LOOKUP,
    "Fault": Fault,
    "chain": chain,
    "get": get,
    "method": method,
    "convert": convert,
    "elements": elements,
    "pairs": pairs,
    "holds_interfaces": holds_interfaces,
    "special": find_special,
    "plain_url": plain_url,
    "plain_word": plain_word,
    **ESCAPING,
}


def is_rendering(frame: FrameType) -> bool:
    """Return true for code of a template, or code that templates call: it may be suspended."""
    module = str(frame.f_globals.get("__name__", ""))
    return frame.f_code.co_filename == FILE or module.startswith("clace.gotemplate.")


@dataclass(frozen=True, slots=True)
class _Origin:
    """The template that a line of generated code belongs to, and the place in it."""

    name: str
    tree: nodes.Tree
    site: Site


class Program:
    """Templates that call one another, compiled to one module of Python."""

    def __init__(self, plans: Mapping[str, Plan], functions: Mapping[str, Function]) -> None:
        self._origins: dict[int, _Origin] = {}
        self._entries = {name: f"t{index}" for index, name in enumerate(plans)}
        self._functions = functions
        self._used: dict[str, Function] = {}
        self._plans = plans
        self._globals = self._load(self.source())
        self._changes_maps = any(function.changes for function in self._used.values())

    def source(self, *, annotate: bool = False) -> str:
        """The Python of the module, with what each piece is for if annotated."""
        origins: dict[int, _Origin] = {}
        lines: list[str] = []
        for name, plan in self._plans.items():
            compiler = TemplateCompiler(plan, self._functions, self._entries, annotate=annotate)
            compiler.run()
            lines += [f"def {self._entries[name]}(run, dot):", f" {quote(name, ascii_only=True)}"]
            lines.append(" out = run.out.append")
            for offset, site in compiler.writer.sites.items():
                origins[len(lines) + offset + 1] = _Origin(name, plan.tree, site)
            lines += [*compiler.writer.lines, ""]
            self._used |= compiler.expressions.used
        if not annotate:
            self._origins = origins
        return "\n".join(lines)

    def _load(self, source: str) -> dict[str, Any]:
        names = dict(_NAMESPACE)
        names |= {f"f_{name}": function.call for name, function in self._used.items()}
        try:
            code = compile(source, FILE, "exec", dont_inherit=True)
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise TemplateError(f"template is nested too deeply to compile: {error}") from None
        exec(code, names)  # noqa: S102 - the source was written by this package
        return names

    def run(self, name: str, data: Any, meter: Meter) -> str:
        """Render one template; errors carry Go's words and the place in the template.

        The data stays as it is: a program that changes maps works on a copy.
        """
        try:
            if self._changes_maps:
                data = own_data(meter, data)
            self._globals[self._entries[name]](meter, data)
            meter.steps = min(meter.steps, 0)
            if meter.room < 0:
                meter.refill()
        except TemplateError:
            raise
        except RecursionError as error:
            raise self._error(LimitError, "exceeded maximum template depth", error, name) from None
        except Exception as error:  # noqa: BLE001 - untrusted code may fail in any way
            kind = LimitError if isinstance(error, LimitFault) else TemplateError
            raise self._error(kind, self._message(error), error, name) from None
        return _clean("".join(meter.out))

    def _origin(self, trace: TracebackType | None) -> _Origin | None:
        """The innermost generated line on the way to a failure."""
        found = None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == FILE:
                found = self._origins.get(trace.tb_lineno, found)
                if found is not None and found.site.chooser:
                    taken = trace.tb_frame.f_locals.get(found.site.chooser, -1)
                    found = replace(found, site=replace(found.site, node=found.site.choices[taken]))
            trace = trace.tb_next
        return found

    def _message(self, error: BaseException) -> str:
        if isinstance(error, (Fault, LimitFault)):
            return str(error)
        origin = self._origin(error.__traceback__)
        called = origin.site.function if origin is not None else ""
        if isinstance(error, UnboundLocalError) and origin is not None:
            return f"undefined variable: {str(origin.site.node).partition('.')[0]}"
        return f"error calling {called}: {error}"

    def _error(
        self, kind: type[TemplateError], message: str, error: BaseException, name: str
    ) -> TemplateError:
        message = _clean(message)
        origin = self._origin(error.__traceback__)
        if origin is None:
            return kind(f"template: {name}: {message}", name=name)
        site = origin.site
        node = site.call if site.call is not None and not isinstance(error, Fault) else site.node
        line, column = nodes.location(origin.tree, node)
        return kind(
            f"template: {origin.tree.file}:{line}:{column}: executing "
            f"{quote(origin.name)} at <{node}>: {message}",
            name=origin.tree.file,
            line=line,
            column=column,
            action=str(node),
        )


def _clean(text: str) -> str:
    """The text with bytes that never became UTF-8 replaced."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in data)
    return text
