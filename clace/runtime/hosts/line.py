"""The daemon's end of the socket to a host: whole frames, each way no more than is fair."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from clace.frames import BadFrame, FrameReader
from clace.runtime.hosts.fragments import HeldFrames
from clace.sending import write_now
from clace.wire import Downward, LargeAnswer, Upward, pack, unpack_upward

_TURN_SECONDS = 0.002
# Messages that answer what came together leave together, once they are so many bytes, or so late.
_TOGETHER = 1 << 16
_TOGETHER_SECONDS = 0.001
_READ, _LARGE_READ = 1 << 16, 1 << 17
# Of results that a host has not read.
_MOST_KEPT = 128 << 20

Received = Callable[[Upward | LargeAnswer], None]
Lost = Callable[[BadFrame | None], None]


class HostLine(Protocol):
    """Cuts what the host sends into frames, and does not let them take more than their share.

    ``longest`` is how long its next frame may be. ``lost`` is called once, with the breach of the
    protocol if that was why.
    """

    transport: Any

    def __init__(
        self,
        clock: Any,
        longest: Callable[[], int],
        received: Received,
        lost: Lost,
        held: HeldFrames,
    ) -> None:
        self._clock = clock
        self._held = held
        self._frames = FrameReader(longest)
        self._received = received
        self._lost = lost
        self._ended = False
        self._deaf = False
        self._resting: IDelayedCall | None = None
        self._outlet = LineOutlet()
        self._kept = 0
        self._takes = False
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0

    def connectionMade(self) -> None:
        self.transport.registerProducer(self._outlet, streaming=True)

    def send(self, message: Downward) -> None:
        """Send a message, unless the host is gone."""
        self.send_frame(pack(message))

    def send_frame(self, frame: bytes) -> None:
        """Send a message that was packed, unless the host is gone."""
        if self._deaf:
            return
        if not self._takes:
            write_now(self.transport, frame)
            return
        self._unsent.append(frame)
        self._unsent_bytes += len(frame)
        if self._unsent_bytes >= _TOGETHER:
            self._flush()

    def _flush(self) -> None:
        if self._unsent:
            frames, self._unsent, self._unsent_bytes = self._unsent, [], 0
            write_now(self.transport, frames[0] if len(frames) == 1 else b"".join(frames))

    @property
    def has_room(self) -> bool:
        """Return true if the host has read most of what it was told before, or is gone."""
        return not self._outlet.is_full

    async def room(self) -> None:
        """Wait until the host has read most of what it was told before; or is gone."""
        await self._outlet.room()

    def keep(self, size: int) -> bool:
        """Return true if an answer of so many bytes may wait for the host to read."""
        if self._kept + size > _MOST_KEPT:
            return False
        self._kept += size
        return True

    def kept(self, size: int) -> None:
        """Count an answer that ``keep`` took and that waits no more."""
        self._kept -= size

    def hang_up(self) -> None:
        """Send and hear no more; the host is to end."""
        if not self._deaf:
            self._flush()
            self._deaf = True
            # With a producer that was paused the transport would wait for more from it.
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        if self._deaf:
            return
        body = self._frames.only(data)
        if body is None:
            self._take(data)
            return
        # The only frame that has come, as most do.
        begun = self._clock.seconds()
        try:
            self._received(unpack_upward(body))
        except BadFrame as breach:
            self.breach(breach)
        spent = self._clock.seconds() - begun
        if spent > _TURN_SECONDS and not self._deaf:
            self._rest(spent)

    def _take(self, data: bytes) -> None:
        """Hear frames for as long as its turn lasts."""
        begun = self._clock.seconds()
        self._takes = True
        try:
            for body in self._frames.feed(data):
                self._received(unpack_upward(body))
                if self._deaf:
                    return
                spent = self._clock.seconds() - begun
                if spent > _TURN_SECONDS:
                    self._rest(spent)
                    return
                if spent > _TOGETHER_SECONDS:
                    self._flush()
        except BadFrame as breach:
            self.breach(breach)
        finally:
            self._takes = False
            if not self._deaf:
                self._flush()
            held = 0 if self._ended else self._frames.held
            self._held.hold(self, held)
            # A large frame comes in large pieces: each costs a turn of the reactor.
            self.transport.bufferSize = _LARGE_READ if held >= _READ else _READ

    def breach(self, breach: BadFrame) -> None:
        """End the connection with a host that broke the rules."""
        self.transport.abortConnection()
        self._end(breach)

    def _rest(self, spent: float) -> None:
        """Let others be heard for twice as long: a host has a third of the time at most."""
        self.transport.pauseProducing()
        if self._resting is None:
            self._resting = self._clock.callLater(2 * spent, self._go_on)

    def _go_on(self) -> None:
        self._resting = None
        if not self._deaf:
            self.transport.resumeProducing()
            self._take(b"")

    def connectionLost(self, _reason: Failure = connectionDone) -> None:
        self._end(None)

    def _end(self, breach: BadFrame | None) -> None:
        if self._ended:
            return
        self._ended = self._deaf = True
        self._frames.clear()
        self._held.hold(self, 0)
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        self._outlet.stopProducing()
        self._lost(breach)


@implementer(IPushProducer)
class LineOutlet:
    """The state of the transport; writers that wait for it go on one by one."""

    def __init__(self) -> None:
        self.is_full = False
        self._waiting: deque[Deferred[None]] = deque()

    async def room(self) -> None:
        while self.is_full:
            turn: Deferred[None] = Deferred()
            self._waiting.append(turn)
            await turn

    def pauseProducing(self) -> None:
        self.is_full = True

    def resumeProducing(self) -> None:
        self.is_full = False
        while self._waiting and not self.is_full:
            self._waiting.popleft().callback(None)

    def stopProducing(self) -> None:
        """Let writers go on: nobody reads any more."""
        self.resumeProducing()
