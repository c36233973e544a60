"""The body of a request, which is read when somebody wants it."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from clace.errors import BadRequest, ClaceError

LEFT = 499
"""The status in the log of a request whose client has left before the answer, as nginx has it."""
_NO_BODY = "the request did not arrive"


class _Sender(Protocol):
    """The connection that a body comes by."""

    @property
    def awaits_body(self) -> bool: ...
    def take_body(self) -> None: ...


class ArrivingRequest:
    """A request whose body may still be at the client; without ``channel`` that has left."""

    channel: Any
    content: Any
    _arrival: Deferred[None] | None = None
    _is_refused = False

    @property
    def is_to_come(self) -> bool:
        """Return true if the body is still to come, or never will since the client has left."""
        sender: _Sender | None = self.channel
        return sender is None or sender.awaits_body

    async def receive(self) -> None:
        """Have the body read into ``content``, from its start to its end.

        Until somebody wants it the client is not told to send it and its bytes wait where they
        are, so whoever refuses a request by its head does so before.

        :raises ClaceError: if it does not arrive, or not as it should; the client is answered.
        """
        sender: _Sender | None = self.channel
        if sender is None:
            raise BadRequest(_NO_BODY)
        if sender.awaits_body:
            self._arrival = Deferred()
            sender.take_body()
            await self._arrival

    def body_received(self) -> None:
        """Go on with the body, of which the connection has read all."""
        assert self._arrival is not None
        self.content.seek(0)
        self._arrival.callback(None)

    def refused(self, status: int, error: ClaceError) -> None:
        """End a request that the connection has answered: its body was not as it should be."""
        self.setResponseCode(status)
        self._is_refused = True
        self.connectionLost(Failure(error))

    def setResponseCode(self, code: int) -> None:
        raise NotImplementedError

    def connectionLost(self, reason: Failure) -> None:
        raise NotImplementedError

    def _body_lost(self, reason: Failure) -> None:
        """Tell who waits for the body that it will not come."""
        if self._arrival is not None and not self._arrival.called:
            told = reason if reason.check(ClaceError) else Failure(BadRequest(_NO_BODY))
            self._arrival.errback(told)
