"""The daemon's side of one walled program: its supervisor's line, its output, its end."""

from __future__ import annotations

import itertools
import os
import signal
import socket
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionDone, getConnectError
from twisted.internet.interfaces import (
    IDelayedCall,
    IListeningPort,
    IProtocolFactory,
    IReadDescriptor,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from clace.errors import WallMissing
from clace.interfaces import EgressDoor, IWalledProcess, ProgramExit, WalledLaunch
from clace.processes.pipes import Pipe
from clace.processes.walled.connecting import connected
from clace.processes.walled.frames import (
    BadWallPacket,
    Opened,
    Over,
    Reach,
    Reached,
    Running,
    SendSignal,
    Walled,
    pack,
    receive,
    unpack_from_supervisor,
)
from clace.processes.walled.reasons import missing_text


@implementer(IReadDescriptor, IWalledProcess)
class WalledProcess:
    """A program that its supervisor was told to start; ``started`` fires when it runs.

    ``pipes`` are those of its output and, if they are apart, its errors. ``listening`` is the
    descriptor, without a right but to be connected to, of its socket.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        launch: WalledLaunch,
        line: socket.socket,
        pipes: Sequence[Pipe],
        doors: tuple[EgressDoor, ...],
    ) -> None:
        self.pid = 0
        self.output = pipes[0]
        self.errors = pipes[1] if len(pipes) > 1 else None
        self.ended: Deferred[ProgramExit] = Deferred()
        self.started: Deferred[None] = Deferred(lambda _: self.kill())
        self.listening = -1
        self.required: tuple[str, ...] = ()
        self._reactor = reactor
        self._launch = launch
        self._line = line
        self._doors = doors
        self._listeners: list[IListeningPort] = []
        self._requests = itertools.count(1)
        self._reaching: dict[int, Deferred[int]] = {}
        self._killing: IDelayedCall | None = None
        line.setblocking(False)
        reactor.addReader(self)

    async def connect(self, factory: IProtocolFactory, seconds: float) -> Any:
        reached = await self._reach()
        return await connected(self._reactor, reached, factory, seconds)

    def stop(self) -> None:
        if self._killing is None and not self.ended.called:
            self._signal(signal.SIGTERM)
            self._killing = self._reactor.callLater(self._launch.stop_seconds, self._kill_late)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def fileno(self) -> int:
        return self._line.fileno()

    def logPrefix(self) -> str:
        return "walled program"

    def doRead(self) -> Failure | None:
        try:
            packet, descriptors = receive(self._line)
        except BlockingIOError:
            return None
        try:
            if packet:
                self._hear(packet, descriptors)
                return None
        except BadWallPacket as error:
            self._log.error(
                "The supervisor of {name} said: {error}", name=self._launch.name, error=error
            )
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return Failure(ConnectionDone())

    def connectionLost(self, _reason: Failure) -> None:
        self._finish(Over(failure="its supervisor ended"))

    def give_up(self, reason: str) -> None:
        """Hear no more of it, for this reason: the server stops, or its launcher hangs."""
        self._finish(Over(failure=reason))

    def _hear(self, packet: bytes, descriptors: list[int]) -> None:
        message = unpack_from_supervisor(packet)
        if isinstance(message, Opened) and descriptors:
            self._listen(message.place, descriptors[0])
        elif isinstance(message, Walled):
            self._walled(message)
        elif isinstance(message, Running):
            if not self.started.called:
                self.started.callback(None)
        elif isinstance(message, Reached):
            self._reached(message, descriptors)
        elif isinstance(message, Over):
            self._finish(message)

    def _listen(self, place: int, descriptor: int) -> None:
        if place >= len(self._doors):
            raise BadWallPacket("a door that was not ordered")
        # The reactor takes it as it is, and must never wait for somebody to connect.
        os.set_blocking(descriptor, False)
        factory = self._doors[place].factory
        listener = self._reactor.adoptStreamPort(descriptor, socket.AF_INET, factory)
        self._listeners.append(listener)

    def _walled(self, message: Walled) -> None:
        self.pid = message.pid
        missing = {name: why for name, why in message.walls.items() if why}
        # The first that failed is told: those after it may only lack what it would have given.
        lacking = {name: why for name, why in missing.items() if name in self.required}
        if lacking:
            if not self.started.called:
                self.started.errback(WallMissing(missing_text(lacking)))
        elif missing:
            name, text = self._launch.name, missing_text(missing)
            self._log.warn("{name} is started although {text}", name=name, text=text)

    def _reach(self) -> Deferred[int]:
        """A descriptor of a socket that connects, or has."""
        if self.ended.called:
            raise ConnectError(string="the program has ended")
        if self.listening >= 0:
            return self._reach_socket()
        request, waiting = next(self._requests), Deferred[int]()
        self._reaching[request] = waiting
        try:
            self._line.send(pack(Reach(request, self._launch.port)))
        except OSError as error:
            del self._reaching[request]
            raise getConnectError(error) from None
        return waiting

    def _reach_socket(self) -> Deferred[int]:
        waiting: Deferred[int] = Deferred()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as one:
            # The path of an open descriptor cannot be changed by anybody.
            error = one.connect_ex(f"/proc/self/fd/{self.listening}")
            if error:
                raise getConnectError((error, os.strerror(error)))
            waiting.callback(one.detach())
        return waiting

    def _reached(self, message: Reached, descriptors: list[int]) -> None:
        waiting = self._reaching.pop(message.request, None)
        if waiting is None:
            return
        if descriptors:
            waiting.callback(descriptors.pop(0))
        else:
            waiting.errback(getConnectError((message.error, os.strerror(message.error))))

    def _signal(self, number: int) -> None:
        if self.ended.called:
            return
        try:
            self._line.send(pack(SendSignal(number)))
        except OSError as error:
            self._log.warn("{name} gets no signal: {error}", name=self._launch.name, error=error)

    def _kill_late(self) -> None:
        self._log.info("{name} did not stop and is killed", name=self._launch.name)
        self.kill()

    def _finish(self, over: Over) -> None:
        if self.ended.called:
            return
        self._reactor.removeReader(self)
        # Without its line the supervisor ends what it watches over.
        self._line.close()
        for listener in self._listeners:
            listener.stopListening()
        if self.listening >= 0:
            os.close(self.listening)
            self.listening = -1
        if self._killing is not None and self._killing.active():
            self._killing.cancel()
        reaching, self._reaching = self._reaching, {}
        for waiting in reaching.values():
            waiting.errback(ConnectError(string="the program has ended"))
        exit_ = ProgramExit(status=over.status, signal=over.signal, failure=over.failure)
        # Whoever waits for the start may stop everything at once, and must find it ended.
        self.ended.callback(exit_)
        if not self.started.called:
            self.started.callback(None)
