"""The plugin calls of one request: bounded, cancelled when it ends, and cleaned up after."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from attrs import define, frozen
from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from zope.interface import implementer

from clace.errors import AppFailed, BadRequest, ClaceError, PluginRefused
from clace.interfaces import Caller, IPluginScope, PluginAnswer, PluginCall
from clace.model.app import Permission
from clace.plugins.definition import (
    CallFailed,
    Document,
    Function,
    Invocation,
    Items,
    ItemStream,
)
from clace.plugins.resources import Resources

T = TypeVar("T")
_MEBIBYTE = 1024 * 1024


class Limits(Struct, frozen=True, kw_only=True):
    """Limits on the plugin calls of one request; their number its exchange counts.

    ``at_once`` is more than Starlark can do: it bounds a host that was taken over.
    """

    at_once: int = 4
    streams: int = 16
    answer_bytes: int = 32 * _MEBIBYTE


@frozen
class Permitted:
    """A call that may be made, with the permissions that cover it and its arguments bound."""

    function: Function
    grants: tuple[Permission, ...]
    given: Struct
    grants_for: Callable[[tuple[Any, ...]], tuple[Permission, ...]]
    """As in ``Invocation``."""


Permit = Callable[[Caller, PluginCall], Permitted]


@define
class _OpenStream:
    items: Items
    resource: str
    busy: bool = False


@implementer(IPluginScope)
class Scope:
    """The plugin calls of one request."""

    log = Logger()

    def __init__(self, caller: Caller, permit: Permit, limits: Limits) -> None:
        self._caller = caller
        self._permit = permit
        self._limits = limits
        self._resources = Resources()
        self._streams: dict[int, _OpenStream] = {}
        self._running: set[Deferred[Any]] = set()
        self._opened = 0
        self._ended = False

    async def call(self, call: PluginCall) -> PluginAnswer:
        """
        :raises PluginRefused: if the call is not covered by what was approved, or comes too late.
        :raises BadRequest: if the function does not take these arguments.
        """
        self._check_room()
        permitted = self._permit(self._caller, call)
        invocation = self._invocation(call, permitted)
        try:
            value = await self._run(permitted.function.call(invocation, permitted.given))
            if isinstance(value, ItemStream):
                return PluginAnswer(stream=await self._open(call, value), shape=value.shape)
            return self._whole(call, value)
        except (PluginRefused, BadRequest, CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - a plugin's fault must not end the app's host
            failed = self._told(f"{call.plugin}.{call.function}", error)
            return PluginAnswer(
                error=failed.message, error_code=failed.error_code, limit=failed.limit
            )

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
            items, more = await self._run(found.items.next())
        except (PluginRefused, CancelledError):
            raise
        except Exception as error:  # as in ``call``
            await self._drop(stream)
            raise AppFailed(self._told(found.resource, error).message) from error
        finally:
            found.busy = False
        if not more:
            await self._drop(stream)
        return items, more

    async def end(self) -> tuple[str, ...]:
        """Cancel what runs and close what is open; never raises.

        Returns the names of strict resources that were left open.
        """
        self._ended = True
        for running in tuple(self._running):
            running.cancel()
        self._streams.clear()
        return await self._resources.close()

    def _check_room(self) -> None:
        app = self._caller.app
        if self._ended:
            raise PluginRefused(f"app {app} called a plugin after its request had ended")
        if len(self._running) >= self._limits.at_once:
            raise PluginRefused(f"app {app} made too many plugin calls at once")

    def _invocation(self, call: PluginCall, permitted: Permitted) -> Invocation:
        return Invocation(
            caller=self._caller,
            plugin=call.plugin,
            function=call.function,
            args=call.args,
            grants=permitted.grants,
            resources=self._resources,
            grants_for=permitted.grants_for,
        )

    async def _run(self, work: Coroutine[Deferred[Any], Any, T]) -> T:
        """The result of the work, which is cancelled when the request ends.

        :raises PluginRefused: if it was cancelled.
        """
        running = Deferred.fromCoroutine(work)
        self._running.add(running)
        try:
            return await running
        except Exception:
            # What is cancelled may fail in any way that it knows.
            if self._ended:
                raise PluginRefused("the request has ended") from None
            raise
        finally:
            self._running.discard(running)

    def _told(self, name: str, error: Exception) -> CallFailed:
        """Return the app's text for a failure: refusals as they are, faults only in the log."""
        if isinstance(error, CallFailed):
            return error
        if isinstance(error, ClaceError):
            return CallFailed(error.message)
        self.log.failure(
            "Fault in {name} for {app}, request {request_id}",
            name=name,
            app=str(self._caller.app),
            request_id=self._caller.request_id,
        )
        return CallFailed(f"internal error in {name}")

    def _whole(self, call: PluginCall, value: Any) -> PluginAnswer:
        size = _size(value)
        if size > self._limits.answer_bytes:
            raise CallFailed(
                f"the result of {call.plugin}.{call.function} has {size} bytes,"
                f" over the limit of {self._limits.answer_bytes}"
            )
        shape = _shape(value)
        return PluginAnswer(value=msgspec.to_builtins(value) if shape else value, shape=shape)

    async def _open(self, call: PluginCall, stream: ItemStream) -> int:
        if self._ended or len(self._streams) >= self._limits.streams:
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
