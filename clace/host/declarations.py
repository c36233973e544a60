"""Files of declarations: their ``app(...)`` calls, evaluated as untrusted as any app."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from clace.host.ace import plain, want, want_all
from clace.host.compiling import compiled
from clace.host.faults import AppFault, SourcePlace, fault_of
from clace.host.requests import AceCalls, DeadlinePassed, Slices, own_slices
from clace.model import MOST_DECLARED, DeclaredApp, Demands
from clace.near import did_you_mean
from clace.starlark import Builtin, Failure, Module, StarlarkError
from clace.wire import AppLoaded, LoadApp
from clace.wrong_values import wrong_value

_NO_BINDINGS = "bindings to services are not supported by this server"


class Declarations:
    """Evaluates the files that ``load.declarations`` names; ``say`` gets what they print.

    :raises AppFault: if one fails.
    """

    def __init__(
        self, load: LoadApp, say: Callable[[str], None], slices: Slices | None = None
    ) -> None:
        self._file = ""
        self._apps: list[DeclaredApp] = []
        self._door = AceCalls(load.node_config, load.env, say)
        slices = slices or own_slices()
        slices.begin(time.monotonic() + load.load_seconds)
        try:
            for name in load.declarations:
                self._evaluate(name, load.sources[name])
        except StarlarkError as error:
            raise fault_of(error) from None
        except DeadlinePassed:
            late = f"{self._file} took longer than {load.load_seconds:g} seconds"
            raise AppFault(late, code="app_timed_out") from None
        finally:
            slices.end()

    @property
    def loaded(self) -> AppLoaded:
        """Return the apps that were declared, as an answer to the daemon."""
        declared = msgspec.json.encode(self._apps).decode()
        return AppLoaded(name="", demands=Demands(), options={"declared": declared})

    def _evaluate(self, name: str, content: bytes) -> None:
        self._file = name
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise AppFault("the file is not UTF-8", SourcePlace(name, 1, 1)) from None
        known = {
            "app": Builtin("app", self._app),
            "config": Builtin("config", self._door.config),
            "binding": Builtin("binding", _binding),
        }
        program = compiled(name, text, known)
        Module(program, predeclared=known, load=_loads_nothing, show=self._door.print)

    def _app(self, path: Any, source: Any, dev: Any = False, **given: Any) -> None:  # noqa: FBT002 - called as files call it
        want_all("app", "string", path=path, source=source)
        want("app", "dev", dev, "bool")
        if len(self._apps) == MOST_DECLARED:
            raise Failure(f"app: more than {MOST_DECLARED} apps are declared")
        fields: dict[str, Any] = {"path": path, "source": source, "file": self._file, "dev": dev}
        for name, value in given.items():
            if name not in _READERS:
                meant = did_you_mean(name, _READERS)
                raise Failure(f"app: unexpected keyword argument {name}{meant}")
            if value is not None:
                fields[name] = _READERS[name](name, value)
        fields.pop("bindings", None)
        try:
            self._apps.append(msgspec.convert(fields, DeclaredApp))
        except msgspec.ValidationError as error:
            raise Failure(f"app: {wrong_value(error)}") from None


def _loads_nothing(name: str) -> Any:
    raise Failure(f"cannot load {name}: a file of declarations loads nothing")


def _text(name: str, value: Any) -> str:
    want("app", name, value, "string")
    return str(value)


def _entries(name: str, given: Any) -> Mapping[str, str]:
    """The entries as the server keeps them: TOML for ``app_config``, else texts or JSON."""
    want("app", name, given, "dict")
    entries = {}
    for key, value in given.items():
        want("app", f"{name} key", key, "string")
        entries[key] = value if name != "app_config" and isinstance(value, str) else _json(value)
    return entries


def _names(name: str, given: Any) -> Mapping[str, str]:
    """The entries, which are texts alone."""
    want("app", name, given, "dict")
    return {_text(f"{name} key", key): _text(name, value) for key, value in given.items()}


def _json(value: Any) -> str:
    """JSON; of texts, numbers, booleans and lists of them it is TOML too."""
    try:
        return msgspec.json.encode(plain(value)).decode().replace("\x7f", "\\u007f")
    except AppFault as fault:
        raise Failure(f"app: {fault.message}") from None


def _texts(name: str, given: Any) -> tuple[str, ...]:
    want("app", name, given, "list")
    return tuple(_text(name, each) for each in given)


def _flag(name: str, given: Any) -> bool:
    want("app", name, given, "bool")
    return bool(given)


def _nothing(name: str, given: Any) -> None:
    """:raises Failure: if services of OpenRun are asked for."""
    if _texts(name, given):
        raise Failure(_NO_BINDINGS)


def _binding(*_given: Any, **_named: Any) -> None:
    """:raises Failure: always."""
    raise Failure(_NO_BINDINGS)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("auth", "git_auth", "git_branch", "git_commit", "spec", "stage_at"), _text),
    **dict.fromkeys(("params", "app_config", "container_opts", "container_args"), _entries),
    "container_vols": _texts,
    "accounts": _names,
    **dict.fromkeys(("verify", "stage_write_access", "preview_write_access"), _flag),
    "bindings": _nothing,
}
