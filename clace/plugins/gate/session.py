"""The plugin calls of one request: permitted, bound, filled with secrets, run and redacted.

The app names a secret and never has it: the value is put into a copy of the arguments, here in the
daemon, and what the app is told in this request has the reference in its place.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import msgspec
from attrs import define
from msgspec import Struct
from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from zope.interface import implementer

from clace.errors import AppFailed, BadRequest, ClaceError, PluginRefused
from clace.interfaces import Caller, FilledCall, IPluginScope, ISecrets, PluginAnswer, PluginCall
from clace.model import App, Permission
from clace.outputs import LINES, MalformedOutput, taken_apart
from clace.plugins.gate.binding import bind
from clace.plugins.gate.redactor import Redactor
from clace.plugins.gate.rules import GateRules
from clace.plugins.gate.running import RunningCalls
from clace.plugins.gate.secret_arguments import WantedSecrets, named_in
from clace.plugins.kit import (
    CallFailed,
    Document,
    Function,
    Invocation,
    Items,
    ItemStream,
    Output,
    Resources,
)
from clace.units import MEBIBYTE

# What may have a secret in it is parsed on the reactor, which others wait for.
_PARSED_HERE = 2 * MEBIBYTE
# Characters of a text that need not be measured, and the bytes in front of it.
_SHORT, _TEXT = 1000, 3
SecretsFor = Callable[[App], ISecrets]


class CallLimits(Struct, frozen=True, kw_only=True):
    """Limits on the plugin calls of one request; their number its exchange counts.

    ``at_once`` is more than Starlark can do: it bounds a host that was taken over.
    """

    at_once: int = 4
    streams: int = 16
    answer_bytes: int = 32 * MEBIBYTE


@define
class _OpenStream:
    items: Items
    resource: str
    busy: bool = False


@implementer(IPluginScope)
class CallSession:
    """The plugin calls of one request, and what they opened."""

    log = Logger()

    def __init__(
        self, caller: Caller, rules: GateRules, limits: CallLimits, secrets_for: SecretsFor
    ) -> None:
        self._caller = caller
        self._rules = rules
        self._limits = limits
        self._secrets_for = secrets_for
        self._redactor = Redactor()
        self._resources = Resources()
        self._streams: dict[int, _OpenStream] = {}
        self._running = RunningCalls()
        self._opened = 0

    async def call(self, call: PluginCall) -> PluginAnswer:
        """
        :raises PluginRefused: if the call or a secret in it is not covered by what was approved,
            or if it comes too late.
        :raises BadRequest: if the function does not take these arguments.
        """
        try:
            function, wanted, invocation = self._permitted(call)
            given = bind(call.name, function.parameters, call.args, call.kwargs)
            performed = self._performed(call, function, invocation, given, wanted)
            return self._redactor.answer(await self._running.run(performed))
        except (PluginRefused, BadRequest) as refusal:
            raise self._redactor.refusal(refusal) from None

    async def filled(self, call: PluginCall) -> FilledCall:
        try:
            function, wanted, _invocation = self._permitted(call)
            bind(call.name, function.parameters, call.args, call.kwargs)
        except (PluginRefused, BadRequest) as refusal:
            raise self._redactor.refusal(refusal) from None
        if wanted is not None:
            call = await wanted.filled(call, self._redactor)
        return FilledCall(call=call, redact=self._redactor.text)

    async def next(self, stream: int) -> tuple[tuple[Any, ...], bool]:
        """
        :raises AppFailed: if the producer fails.
        :raises BadRequest: if the stream is unknown, or is being read.
        """
        found = self._streams.get(stream)
        if found is None or found.busy:
            raise BadRequest(f"there is no stream {stream} to read from")
        found.busy = True
        try:
            items, more = await self._running.run(found.items.next())
            shown = tuple(map(self._redactor.value, items))
        except (PluginRefused, CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - as in ``_performed``
            await self._drop(stream)
            failed = self._failed(found.resource, error)
            raise AppFailed(self._redactor.text(failed.message)) from None
        finally:
            found.busy = False
        if not more:
            await self._drop(stream)
        return shown, more

    async def end(self) -> tuple[str, ...]:
        """Cancel what runs and close what is open; never raises.

        Returns the names of strict resources that were left open.
        """
        self._running.end()
        self._streams.clear()
        return tuple(map(self._redactor.text, await self._resources.close()))

    def _permitted(self, call: PluginCall) -> tuple[Function, WantedSecrets | None, Invocation]:
        """The function of a call, its secrets, and under which permissions it is made.

        :raises PluginRefused: if no permission covers it.
        :raises BadRequest: if the plugin has no such function, or a secret is named wrongly.
        """
        self._check_room()
        standing = self._rules.look_up(self._caller.app, call)
        wanted = self._wanted(call)

        def grants_for(args: tuple[Any, ...]) -> tuple[Permission, ...]:
            grants = self._rules.allowing(self._caller, call, standing, args)
            # What others open is closed to a call that carries the secrets of these.
            return wanted.allowing(grants) if wanted else grants

        return standing.function, wanted, self._invocation(call, grants_for)

    def _check_room(self) -> None:
        app = self._caller.app
        if self._running.ended:
            raise PluginRefused(f"app {app} called a plugin after its request had ended")
        if len(self._running) >= self._limits.at_once:
            raise PluginRefused(f"app {app} made too many plugin calls at once")

    def _wanted(self, call: PluginCall) -> WantedSecrets | None:
        """:raises BadRequest: if a reference is malformed, or there are too many."""
        references = named_in(call)
        if not references:
            return None
        return WantedSecrets(references, self._secrets_for(self._caller.app))

    def _invocation(
        self, call: PluginCall, grants_for: Callable[[tuple[Any, ...]], tuple[Permission, ...]]
    ) -> Invocation:
        """:raises PluginRefused: if no permission allows the call."""
        return Invocation(
            caller=self._caller,
            plugin=call.plugin,
            function=call.function,
            args=call.args,
            grants=grants_for(call.args),
            resources=self._resources,
            grants_for=grants_for,
        )

    async def _performed(
        self,
        call: PluginCall,
        function: Function,
        invocation: Invocation,
        given: Struct,
        wanted: WantedSecrets | None,
    ) -> PluginAnswer:
        """The outcome of a permitted call; a failure is one too."""
        try:
            if wanted is not None:
                filled = await wanted.filled(call, self._redactor)
                given = bind(call.name, function.parameters, filled.args, filled.kwargs)
            value = await function.call(invocation, given)
            if isinstance(value, ItemStream):
                return PluginAnswer(stream=await self._open(call, value), shape=value.shape)
            if isinstance(value, Output):
                value = self._apart(call, value)
            return self._whole(call, value)
        except (PluginRefused, BadRequest, CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - a plugin's fault must not end the app's host
            if self._running.ended:
                raise PluginRefused("the request has ended") from None
            failed = self._failed(call.name, error)
            return PluginAnswer(
                error=failed.message, error_code=failed.error_code, limit=failed.limit
            )

    def _failed(self, name: str, error: Exception) -> CallFailed:
        """Return the app's text for a failure: refusals as they are, faults only in the log."""
        if isinstance(error, CallFailed):
            return error
        if isinstance(error, ClaceError):
            return CallFailed(error.message)
        self._log_fault(name, error)
        return CallFailed(f"internal error in {name}")

    def _log_fault(self, name: str, error: Exception) -> None:
        app, request_id = str(self._caller.app), self._caller.request_id
        if not self._redactor:
            text = "Fault in {name} for {app}, request {request_id}"
            self.log.failure(text, name=name, app=app, request_id=request_id)
            return
        # A fault's text may hold a secret: the log gets only its place.
        self.log.error(
            "Fault in {name}, {kind} at\n{places}",
            name=self._redactor.text(name),
            kind=type(error).__name__,
            places="".join(traceback.format_tb(error.__traceback__)),
            app=app,
            request_id=request_id,
        )

    def _apart(self, call: PluginCall, output: Output) -> Any:
        """The output as it is, or taken apart here if there may be a secret in it.

        :raises CallFailed: if it cannot be taken apart.
        """
        if output.shape == LINES or self._redactor.is_surely_absent(output.data):
            return output
        if len(output.data) > _PARSED_HERE:
            raise CallFailed(
                f"the output of {call.name} has {len(output.data)} bytes: after a call with a"
                f" secret at most {_PARSED_HERE} are parsed"
            )
        try:
            return taken_apart(output.data, output.shape)
        except MalformedOutput as error:
            raise CallFailed(str(error)) from error

    def _whole(self, call: PluginCall, value: Any) -> PluginAnswer:
        most = self._limits.answer_bytes
        if type(value) is str and len(value) <= _SHORT <= most - _TEXT and value.isascii():
            return PluginAnswer(value=value)  # it has no shape, and its size is surely allowed
        size = len(value.data) if isinstance(value, Output) else _size(value)
        if size > most:
            raise CallFailed(
                f"the result of {call.name} has {size} bytes, over the limit of {most}"
            )
        if isinstance(value, Output):
            return PluginAnswer(value=value.data, shape=value.shape)
        shape = _shape(value)
        return PluginAnswer(value=msgspec.to_builtins(value) if shape else value, shape=shape)

    async def _open(self, call: PluginCall, stream: ItemStream) -> int:
        if self._running.ended or len(self._streams) >= self._limits.streams:
            await stream.items.close()
            raise PluginRefused(
                f"app {self._caller.app} has more than {self._limits.streams} streams open"
                " or its request has ended"
            )
        name = f"{call.plugin}:{stream.name}"
        resource = self._resources.add(name, stream.items.close, strict=True)
        self._opened += 1
        self._streams[self._opened] = _OpenStream(stream.items, resource)
        return self._opened

    async def _drop(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None:
            self._resources.release(stream.resource)
            await stream.items.close()


def _shape(value: Any) -> str:
    """Return the shape of a value for the app; a list has the shape of its first item."""
    if isinstance(value, list | tuple):
        return _shape(value[0]) if value and isinstance(value[0], Struct) else ""
    if isinstance(value, Document):
        return "document"
    return "struct" if isinstance(value, Struct) else ""


def _size(value: Any) -> int:
    """Return the size of the value on its way to the host.

    :raises CallFailed: if it is nothing that a host can be told.
    """
    try:
        return len(msgspec.msgpack.encode(value))
    except (TypeError, OverflowError, RecursionError, UnicodeEncodeError) as error:
        raise CallFailed(f"a result that no app can receive: {error}") from error
