"""The plugin calls of one request, taken to the gate and answered for the host."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from clace.errors import AppFailed, BadRequest, ClaceError, PluginRefused
from clace.interfaces import Caller, IPluginGate, IPluginScope, PluginCall
from clace.wire import CallAnswer, CallPlugin, NextItems


class PluginCalls:
    """The gate's scope for one caller, begun with the first call and ended once."""

    _log = Logger()

    def __init__(
        self,
        gate: IPluginGate,
        caller: Caller,
        reached: Callable[[str, str], None],
        refused: Callable[[str, str], None],
    ) -> None:
        """``reached`` is told which limit of the app a call came upon, each once, and how;
        ``refused`` which function the app may not call in this way, and why.
        """
        self._gate = gate
        self._caller = caller
        self._reached = reached
        self._refused = refused
        self.was_refused = False
        self._reported: set[str] = set()
        self._scope: IPluginScope | None = None
        self._ended = False

    async def call(self, asked: CallPlugin) -> CallAnswer:
        """Make the call and return its answer; a refusal is an answer too."""
        try:
            answer = await self._open_scope().call(
                PluginCall(
                    plugin=asked.plugin,
                    function=asked.function,
                    args=asked.args,
                    kwargs=asked.kwargs,
                )
            )
        except Exception as error:  # noqa: BLE001 - a plugin's fault does not end the host
            if isinstance(error, PluginRefused) and not self._ended:
                self.was_refused = True
                self._refused(f"{asked.plugin}.{asked.function}", error.message)
            return self._failed(asked.call, error)
        if answer.limit and answer.limit not in self._reported:
            self._reported.add(answer.limit)
            self._reached(answer.limit, answer.error)
        return CallAnswer(
            call=asked.call,
            value=answer.value,
            shape=answer.shape,
            error=answer.error,
            error_code=answer.error_code,
            stream=answer.stream,
        )

    async def next(self, asked: NextItems) -> CallAnswer:
        """The next items of a stream."""
        if self._scope is None:
            return self._failed(asked.call, AppFailed("there is no such stream"))
        try:
            items, more = await self._scope.next(asked.stream)
        except Exception as error:  # noqa: BLE001 - as in ``call``
            return self._failed(asked.call, error)
        return CallAnswer(call=asked.call, value=list(items), more=more)

    async def end(self) -> tuple[str, ...]:
        """Close what is open; the names of what the app should have closed."""
        self._ended = True
        scope, self._scope = self._scope, None
        return () if scope is None else await scope.end()

    def close(self) -> bool:
        """End at once, if nothing is open; else ``end`` has to."""
        if self._scope is not None:
            return False
        self._ended = True
        return True

    def _open_scope(self) -> IPluginScope:
        """:raises PluginRefused: if the request is over."""
        if self._ended:
            raise PluginRefused("the request is over")
        if self._scope is None:
            self._scope = self._gate.begin(self._caller)
        return self._scope

    def _failed(self, number: int, error: Exception) -> CallAnswer:
        """Return the text of an error for the host; a plugin's fault is told to the log only.

        To be called while the error is handled.
        """
        if isinstance(error, (PluginRefused, BadRequest, AppFailed)):
            return CallAnswer(call=number, error=error.message, error_code=1, refused=True)
        if isinstance(error, ClaceError):
            return CallAnswer(call=number, error=error.message, error_code=1)
        self._log.failure(
            "A plugin failed for {app}, request {request_id}",
            app=str(self._caller.app),
            request_id=self._caller.request_id,
        )
        return CallAnswer(call=number, error="the plugin failed", error_code=1, refused=True)
