"""Declarations of plugins: their functions, parameters, and which functions only read.

::

    class Greet(Struct, frozen=True):
        name: str
        loud: bool = False

    async def greet(invocation: Invocation, given: Greet) -> str: ...

    plugin = Plugin("greet.in", {"greet": Function(Greet, greet, is_read=True)})
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from attrs import field, frozen
from msgspec import Struct

from clace.errors import ClaceError
from clace.interfaces import Caller
from clace.model import App, Permission, PluginManifest
from clace.plugins.kit.resources import Close, Resources

CURSOR = "cursor"


class CallFailed(ClaceError):
    """A function could not do what it was asked; the app reads this in ``.error``."""

    code = "call_failed"

    def __init__(self, message: str, error_code: int = 1, limit: str = "") -> None:
        """``limit`` names that of the app that was reached, if it was one."""
        super().__init__(message)
        self.error_code = error_code
        self.limit = limit


class Items(Protocol):
    """A stream of values that a function returns instead of a value."""

    async def next(self) -> tuple[tuple[Any, ...], bool]:
        """The next items and whether there may be more.

        :raises CallFailed: if the producer fails.
        """

    async def close(self) -> None:
        """Stop producing; may be called at any time, and again."""


@frozen
class ItemStream:
    """A function's answer that the app receives piece by piece; ``name`` names it in a leak.

    The items of a stream whose shape is ``CURSOR`` are for the app's own code, not for its user.
    """

    name: str
    items: Items
    shape: str = ""


class Document(Struct, frozen=True):
    """A text that came with what is known of it; apps read it by ``body()`` and ``json()``.

    A function that answers with one defines a subclass with the other fields. An answer that is
    any other struct is one for the app too, with these attributes.
    """

    body: str


class Output(Struct, frozen=True):
    """An output that the app's own process takes apart, which costs time and memory of the app.

    ``shape`` is one of ``clace.outputs``: the app sees a list of lines, or of JSON documents.
    """

    data: bytes
    shape: str


class Invocation(Struct, frozen=True, kw_only=True):
    """One permitted call being performed: for whom, and under which of the app's permissions."""

    caller: Caller
    plugin: str
    function: str
    args: tuple[Any, ...]
    grants: tuple[Permission, ...]
    resources: Resources
    grants_for: Callable[[tuple[Any, ...]], tuple[Permission, ...]]
    """The permissions that would cover this call with other positional arguments."""

    def defer(self, key: str, close: Close, *, strict: bool = False) -> str:
        """Have something closed when the request ends; strict: the app should have done so.

        Returns the name to release it by.
        """
        return self.resources.add(f"{self.plugin}:{key}", close, strict=strict)


@frozen
class Function:
    """A function of a plugin; the fields of ``parameters`` are its parameters, in order.

    An app may call one that ``is_declaring`` at the top level, and hand the result to ``ace``.
    """

    parameters: type[Struct]
    call: Callable[[Invocation, Any], Coroutine[Any, Any, Any]]
    is_read: bool = field(kw_only=True)
    is_declaring: bool = field(kw_only=True, default=False)


class NoParameters(Struct, frozen=True):
    """The parameters of a function that takes none."""


def unbounded(_app: App, _permission: Permission) -> str:
    """Return no text, for a plugin whose permissions say all that they are about."""
    return ""


@frozen
class Plugin:
    """A plugin that apps load under ``name``.

    ``bounds`` says how the configuration narrows a permission of an app, if it does.
    """

    name: str
    functions: Mapping[str, Function]
    constants: Mapping[str, str | int] = {}
    bounds: Callable[[App, Permission], str] = unbounded

    @property
    def manifest(self) -> PluginManifest:
        reads = {name: function.is_read for name, function in self.functions.items()}
        declaring = tuple(name for name, one in self.functions.items() if one.is_declaring)
        return PluginManifest(self.name, reads, dict(self.constants), declaring)
