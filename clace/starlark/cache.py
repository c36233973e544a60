"""Compiled programs as bytes, for a host that keeps them between runs.

Nothing here touches a disk. Bytes that are loaded are code that is run: keep them where no program
can write.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Sequence
from dataclasses import astuple
from importlib.util import MAGIC_NUMBER

from clace.starlark.emit.scope import Notes
from clace.starlark.options import Options
from clace.starlark.program import Program

_DEFAULTS = Options()


def cache_key(
    name: str,
    source: str,
    *,
    version: str,
    predeclared: Sequence[str] = (),
    options: Options = _DEFAULTS,
) -> str:
    """A name for what ``compile_file`` makes of these arguments; ``version`` is the compiler's."""
    parts = (MAGIC_NUMBER, version, name, source, tuple(sorted(predeclared)), astuple(options))
    return hashlib.sha256(marshal.dumps(parts, 2)).hexdigest()


def dump(program: Program) -> bytes:
    """The program as bytes."""
    notes = program.notes
    tables = (notes.calls, notes.dots, notes.entries, notes.items)
    return marshal.dumps((program.name, program.code, program.globals, tables))


def load_program(data: bytes) -> Program:
    """The program that ``dump`` made bytes of, in the same version of Python.

    :raises ValueError: if the bytes are not a program's.
    """
    try:
        name, code, names, tables = marshal.loads(data)  # noqa: S302 - of our own making
    except (EOFError, TypeError) as error:
        raise ValueError(str(error)) from None
    return Program(name, code, names, Notes(*tables))
