"""The plugin calls of one request, with secrets in their arguments.

The app names a secret and never has it: the value is put into a copy of the arguments, here in the
daemon, and what the app is told in this request has the reference in its place.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from attrs import evolve, frozen
from msgspec.structs import replace
from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from zope.interface import implementer

from clace.errors import AppFailed, BadRequest, ClaceError, NoSuchSecret, PluginRefused
from clace.interfaces import Caller, IPluginScope, ISecrets, PluginAnswer, PluginCall
from clace.model.app import Permission
from clace.model.secret_text import Reference
from clace.plugins.binding import bind
from clace.plugins.definition import CallFailed, Invocation, Items, ItemStream
from clace.plugins.hiding import Hidden
from clace.plugins.scope import Permit, Permitted
from clace.plugins.secret_arguments import allowing, named_in, with_values

T = TypeVar("T")
_log = Logger()


@implementer(IPluginScope)
class SecretScope:
    """A scope around another that performs the calls; ``permit`` is what that one must ask."""

    def __init__(
        self, secrets: ISecrets, permit: Permit, inner: Callable[[Permit], IPluginScope]
    ) -> None:
        self._secrets = secrets
        self._permit_plain = permit
        self._hidden = Hidden()
        self._inner = inner(self._permit)

    async def call(self, call: PluginCall) -> PluginAnswer:
        """
        :raises PluginRefused: if the call or a secret in it is not covered by what was approved.
        :raises BadRequest: if the function does not take these arguments.
        """
        answer = await self._told(self._inner.call(call))
        if not self._hidden:
            return answer
        try:
            value = self._hidden.value(answer.value)
        except CallFailed as error:
            return PluginAnswer(error=error.message, error_code=error.error_code)
        return replace(answer, value=value, error=self._hidden.text(answer.error))

    async def next(self, stream: int) -> tuple[tuple[Any, ...], bool]:
        """:raises AppFailed: if the producer fails."""
        items, more = await self._told(self._inner.next(stream))
        try:
            return tuple(map(self._hidden.value, items)), more
        except CallFailed as error:
            raise AppFailed(error.message) from error

    async def end(self) -> tuple[str, ...]:
        return tuple(map(self._hidden.text, await self._inner.end()))

    async def _told(self, work: Awaitable[T]) -> T:
        """Wait for the work; a refusal of it tells no secret."""
        try:
            return await work
        except (PluginRefused, BadRequest, AppFailed) as error:
            if self._hidden:
                raise type(error)(self._hidden.text(error.message)) from None
            raise

    def _permit(self, caller: Caller, call: PluginCall) -> Permitted:
        """As the inner scope is told: a function that first gets the secrets."""
        permitted = self._permit_plain(caller, call)
        wanted = named_in(call)
        if not wanted:
            return permitted
        default = self._secrets.default_provider
        grants = allowing(wanted, permitted.grants, default)
        function = permitted.function

        def grants_for(args: tuple[Any, ...]) -> tuple[Permission, ...]:
            return allowing(wanted, permitted.grants_for(args), default)

        name = f"{call.plugin}.{call.function}"

        async def perform(invocation: Invocation, _given: Any) -> Any:
            values = await self._values(name, wanted)
            self._hidden.add(values)
            whole = with_values(call, values)
            given = bind(name, function.parameters, whole.args, whole.kwargs)
            value = await _careful(name, function.call(invocation, given))
            if isinstance(value, ItemStream):
                return evolve(value, items=_CarefulItems(name, value.items))
            return value

        # What another permission opens is not open to a call that carries the secrets of this one.
        return evolve(
            permitted,
            function=evolve(function, call=perform),
            grants=grants,
            grants_for=grants_for,
        )

    async def _values(self, name: str, wanted: tuple[Reference, ...]) -> Mapping[Reference, str]:
        """:raises CallFailed: if a secret is missing or cannot be had; only the log says why."""
        try:
            return await self._secrets.values(wanted)
        except NoSuchSecret as error:
            raise CallFailed(error.message) from error
        except ClaceError as error:
            _log.warn("No secrets for {name}: {reason}", name=name, reason=error.message)
            raise CallFailed(f"the secrets for {name} cannot be had") from error


@frozen
class _CarefulItems:
    """A stream whose faults are logged without what they say."""

    name: str
    items: Items

    async def next(self) -> tuple[tuple[Any, ...], bool]:
        return await _careful(self.name, self.items.next())

    async def close(self) -> None:
        await self.items.close()


async def _careful(name: str, work: Coroutine[Any, Any, T]) -> T:
    """Wait for the work. A fault's text may hold a secret: the log gets only its place.

    :raises CallFailed: if there was a fault.
    """
    try:
        return await work
    except (ClaceError, CancelledError):
        raise
    except Exception as error:  # noqa: BLE001 - a plugin's fault must not end the app's host
        places = "".join(traceback.format_tb(error.__traceback__))
        kind = type(error).__name__
        _log.error("Fault in {name}, {kind} at\n{places}", name=name, kind=kind, places=places)
        raise CallFailed(f"internal error in {name}") from None
