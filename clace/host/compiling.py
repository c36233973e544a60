"""Source files of an operator or an app, compiled; a refusal comes with advice."""

from __future__ import annotations

from collections.abc import Collection, Container

from clace.host.advice import advised, source_advice
from clace.host.faults import AppFault, SourcePlace
from clace.starlark import Program, SourceError, compile_file


def compiled(name: str, text: str, known: Collection[str], plugins: Container[str] = ()) -> Program:
    """Compile a file that may use the names ``known``.

    :raises AppFault: if it is not Starlark, or uses an undefined name.
    """
    try:
        return compile_file(name, text, predeclared=tuple(known))
    except SourceError as error:
        at = error.position
        advice = source_advice(error.message, text, at.line, at.column, plugins)
        place = SourcePlace(at.file, at.line, at.column)
        raise AppFault(advised(error.message, advice), place) from None
