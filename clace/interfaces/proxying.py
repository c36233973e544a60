"""Requests passed on to other servers: what is asked, and the visitor who waits for the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from msgspec import Struct
from zope.interface import Interface

from clace.errors import ClaceError
from clace.model import App, ProxyRoute

Pairs = Sequence[tuple[bytes, bytes]]


class VisitorHeaders(Protocol):
    """The headers of a request; what is made of them can be kept with them."""

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]: ...
    def once(self, make: Callable[..., Any], *arguments: object) -> Any: ...
    def getRawHeaders(self, name: bytes) -> Sequence[bytes]: ...


class ProxyLimits(Struct, frozen=True, kw_only=True):
    """Limits on what is passed on for an app; times are in seconds.

    ``idle`` is the longest silence of the other server, ``upgrade_idle`` of both sides after a
    change of the protocol.
    """

    body: int = 1 << 30
    connect: float = 10
    idle: float = 300
    upgrade_idle: float = 3600
    pool_idle: float = 15
    pool_size: int = 250
    rewrites_location: bool = True


class ProxiedRequest(Struct, frozen=True, kw_only=True):
    """A request that is to be passed on, of a visitor who was admitted.

    ``uri`` is the target as it came, ``inside`` the decoded path within the app. ``length`` is that
    of the body, ``None`` if it comes in chunks. ``host`` gives the app's own name for itself,
    with a port. ``identity`` are lines of headers that say who asks;
    ``keeps_passwords`` if a password in ``Authorization`` can only be the app's own,
    ``is_shared_host`` unless the app has the host to itself.
    """

    app: App
    route: ProxyRoute
    method: bytes
    uri: bytes
    inside: str
    headers: Any  # VisitorHeaders: msgspec does not know protocols
    length: int | None
    awaits_continue: bool = False
    is_upgrade: bool = False
    scheme: str = "http"
    authority: str = ""
    host: Callable[[], str] = str
    address: str = ""
    identity: bytes = b""
    keeps_passwords: bool = False
    is_shared_host: bool = True


class UpstreamHead(Struct, frozen=True):
    """The head of an answer, without what only concerns the connection it came by.

    ``length`` is that of the content as the other server says it, ``None`` if it does not.
    """

    status: int
    reason: bytes
    headers: Any  # Pairs
    length: int | None = None


class VisitorFollower(Protocol):
    """The one who takes what a visitor sends."""

    def body(self, data: bytes) -> None:
        """Take a piece of the request's body."""

    def body_ended(self) -> None:
        """The body is whole."""

    def pauseProducing(self) -> None:
        """The visitor is behind: send no more."""

    def resumeProducing(self) -> None:
        """The visitor can take more."""

    def stopProducing(self) -> None:
        """The visitor takes no more."""

    def gone(self) -> None:
        """The visitor has left, or its request was refused."""

    def tunnelled(self, data: bytes) -> None:
        """Take what came after the protocol was changed."""

    def tunnel_ended(self) -> None:
        """The visitor sends no more, and may still listen."""


class ProxiedVisitor(Protocol):
    """A visitor who waits for an answer; nothing of it has been written when it is handed over."""

    @property
    def is_gone(self) -> bool:
        """Return true if nothing may be written any more."""

    @property
    def is_modern(self) -> bool:
        """Return true for HTTP/1.1, which knows chunks, and answers before the answer."""

    def follow(self, source: VisitorFollower) -> None:
        """Tell ``source`` from now on when the visitor leaves."""

    def take_body(self) -> None:
        """Have the body sent, piece by piece, to the one that follows; perhaps at once."""

    def hold(self) -> None:
        """Take nothing from the visitor until ``release``."""

    def release(self) -> None:
        """Go on after ``hold``."""

    def inform(self, status: int, headers: Pairs) -> None:
        """Write an answer before the answer."""

    def answer(self, head: UpstreamHead, body: bytes) -> None:
        """Write a whole answer, and finish."""

    def begin(self, head: UpstreamHead, producer: VisitorFollower) -> None:
        """Begin an answer that comes in pieces; ``producer`` is told of back-pressure."""

    def write(self, data: bytes) -> None:
        """Write a piece."""

    def flush(self) -> None:
        """Write the head of the answer now, if that is still to be done."""

    def finish(self, trailers: Pairs) -> None:
        """End the answer, of which all was written."""

    def cut(self, why: ClaceError) -> None:
        """End an answer so that the visitor knows it is not whole, and the operator why."""

    def tunnel(self, head: UpstreamHead) -> None:
        """Write the answer that changes the protocol; what follows goes to ``tunnelled``."""

    def end_tunnel(self) -> None:
        """Say that nothing more is sent, in a protocol that was changed to."""

    def close_tunnel(self) -> None:
        """Close both directions when what was written is sent."""


class IProxy(Interface):
    """Passes requests on."""

    async def relay(asked: ProxiedRequest, visitor: ProxiedVisitor, limits: ProxyLimits) -> None:
        """Answer the visitor with what the other server answers.

        Returns when the answer is written, or cut because it came to be wrong, or when the visitor
        has left.

        :raises UpstreamFailed: if the server is not reached, or what it sends cannot be read.
        :raises UpstreamTimedOut: if no answer has begun within the time.
        :raises AppBusy: if too many requests wait for the server.
        :raises TooLarge: if the body is over the limit.
        :raises NoSuchRoute: if the path is not below the one that would be cut off.
        """
