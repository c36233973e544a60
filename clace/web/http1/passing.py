"""Connections whose bodies, or whose bytes after a change of the protocol, pass through."""

from __future__ import annotations

from typing import Any

from clace.web.http1.bodies import ChunkedBody, RequestBody
from clace.web.http1.closing import ClosingChannel
from clace.web.http1.heads import Head
from clace.web.http1.phases import TUNNEL


class PassingChannel(ClosingChannel):
    """A connection of which a request may take its body while it is answered.

    Its reading is then held and released by who takes the body, and not by whether the client
    takes the answer: both directions flow for themselves.
    """

    _head: Head | None
    _body: RequestBody | None

    def __init__(self) -> None:
        super().__init__()
        self._passes = False
        self._is_held = False
        self._is_held_back = False

    def pass_body(self, limit: int) -> None:
        """Give the body of the request at hand to it piece by piece, ``limit`` bytes at most."""
        assert self._head is not None
        if isinstance(self._body, ChunkedBody):
            self._body.allow(limit)
        if self._head.awaits_continue and not self._received:
            self._send100Continue()
        self._passes = True
        if self._is_held_back:
            self._go_on_reading()
        self._begin_body()
        self._advance()

    def hold(self) -> None:
        """Read nothing from the client until ``release``."""
        if not self._is_held:
            self._is_held = True
            if self._passes:
                self.setTimeout(None)
            self._networkProducer.pauseProducing()

    def release(self) -> None:
        """Read on."""
        if self._is_held:
            self._is_held = False
            if self._passes:
                self._begin_body()
            self._networkProducer.resumeProducing()
            self._advance()

    def tunnel(self, head: bytes) -> None:
        """Write the head of an answer that changes the protocol; what comes is passed on unread."""
        self._phase = TUNNEL
        self.setTimeout(None)
        self.transport.write(head)
        received = bytes(self._received)
        self._received.clear()
        if received:
            self.requests[-1].tunnelled(received)

    def end_tunnel(self) -> None:
        """Say that nothing more is sent, if the transport can say it."""
        end = getattr(self.transport, "loseWriteConnection", None)
        if end is not None:
            end()

    def _end_passing(self) -> None:
        """The request is done: what is left of its body is nobody's."""
        if self._is_held:
            self._is_held = False
            self._networkProducer.resumeProducing()
        self._passes = False

    def _go_on_reading(self) -> None:
        """Read on, since what the client had sent ahead is wanted now."""
        raise NotImplementedError

    def _begin_body(self) -> None:
        """Give the client the time again that a body has to begin."""
        raise NotImplementedError

    def _advance(self) -> None:
        """Read on in what was received."""
        raise NotImplementedError

    _networkProducer: Any
