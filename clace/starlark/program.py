"""Compiling a file, and running it as a module whose functions can be called."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from clace.starlark.emit.helpers import PRELUDE
from clace.starlark.emit.scope import EmitNotes
from clace.starlark.emit.statements import emit
from clace.starlark.errors import Failure, Position, SourceError
from clace.starlark.explain import PROGRAM, ended
from clace.starlark.options import Options
from clace.starlark.source.nodes import File
from clace.starlark.source.parser import parse
from clace.starlark.source.resolver import resolve
from clace.starlark.source.spelling import suggestion
from clace.starlark.values import (  # noqa: F401 - they register functions and methods
    builtins,
    collection_methods,
    conversions,
    letters,
    set_methods,
)
from clace.starlark.values.functions import Builtin
from clace.starlark.values.locks import Frozen
from clace.starlark.values.registry import UNIVERSE

CONSTANTS = ("None", "True", "False")
_DEFAULTS = Options()
_NO_VALUES: dict[str, Any] = {}
Loader = Callable[[str], "Module | Mapping[str, Any]"]


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled file: Python code, and what error messages need beside it."""

    name: str
    code: CodeType
    globals: tuple[str, ...]
    notes: EmitNotes


def compile_file(
    name: str,
    source: str,
    *,
    predeclared: Sequence[str] = (),
    options: Options = _DEFAULTS,
) -> Program:
    """Compile the text of a file; ``predeclared`` names what a host will add.

    :raises SourceError: if it is not Starlark, or names something undefined.
    """
    try:
        file = resolved(name, source, predeclared=predeclared, options=options)
        tree, notes = emit(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            code = compile(tree, name, "exec", dont_inherit=True)
    except RecursionError:
        raise SourceError("excessive nesting", Position(name, 1, 1)) from None
    return Program(name, code, tuple(file.globals), notes)


def resolved(
    name: str, source: str, *, predeclared: Sequence[str] = (), options: Options = _DEFAULTS
) -> File:
    """The syntax tree of a file with every name resolved.

    :raises SourceError: if it is not Starlark, or names something undefined.
    """
    file = parse(name, source)
    resolve(file, options, frozenset(predeclared), UNIVERSE.keys() | set(CONSTANTS))
    return file


class Module:
    """A file that was run. Its globals never change again; its functions can be called."""

    def __init__(
        self,
        program: Program,
        *,
        predeclared: Mapping[str, Any] = _NO_VALUES,
        load: Loader | None = None,
        show: Callable[[str], None] | None = None,
    ) -> None:
        """Run the file; ``load`` finds modules, ``show`` takes printed lines.

        :raises EvalError: if it fails.
        """
        self.program = program
        self._load = load
        scope = dict(PRELUDE)
        for name, value in {**UNIVERSE, **predeclared}.items():
            scope[f"@{name}"] = value
        if show is not None and "print" not in predeclared:
            scope["@print"] = _printer(show)
        scope["$load"] = self._loaded
        scope[PROGRAM] = program
        self._scope = scope
        try:
            exec(program.code, scope)  # noqa: S102 - made by our own compiler
        except BaseException as error:  # noqa: BLE001 - whatever emitted code ran into
            raise ended(error) from None
        names = program.globals
        self._globals = {name: scope[name] for name in names if name in scope}
        self._frozen = Frozen(self._globals.values())

    def __getitem__(self, name: str) -> Any:
        return self._globals[name]

    def __contains__(self, name: object) -> bool:
        return name in self._globals

    @property
    def globals(self) -> Mapping[str, Any]:
        """The values of the file's global variables."""
        return self._globals

    def call(self, function: Any, *args: Any) -> Any:
        """Call a function of the module.

        :raises EvalError: if it fails.
        """
        try:
            return function(*args)
        except BaseException as error:  # noqa: BLE001 - whatever emitted code ran into
            raise ended(error) from None

    def _loaded(self, module: str, *names: str) -> tuple[Any, ...]:
        if self._load is None:
            raise Failure("load not implemented by this application")
        found = self._load(module)
        values = found.globals if isinstance(found, Module) else found
        return tuple([_exported(module, values, name) for name in names])


def _exported(module: str, values: Mapping[str, Any], name: str) -> Any:
    try:
        return values[name]
    except KeyError:
        hint = suggestion(name, sorted(values))
        raise Failure(f"load: name {name} not found in module {module}{hint}") from None


def _printer(show: Callable[[str], None]) -> Builtin:
    def printed(*values: Any, **kwargs: Any) -> None:
        show(builtins.printed(values, kwargs))

    return Builtin("print", printed)
