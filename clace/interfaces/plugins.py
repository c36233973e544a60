"""The door from apps to plugins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from zope.interface import Interface

from clace.model import App, AppSchema, Permission, PluginManifest, Visitor


class Caller(Struct, frozen=True, kw_only=True):
    """On whose behalf a plugin is called. Made by the daemon; only ``schema``, that of the version
    that runs, comes from the host, and was checked.
    """

    app: App
    user_id: str = ""
    visitor: Visitor | None = None
    request_id: str = ""
    remote_ip: str = ""
    schema: AppSchema = AppSchema()


class PluginCall(Struct, frozen=True, kw_only=True):
    """A call as the app wrote it; values are what JSON can say."""

    plugin: str
    function: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}

    @property
    def name(self) -> str:
        return f"{self.plugin}.{self.function}"


class PluginAnswer(Struct, frozen=True, kw_only=True):
    """The outcome of a call: a value, an error that the app may handle, or the number of a stream.

    ``shape`` names what the value (or each item of a list) is for the app, unless a plain value
    (a value in bytes with a shape of ``clace.outputs`` is for its process to take apart),
    and ``limit`` which limit of the app an error is about, if it is about one.
    """

    value: Any = None
    shape: str = ""
    error: str = ""
    error_code: int = 0
    stream: int = 0
    limit: str = ""


class FilledCall(Struct, frozen=True, kw_only=True):
    """A permitted call with the values of its secrets, for the server itself: no app is told.

    ``redact`` takes these values out of a text.
    """

    call: PluginCall
    redact: Callable[[str], str] = str


class IPluginScope(Interface):
    """The plugin calls of one request, and what they opened."""

    async def call(call: PluginCall) -> PluginAnswer:
        """
        :raises PluginRefused: the call is not covered by what was approved.
        :raises BadRequest: the function does not take these arguments.
        """

    async def filled(call: PluginCall) -> FilledCall:
        """The call as its plugin would get it; it is not made.

        :raises PluginRefused: the call, or a secret in it, is not covered by what was approved.
        :raises BadRequest: the function does not take these arguments.
        :raises ClaceError: a secret cannot be had.
        """

    async def next(stream: int) -> tuple[tuple[Any, ...], bool]:
        """The next items of a stream and whether there may be more.

        :raises AppFailed: the producer failed.
        """

    async def end() -> tuple[str, ...]:
        """Close what is open; the names of strict resources that the app should have closed."""


class IPluginGate(Interface):
    """The one door from apps to plugins."""

    def manifests() -> tuple[PluginManifest, ...]:
        """Return the manifests of all plugins; the same for every app."""

    def bounds(app: App, permissions: tuple[Permission, ...]) -> tuple[str, ...]:
        """Say in sentences how the server's configuration narrows an app's permissions."""

    def check_load(app: App, plugin: str) -> None:
        """:raises PluginRefused: if the load was not approved, or the plugin is unknown."""

    def begin(caller: Caller) -> IPluginScope:
        """A scope for one request."""
