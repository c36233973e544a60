"""Starlark, compiled to Python.

Stands alone: ``compile_file`` turns a source into Python code, ``Module`` runs it, and values are
Python's own. A host adds types of its own by subclassing ``HostObject``.
"""

from clace.starlark.errors import (
    EvalError,
    Failure,
    Frame,
    Interrupt,
    Position,
    SourceError,
    StarlarkError,
)
from clace.starlark.explain import may_interrupt
from clace.starlark.options import Options
from clace.starlark.program import Module, Program, compile_file
from clace.starlark.values.functions import Builtin
from clace.starlark.values.host import Fields, HostObject, NoSuchAttribute
from clace.starlark.values.locks import Frozen

__all__ = [
    "Builtin",
    "EvalError",
    "Failure",
    "Fields",
    "Frame",
    "Frozen",
    "HostObject",
    "Interrupt",
    "Module",
    "NoSuchAttribute",
    "Options",
    "Position",
    "Program",
    "SourceError",
    "StarlarkError",
    "compile_file",
    "may_interrupt",
]
