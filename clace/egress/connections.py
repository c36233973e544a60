"""Connections of walled programs to the server's doors: a proxy, and forwards to one target."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, ConnectingCancelledError
from twisted.internet.error import TimeoutError as ConnectTimedOut
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Factory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.egress.guard import EgressRefused, NotFound
from clace.egress.heads import END, MAX_HEAD, BadHead, ProxyRequest, read_head
from clace.egress.splice import SpliceEnd
from clace.egress.targets import EgressTarget

_HEAD_SECONDS = 15
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
Dial = Callable[[EgressTarget], Awaitable[SpliceEnd]]
"""Connects to a target; raises ``EgressRefused``, ``NotFound`` or ``ConnectError``."""


class Doorway(SpliceEnd):
    """A connection of a program that is to lead to a target."""

    _log = Logger()

    def __init__(self, factory: DoorFactory) -> None:
        self._factory = factory
        self._dialing: Deferred[None] | None = None
        self._early = b""

    def dataReceived(self, data: bytes) -> None:
        if self.other is None:
            self._early += data
        else:
            super().dataReceived(data)

    def connectionLost(self, _reason: Failure = connectionDone) -> None:
        self._factory.leave()
        if self._dialing is not None:
            self._dialing.cancel()
        super().connectionLost(_reason)

    def lead_to(self, target: EgressTarget, answer: bytes, head: bytes) -> None:
        """Connect to the target; then ``answer`` the program, and send ``head``."""
        self.transport.pauseProducing()
        self._dialing = Deferred.fromCoroutine(self._lead_to(target, answer, head))
        self._dialing.addErrback(self._failed)

    async def _lead_to(self, target: EgressTarget, answer: bytes, head: bytes) -> None:
        try:
            far = await self._factory.dial(target)
        except (EgressRefused, NotFound, ConnectError) as error:
            self._dialing = None
            self.refuse(error)
            return
        self._dialing = None
        self.join(far)
        early, self._early = self._early, b""
        if answer:
            self.transport.write(answer)
        if head or early:
            far.transport.write(head + early)
        self.transport.resumeProducing()

    def refuse(self, _error: Exception) -> None:
        """End it; a forward has no way to say why."""
        self.transport.abortConnection()

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError, ConnectingCancelledError) is None:
            self._log.failure("a connection of {app} failed", failure, app=self._factory.app)
            self.transport.abortConnection()


class ForwardDoorway(Doorway):
    """A connection that leads to the factory's own target."""

    def __init__(self, factory: DoorFactory, target: EgressTarget) -> None:
        super().__init__(factory)
        self._target = target

    def connectionMade(self) -> None:
        self.lead_to(self._target, b"", b"")


class ProxyDoorway(Doorway):
    """A connection that says where it leads, for one request."""

    def __init__(self, factory: DoorFactory) -> None:
        super().__init__(factory)
        self._is_asked = False
        self._late: IDelayedCall | None = None

    def connectionMade(self) -> None:
        self._late = self._factory.clock.callLater(_HEAD_SECONDS, self._give_up)

    def dataReceived(self, data: bytes) -> None:
        if self._is_asked and self.other is None:
            return  # refused: it is only waited until it has heard why
        super().dataReceived(data)
        if self._is_asked:
            return
        head, end, rest = self._early.partition(END)
        if end:
            self._early = rest
            self._ask(head)
        elif len(self._early) > MAX_HEAD:
            self._answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is too long")

    def connectionLost(self, _reason: Failure = connectionDone) -> None:
        self._in_time()
        super().connectionLost(_reason)

    def refuse(self, error: Exception) -> None:
        if isinstance(error, EgressRefused):
            status = HTTPStatus.FORBIDDEN
        elif isinstance(error, ConnectTimedOut):
            status = HTTPStatus.GATEWAY_TIMEOUT
        else:
            status = HTTPStatus.BAD_GATEWAY
        self._answer(status, str(error))

    def _ask(self, head: bytes) -> None:
        self._is_asked = True
        self._in_time()
        try:
            request: ProxyRequest = read_head(head)
        except BadHead as error:
            self._answer(HTTPStatus.BAD_REQUEST, str(error))
            return
        self.lead_to(request.target, b"" if request.head else _ESTABLISHED, request.head)

    def _in_time(self) -> None:
        if self._late is not None and self._late.active():
            self._late.cancel()

    def _give_up(self) -> None:
        self.transport.abortConnection()

    def _answer(self, status: HTTPStatus, text: str) -> None:
        self._is_asked = True
        self._in_time()
        body = f"{text}\n".encode()
        lines = (
            f"HTTP/1.1 {status} {status.phrase}",
            "Content-Type: text/plain; charset=utf-8",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        self.transport.write("\r\n".join(lines).encode() + END + body)
        self.transport.loseConnection()


class DoorFactory(Factory):
    """Makes the connections of one door; ``enter`` says whether another one may be opened."""

    noisy = False
    is_door = True
    """Tells its ports, which are behind a wall, from those of the server."""

    def __init__(
        self,
        app: str,
        clock: Any,
        dial: Dial,
        enter: Callable[[], bool],
        leave: Callable[[], None],
        target: EgressTarget | None = None,
    ) -> None:
        self.app = app
        self.clock = clock
        self.dial = dial
        self.leave = leave
        self._enter = enter
        self._target = target

    def buildProtocol(self, _address: Any) -> Doorway | None:
        if not self._enter():
            return None
        if self._target is None:
            return ProxyDoorway(self)
        return ForwardDoorway(self, self._target)
