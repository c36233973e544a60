"""A gate whose plugins are functions in the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from clace.errors import AppFailed, PluginRefused
from clace.interfaces import (
    Caller,
    IAuditLog,
    IPluginGate,
    IPluginScope,
    PluginAnswer,
    PluginCall,
)
from clace.model.app import App, Permission, PluginManifest
from clace.model.traffic import AuditEvent

Function = Callable[..., Any]


@implementer(IPluginScope)
class MemoryScope:
    """Calls functions; what they return may be a ``PluginAnswer``, a value or awaitable."""

    def __init__(self, gate: MemoryGate, caller: Caller) -> None:
        self._gate = gate
        self.caller = caller
        self.ended = False
        self.leaks: list[str] = []

    async def call(self, call: PluginCall) -> PluginAnswer:
        self._gate.calls.append(call)
        function = self._gate.functions.get((call.plugin, call.function))
        if function is None:
            raise PluginRefused(f"app {self.caller.app} is not permitted to call {call.function}")
        outcome = function(*call.args, **call.kwargs)
        if hasattr(outcome, "__await__"):
            outcome = await outcome
        return outcome if isinstance(outcome, PluginAnswer) else PluginAnswer(value=outcome)

    async def next(self, stream: int) -> tuple[tuple[Any, ...], bool]:
        items = self._gate.streams[stream]
        if not items:
            return (), False
        item = items.pop(0)
        if isinstance(item, Exception):
            raise AppFailed(str(item))
        return (item,), bool(items)

    async def end(self) -> tuple[str, ...]:
        self.ended = True
        return tuple(self._gate.leaks)


@implementer(IPluginGate)
class MemoryGate:
    """Plugins by name; ``streams`` are lists of items, ``leaks`` what each request leaves open."""

    def __init__(self, functions: dict[tuple[str, str], Function] | None = None) -> None:
        self.functions = functions or {}
        self.streams: dict[int, list[Any]] = {}
        self.leaks: list[str] = []
        self.calls: list[PluginCall] = []
        self.scopes: list[MemoryScope] = []

    def manifests(self) -> tuple[PluginManifest, ...]:
        names = dict.fromkeys(plugin.partition("#")[0] for plugin, _function in self.functions)
        return tuple(
            PluginManifest(
                name,
                {function: True for plugin, function in self.functions if plugin == name},
                {"LIMIT": 5},
            )
            for name in names
        )

    def bounds(self, app: App, permissions: tuple[Permission, ...]) -> tuple[str, ...]:
        return ()

    def check_load(self, app: App, plugin: str) -> None:
        if plugin not in app.metadata.loads:
            raise PluginRefused(f"app {app} is not permitted to load plugin {plugin}")

    def begin(self, caller: Caller) -> MemoryScope:
        self.scopes.append(MemoryScope(self, caller))
        return self.scopes[-1]


@implementer(IAuditLog)
class MemoryAudit:
    """Keeps what is recorded."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)
