"""A bench on which functions of plugins are called as apps call them."""

from __future__ import annotations

from typing import Any

from clace.errors import PluginRefused
from clace.interfaces import Caller, IPluginScope, PluginCall
from clace.model import App, AppMetadata, Permission
from clace.plugins.gate import PluginGate
from clace.plugins.kit import CallFailed, Plugin


class PluginBench:
    """Calls plugins through the gate, for an app with every permission of theirs.

    What the gate does to a call of an app it does here: arguments are bound and checked by type,
    answers are bounded, and whatever a call left open is closed at its end.
    """

    def __init__(self, *plugins: Plugin, user: str = "ann", path: str = "/bench") -> None:
        self._gate = PluginGate(plugins)
        permissions = tuple(
            Permission(plugin.name, function) for plugin in plugins for function in plugin.functions
        )
        metadata = AppMetadata(
            loads=tuple(plugin.name for plugin in plugins), permissions=permissions
        )
        self._caller = Caller(
            app=App("app_prd_bench", path, metadata=metadata), user_id=user, request_id="rid_bench"
        )

    async def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """The value of ``plugin.in.function``; of a stream, a list of its items.

        :raises CallFailed: if the function fails in a way that an app may handle.
        :raises PluginRefused: if the plugin is unknown, or a call left open what it has to close.
        :raises BadRequest: if the plugin has no such function, or it does not take these arguments.
        """
        plugin, _, function = name.rpartition(".")
        scope = self._gate.begin(self._caller)
        try:
            call = PluginCall(plugin=plugin, function=function, args=args, kwargs=kwargs)
            answer = await scope.call(call)
            if answer.error:
                raise CallFailed(answer.error, answer.error_code)
            return await _items(scope, answer.stream) if answer.stream else answer.value
        finally:
            left = await scope.end()
            if left:
                raise PluginRefused(f"left open: {', '.join(left)}")


async def _items(scope: IPluginScope, stream: int) -> list[Any]:
    items: list[Any] = []
    more = True
    while more:
        some, more = await scope.next(stream)
        items += some
    return items
