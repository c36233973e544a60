"""The Starlark of an app: its files evaluated, and its functions callable by number."""

from __future__ import annotations

import difflib
import posixpath
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from clace.host.ace import Functions, ace_module, describe, documents
from clace.host.compiling import compiled
from clace.host.definition import AppDefinition
from clace.host.faults import NOWHERE, AppFault, NotApproved, SourcePlace, fault_of
from clace.host.params import PARAMS_FILE, ParamFile
from clace.host.requests import AceCalls, DeadlinePassed, HandlerExchange, Slices
from clace.host.schema import SCHEMA_FILE, SchemaFile
from clace.model import AppParam, PluginManifest
from clace.starlark import (
    Builtin,
    Failure,
    Frozen,
    Module,
    StarlarkError,
    Struct,
    function_name,
    json,
    struct,
)
from clace.wire import LoadApp

APP_FILE = "app.star"
_COMMON: dict[str, Any] = {"struct": struct, "json": json}
_APP_NAMES = ("app", "handler", "error_handler")
_APP_LINE = re.compile(rb"^app\s*=", re.MULTILINE)
_ELSEWHERE = {
    "build.in": "apps are not built by this server",
    "openrun_admin.in": "apps do not administer this server, the clace command does",
}


class AppProgram:
    """Evaluates ``app.star`` and what it loads.

    :raises AppFault: if something does not load.
    """

    def __init__(self, load: LoadApp, door: AceCalls, slices: Slices) -> None:
        self._load = load
        self._door = door
        self._slices = slices
        self._modules: dict[str, Module | Mapping[str, Any]] = {}
        self._loading: list[str] = []
        self._files: list[Module] = []  # values are frozen while the module of their file is kept
        self._manifests = {manifest.name: manifest for manifest in load.plugins}
        self.plugins: dict[str, None] = {}
        self._known: dict[str, Any] = {**_COMMON, "ace": ace_module(door.calls)}
        slices.begin(time.monotonic() + load.load_seconds)
        try:
            self._evaluate_all()
        except StarlarkError as error:
            raise fault_of(error) from None
        except DeadlinePassed:
            late = f"loading took longer than {load.load_seconds:g} seconds"
            raise AppFault(late, code="app_timed_out") from None
        finally:
            slices.end()

    def _evaluate_all(self) -> None:
        declared = SchemaFile()
        if SCHEMA_FILE in self._load.sources:
            self._run(SCHEMA_FILE, {**_COMMON, **declared.words}, _nothing(SCHEMA_FILE))
        self.schema = declared.schema
        if self.schema.types:
            self._known.update(documents(self.schema))
        given = ParamFile(self._load.params)
        if PARAMS_FILE in self._load.sources:
            words = {**given.words, "config": Builtin("config", self._door.config)}
            self._run(PARAMS_FILE, {**_COMMON, **words}, _nothing(PARAMS_FILE))
            self._known["param"] = Struct(given.values)
        self.params: tuple[AppParam, ...] = given.params
        self._frozen = Frozen(self._known.values())
        self._app, (self._functions, self.definition) = self._evaluate_app()

    def call(self, number: int, arguments: tuple[Any, ...], exchange: HandlerExchange) -> Any:
        """The value that function ``number`` of the definition returned.

        :raises AppFault: if it failed.
        :raises DeadlinePassed: if it took too long.
        """
        before = self._door.open(exchange)
        try:
            return self._app.call(self._functions[number], *arguments)
        except StarlarkError as error:
            raise fault_of(error) from None
        finally:
            self._door.close(before)

    def place(self, number: int) -> SourcePlace:
        """Return the place of function ``number`` of the definition, as far as it is known."""
        code = getattr(self._functions[number], "__code__", None)
        if code is None:
            return NOWHERE
        return SourcePlace(code.co_filename, code.co_firstlineno, 1, function_name(code.co_name))

    def _evaluate_app(self) -> tuple[Module, tuple[Functions, AppDefinition]]:
        text = self._text(APP_FILE)
        module = self._module_of(APP_FILE, text)
        if "app" not in module:
            raise AppFault("app not defined, check app.star, add 'app = ace.app(...)'")
        values = [module.globals.get(name) for name in _APP_NAMES]
        return module, describe(*values)

    def _run(self, name: str, known: dict[str, Any], load: Callable[[str], Any]) -> Module:
        text = self._text(name)
        return self._evaluated(name, text, known, load)

    def _evaluated(
        self, name: str, text: str, known: dict[str, Any], load: Callable[[str], Any]
    ) -> Module:
        program = compiled(name, text, known, self._manifests)
        module = Module(program, predeclared=known, load=load, show=self._door.print)
        self._files.append(module)
        return module

    def _module_of(self, name: str, text: str) -> Module:
        self._loading.append(name)
        try:
            return self._evaluated(name, text, self._known, self._import)
        finally:
            self._loading.pop()

    def _import(self, name: str) -> Module | Mapping[str, Any]:
        """A module for ``load``.

        :raises Failure: if it cannot be loaded.
        """
        if name not in self._modules:
            if name in self._loading:
                raise Failure(f"cycle in starlark load graph during load of {name}")
            self._modules[name] = (self._star if name.endswith(".star") else self._plugin)(name)
        return self._modules[name]

    def _star(self, name: str) -> Mapping[str, Any]:
        """Return the public names of a file, and a struct of them under the file's own name."""
        if name not in self._load.sources:
            raise Failure(f"cannot load {name}: file does not exist")
        module = self._module_of(name, self._text(name))
        public = {one: value for one, value in module.globals.items() if one[0] != "_"}
        whole = posixpath.basename(name).removesuffix(".star")
        return {whole: Struct(public), **public}

    def _text(self, name: str) -> str:
        if name not in self._load.sources:
            raise AppFault(f"error reading {name} file: no such file")
        try:
            return self._load.sources[name].decode("utf-8-sig")
        except UnicodeDecodeError:
            raise AppFault("the file is not UTF-8", SourcePlace(name, 1, 1)) from None

    def _plugin(self, name: str) -> Mapping[str, Any]:
        plain = name.partition("#")[0]
        manifest = self._manifests.get(plain)
        if manifest is None:
            raise Failure(f"module {name} not found{_meant(plain, self._manifests)}")
        self.plugins[name] = None
        if not self._load.inert and name not in self._load.loads:
            raise NotApproved(
                f"app {self._load.app_path or '/'} is not permitted to load plugin {name}."
                " Audit the app and approve permissions"
            )
        return {plain.partition(".")[0]: Struct(self._functions_of(name, manifest))}

    def _functions_of(self, name: str, manifest: PluginManifest) -> dict[str, Any]:
        made: dict[str, Any] = dict(manifest.constants)
        for function in manifest.functions:
            call = _inert if self._load.inert else self._door.plugin(name, function)
            if function in manifest.declaring:
                call = self._door.declaring(name, function, call)
            made[function] = Builtin(function, call)
        return made


def _inert(*_args: Any, **_kwargs: Any) -> Struct:
    """The answer of a plugin in an audit."""
    return Struct({})


def _nothing(file: str) -> Callable[[str], Any]:
    def load(name: str) -> Any:
        raise Failure(f"cannot load {name}: {file} loads nothing")

    return load


def app_place(load: LoadApp) -> SourcePlace:
    """Return the place of ``ace.app`` in ``app.star``, for faults of the app as a whole."""
    found = _APP_LINE.search(load.sources.get(APP_FILE, b""))
    before = load.sources[APP_FILE][: found.start()] if found else b""
    return SourcePlace(APP_FILE, before.count(b"\n") + 1, 1)


def _meant(name: str, known: Iterable[str]) -> str:
    """Say why a plugin of another server is missing, or name the one that was perhaps meant."""
    near = difflib.get_close_matches(name, known, 1)
    if name in _ELSEWHERE:
        return f": {_ELSEWHERE[name]}"
    return f", did you mean {near[0]}?" if near else ""
