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
from clace.starlark.explain import calling_frame, may_interrupt
from clace.starlark.formatting.layout import formatted
from clace.starlark.library import Struct, json, struct
from clace.starlark.options import Options
from clace.starlark.program import Module, Program, compile_file
from clace.starlark.values.comparison import equal
from clace.starlark.values.functions import Builtin
from clace.starlark.values.host import Fields, HostObject, NoSuchAttribute
from clace.starlark.values.keys import from_key, keys_of, to_key
from clace.starlark.values.locks import Frozen
from clace.starlark.values.printing import function_name, representation, text_of
from clace.starlark.values.sets import Set
from clace.starlark.values.text import from_bytes, replaced
from clace.starlark.values.types import TYPE_NAMES, type_name

__all__ = [
    "TYPE_NAMES",
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
    "Set",
    "SourceError",
    "StarlarkError",
    "Struct",
    "calling_frame",
    "compile_file",
    "equal",
    "formatted",
    "from_bytes",
    "from_key",
    "function_name",
    "json",
    "keys_of",
    "may_interrupt",
    "replaced",
    "representation",
    "struct",
    "text_of",
    "to_key",
    "type_name",
]
