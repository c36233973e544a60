"""The Starlark of an app: its files evaluated, and its functions callable by number."""

from __future__ import annotations

import difflib
import posixpath
import re
import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import NoReturn

import msgspec
import starlark
from starlark import LibraryExtension, StarlarkError

from clace.host import params, prelude, schema
from clace.host.definition import Definition
from clace.host.desugar import Rewritten, may_hold_responses, rewrite
from clace.host.exchange import Door, Exchange, host_call
from clace.host.faults import AppFault, Place, Refused, read_fault
from clace.model.app import PluginManifest
from clace.model.params import Param
from clace.model.schema import Schema
from clace.wire import Load

APP_FILE = "app.star"
MAX_FRAMES = 1000
OUT_OF_MEMORY = "the app ran out of memory or crashed the interpreter"
_AFTER = "ace__after"
_GLOBALS = starlark.Globals.extended_by([LibraryExtension.StructType, LibraryExtension.Json])
_DIALECT = starlark.Dialect.extended()
_DIALECT.enable_types = starlark.DialectTypes.DISABLE
_decode_definition = msgspec.json.Decoder(Definition).decode
_IMPORT = "load({}, {})".format(
    msgspec.json.encode(prelude.NAME).decode(),
    ", ".join(msgspec.json.encode(name).decode() for name in prelude.EXPORTED),
)
_DOCUMENTS = 'load("schema", "doc", "table")'


@cache
def ace_module() -> starlark.FrozenModule:
    """The ``ace`` module, the same for all apps: hosts have it from before they are forked."""
    module = starlark.Module()
    module.add_callable("ace__host", host_call)
    starlark.eval(module, starlark.parse(prelude.NAME, prelude.PRELUDE, _DIALECT), _GLOBALS)
    return module.freeze()


class Program:
    """Evaluates ``app.star`` and what it loads.

    :raises AppFault: something does not load.
    """

    def __init__(self, load: Load, door: Door) -> None:
        self._load = load
        self._door = door
        self._deadline = time.monotonic() + load.load_seconds
        self._responses = may_hold_responses(load.sources.values())
        self._rewritten: dict[str, Rewritten] = {}
        self._modules: dict[str, starlark.FrozenModule] = {}
        self._loading: list[str] = []
        self._fault: AppFault | None = None
        self._manifests = {manifest.name: manifest for manifest in load.plugins}
        self.plugins: dict[str, None] = {}
        self._ace = ace_module()
        with door.open():
            self.schema = self._evaluate_schema()
            self._documents = self._evaluate_documents()
            self.params, self._values = self._evaluate_params()
            self._app, self.definition = self._evaluate_app()

    def call(self, number: int, arguments: bytes, exchange: Exchange) -> str:
        """What function ``number`` of the definition answers, in the form of ``ace__answer``.

        :raises AppFault: it failed, or took too long.
        """
        options = starlark.EvalOptions(
            check_cancelled=exchange.expired, max_callstack_size=MAX_FRAMES
        )
        try:
            with self._door.open(exchange):
                result = self._app.call_with(options, "ace__serve", number, arguments.decode())
        except StarlarkError as error:
            if exchange.expired():
                late = f"the app did not answer within {self._load.request_seconds:g} seconds"
                raise AppFault(late, code="app_timed_out") from None
            raise self._restored(read_fault(str(error))) from None
        except Exception:
            raise
        except BaseException as error:  # a Rust panic is no Exception
            raise AppFault(OUT_OF_MEMORY, code="app_crashed") from error
        return str(result.value)

    def _evaluate_schema(self) -> Schema:
        """What ``schema.star`` declares."""
        declarations = schema.Declarations()
        if schema.SCHEMA_FILE in self._load.sources:
            self._evaluate_declarations(schema.SCHEMA_FILE, schema.WORDS, declarations)
        return declarations.schema

    def _evaluate_params(self) -> tuple[tuple[Param, ...], starlark.FrozenModule]:
        """What ``params.star`` declares, and a module of the values."""
        declarations = params.Declarations(self._load.params)
        module = starlark.Module()
        if params.PARAMS_FILE in self._load.sources:
            module = self._evaluate_declarations(params.PARAMS_FILE, params.WORDS, declarations)
            self._evaluate(module, _AFTER, params.EXPORT, None)
        return declarations.params, module.freeze()

    def _evaluate_declarations(
        self, name: str, words: str, declare: Callable[[str], str]
    ) -> starlark.Module:
        """A file that has words of its own to declare with; it can load nothing."""
        module = starlark.Module()
        module.add_callable("ace__declare", declare)
        ours = starlark.FileLoader(lambda _name: self._ace)
        self._evaluate(module, _AFTER, words, ours)
        text = self._text(name, "no such file")
        self._rewritten[name] = Rewritten(text)
        self._evaluate(module, name, text, starlark.FileLoader(partial(_no_load, name)))
        return module

    def _evaluate_documents(self) -> starlark.FrozenModule:
        module = starlark.Module()
        ours = starlark.FileLoader(lambda _name: self._ace)
        self._evaluate(module, _AFTER, schema.documents(self.schema), ours)
        return module.freeze()

    def _evaluate_app(self) -> tuple[starlark.FrozenModule, Definition]:
        module = self._evaluate_file(APP_FILE, self._text(APP_FILE, "no such file"))
        names = {name: name if self._binds(module, name) else "None" for name in _APP_NAMES}
        if names["app"] == "None":
            raise AppFault("app not defined, check app.star, add 'app = ace.app(...)'")
        after = (
            "ace__functions, ace__definition = ace__describe({app}, {handler}, {error_handler})\n"
            "def ace__serve(number, arguments):\n"
            "    return ace__dispatch(ace__functions[number], arguments)\n"
        )
        self._evaluate(module, _AFTER, after.format(**names), None)
        try:
            definition = _decode_definition(str(module["ace__definition"]))
        except msgspec.ValidationError as error:
            raise AppFault(f"the definition of the app is wrong: {error}") from None
        return module.freeze(), definition

    def _binds(self, module: starlark.Module, name: str) -> bool:
        try:
            self._evaluate(module, _AFTER, f"ace__found = {name}\n", None)
        except AppFault:
            return False
        return True

    def _evaluate_file(self, name: str, text: str) -> starlark.Module:
        module = starlark.Module()
        ours = starlark.FileLoader(lambda _name: self._ace)
        self._evaluate(module, _AFTER, _IMPORT, ours)
        fields = self.schema.names
        if fields:
            documents = starlark.FileLoader(lambda _name: self._documents)
            self._evaluate(module, _AFTER, _DOCUMENTS, documents)
        if params.PARAMS_FILE in self._load.sources:
            values = starlark.FileLoader(lambda _name: self._values)
            self._evaluate(module, _AFTER, params.IMPORT, values)
        used = self._responses or bool(fields)
        self._rewritten[name] = rewrite(text, fields) if used else Rewritten(text)
        self._evaluate(module, name, self._rewritten[name].text, starlark.FileLoader(self._import))
        return module

    def _evaluate(
        self, module: starlark.Module, name: str, text: str, loader: starlark.FileLoader | None
    ) -> None:
        options = starlark.EvalOptions(check_cancelled=self._late, max_callstack_size=MAX_FRAMES)
        try:
            ast = starlark.parse(name, text, _DIALECT)
            starlark.eval_with(options, module, ast, _GLOBALS, loader)
        except StarlarkError as error:
            raise self._load_fault(str(error)) from None
        except Exception:
            raise
        except BaseException as error:  # a Rust panic is no Exception
            raise AppFault(OUT_OF_MEMORY, Place(name, 1, 1), "app_crashed") from error

    def _late(self) -> bool:
        return time.monotonic() > self._deadline

    def _load_fault(self, report: str) -> AppFault:
        if self._fault is not None:
            fault, self._fault = self._fault, None
            return fault
        if self._late():
            late = f"loading took longer than {self._load.load_seconds:g} seconds"
            return AppFault(late, code="app_timed_out")
        return self._restored(read_fault(report))

    def _restored(self, fault: AppFault) -> AppFault:
        """The fault at the place that it has in the app's own text."""
        rewritten = self._rewritten.get(fault.place.file)
        if rewritten is None:
            return fault
        line, column = fault.place.line, fault.place.column
        place = Place(
            file=fault.place.file,
            line=line,
            column=rewritten.original_column(line, column) if column else 1,
            function=rewritten.function_at(line),
        )
        return AppFault(fault.message, place, fault.code)

    def _import(self, name: str) -> starlark.FrozenModule:
        """A module for ``load``; the fault is kept because Starlark keeps only its text."""
        try:
            return self._module(name)
        except AppFault as fault:
            self._fault = fault
            if not fault.place.file:
                self._fault = AppFault(fault.message, self._here(name), fault.code)
            raise Refused(fault.message) from None

    def _here(self, imported: str) -> Place:
        """The ``load`` of the file being evaluated that asks for ``imported``."""
        file = self._loading[-1] if self._loading else APP_FILE
        for number, line in enumerate(self._rewritten[file].text.split("\n"), 1):
            if "load" in line and imported in line:
                return Place(file, number, line.find("load") + 1)
        return Place(file, 1, 1)

    def _module(self, name: str) -> starlark.FrozenModule:
        if name in self._modules:
            return self._modules[name]
        if name in self._loading or name == APP_FILE:
            raise AppFault(f"cycle in starlark load graph during load of {name}")
        if name.endswith(".star"):
            self._modules[name] = self._star(name)
        else:
            self._modules[name] = self._plugin(name)
        return self._modules[name]

    def _star(self, name: str) -> starlark.FrozenModule:
        text = self._text(name, f"cannot load {name}: file does not exist")
        self._loading.append(name)
        try:
            module = self._evaluate_file(name, text)
        finally:
            self._loading.pop()
        self._bind_struct(module, posixpath.basename(name).removesuffix(".star"), name)
        return module.freeze()

    def _bind_struct(self, module: starlark.Module, struct: str, name: str) -> None:
        """``load("x.star", "x")`` gives all of the file's globals, if it has none of that name."""
        names = [one for one in self._rewritten[name].globals if not one.startswith("_")]
        if struct.isidentifier() and struct not in names:
            fields = ", ".join(f"{one} = {one}" for one in names)
            self._binds_all(module, f"{struct} = struct({fields})\n")

    def _binds_all(self, module: starlark.Module, text: str) -> None:
        try:
            self._evaluate(module, _AFTER, text, None)
        except AppFault:
            return  # a global that only some path assigns: the file has no struct then

    def _text(self, name: str, missing: str) -> str:
        if name not in self._load.sources:
            raise AppFault(f"error reading {name} file: {missing}" if name == APP_FILE else missing)
        try:
            text = self._load.sources[name].decode("utf-8-sig")
        except UnicodeDecodeError:
            raise AppFault("the file is not UTF-8", Place(name, 1, 1)) from None
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def _plugin(self, name: str) -> starlark.FrozenModule:
        plain = name.partition("#")[0]
        manifest = self._manifests.get(plain)
        if manifest is None:
            raise AppFault(f"module {name} not found{_meant(plain, self._manifests)}")
        self.plugins[name] = None
        if not self._load.inert and name not in self._load.loads:
            raise AppFault(
                f"app {self._load.app_path or '/'} is not permitted to load plugin {name}."
                " Audit the app and approve permissions",
                code="app_not_approved",
            )
        module = starlark.Module()
        loader = starlark.FileLoader(lambda _name: self._ace)
        text = 'load("ace", "ace__plugin", "ace__inert")\n' + self._struct(name, manifest)
        self._evaluate(module, _AFTER, text, loader)
        return module.freeze()

    def _struct(self, name: str, manifest: PluginManifest) -> str:
        quoted = msgspec.json.encode(name).decode()
        fields = [f"{one} = {_literal(value)}" for one, value in manifest.constants.items()]
        for function in manifest.functions:
            made = "ace__inert" if self._load.inert else f'ace__plugin({quoted}, "{function}")'
            fields.append(f"{function} = {made}")
        return f"{manifest.name.partition('.')[0]} = struct({', '.join(fields)})\n"


def app_place(load: Load) -> Place:
    """Where ``app.star`` says what the app is, for what is wrong with that as a whole."""
    found = _APP_LINE.search(load.sources.get(APP_FILE, b""))
    before = load.sources[APP_FILE][: found.start()] if found else b""
    return Place(APP_FILE, before.count(b"\n") + 1, 1)


def _meant(name: str, known: Iterable[str]) -> str:
    """Why a plugin of another server is not here, or which was perhaps meant."""
    near = difflib.get_close_matches(name, known, 1)
    if name in _ELSEWHERE:
        return f": {_ELSEWHERE[name]}"
    return f", did you mean {near[0]}?" if near else ""


_ELSEWHERE = {
    "build.in": "apps are not built by this server",
    "container.in": "containers are not available in this version",
    "openrun_admin.in": "apps do not administer this server, the clace command does",
}
_APP_LINE = re.compile(rb"^app\s*=", re.MULTILINE)
_APP_NAMES = ("app", "handler", "error_handler")


def _no_load(file: str, name: str) -> NoReturn:
    """:raises Refused: always."""
    raise Refused(f"cannot load {name}: {file} loads nothing")


def _literal(value: str | int) -> str:
    return msgspec.json.encode(value).decode()
