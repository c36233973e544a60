"""Turns at servers of git: one that hangs holds up nobody but those who want something of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from twisted.internet.defer import DeferredSemaphore
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime

from clace.errors import SourceError

_AT_ALL = 8


class GitTurns:
    """``at_once`` turns at each server, and eight times as many at all of them together."""

    def __init__(self, clock: IReactorTime, at_once: int) -> None:
        self._clock, self._at_once = clock, at_once
        self._all = DeferredSemaphore(_AT_ALL * at_once)
        self._hosts: dict[str, DeferredSemaphore] = {}
        self._wanted: dict[str, int] = {}

    @asynccontextmanager
    async def at(self, host: str, seconds: float) -> AsyncIterator[None]:
        """Wait for a turn.

        :raises SourceError: if it does not come in that time.
        """
        ends = self._clock.seconds() + seconds
        turns = self._hosts.setdefault(host, DeferredSemaphore(self._at_once))
        self._wanted[host] = self._wanted.get(host, 0) + 1
        try:
            async with self._turn(turns, host, ends), self._turn(self._all, host, ends):
                yield
        finally:
            self._wanted[host] -= 1
            if not self._wanted[host]:
                del self._wanted[host], self._hosts[host]

    @asynccontextmanager
    async def _turn(self, turns: DeferredSemaphore, host: str, ends: float) -> AsyncIterator[None]:
        acquired = turns.acquire()
        acquired.addTimeout(max(ends - self._clock.seconds(), 0), self._clock)
        try:
            await acquired
        except DeferredTimeout as error:
            busy = f"other fetches from {host or 'this machine'} took all the time"
            raise SourceError(f"{busy}; try again when they have ended") from error
        try:
            yield
        finally:
            turns.release()
