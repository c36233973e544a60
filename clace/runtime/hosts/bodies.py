"""A body that arrives in pieces, for a consumer who may be slow or leave."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.defer import Deferred

from clace.errors import AppBusy, ClaceError
from clace.frames import BadFrame
from clace.runtime.hosts.held import HeldAnswers

# However small they are, to keep a piece costs something.
_MOST_PIECES = 100_000
LARGEST_PIECE = 128 * 1024
"""The most that a transport gives to its socket at once."""


class AnswerBody:
    """An asynchronous iterator over the pieces, none of them large; fails where the app failed.

    ``left`` is called once if the consumer leaves before the end.
    """

    def __init__(self, limit: int, left: Callable[[], None] = lambda: None) -> None:
        self._limit = limit
        self._left = left
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._taken = 0
        self._account: HeldAnswers | None = None
        self._over = False
        self._failure: ClaceError | None = None
        self._news: Deferred[None] | None = None
        self._room: Deferred[None] | None = None
        self.abandoned = False

    @classmethod
    def whole(cls, *pieces: bytes) -> AnswerBody:
        """A body of which everything is there."""
        body = cls(sum(map(len, pieces)))
        for piece in pieces:
            body.feed(piece)
        body.finish()
        return body

    def count_in(self, account: HeldAnswers) -> None:
        """Count what is kept here in ``account``, which may have it dropped."""
        self._account = account
        account.hold(self, self._held)

    def feed(self, piece: bytes) -> None:
        """:raises BadFrame: if it is more than an honest app sends ahead."""
        if self.abandoned or not piece:
            return
        self._held += len(piece)
        if self._held > self._limit or len(self._pieces) == _MOST_PIECES:
            raise BadFrame("a body was sent faster than it was asked for")
        self._pieces.append(piece)
        if self._account is not None:
            self._account.hold(self, len(piece))
        self._announce()

    def has_room(self, size: int) -> bool:
        """Return true if the consumer is not too far behind for this much more."""
        return self._held + size <= self._limit

    def finish(self, failure: ClaceError | None = None) -> None:
        """End the body: no more pieces will come."""
        self._over = True
        self._failure = failure
        self._announce()

    async def taken(self) -> None:
        """Wait until the consumer has all that came so far, or has left."""
        while self._pieces and not self.abandoned:
            self._room = Deferred()
            await self._room

    def __aiter__(self) -> AnswerBody:
        return self

    def at_hand(self) -> bytes | None:
        """The next part, if it need not be waited for."""
        return self._take() if self._pieces else None

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._failure is not None:
                raise self._failure
            if self._over or self.abandoned:
                raise StopAsyncIteration
            self._make_room()
            self._news = Deferred()
            await self._news
        return self._take()

    def _take(self) -> bytes:
        """The next part of the first piece; a piece is kept until all of it is taken."""
        piece = self._pieces[0]
        part = piece[self._taken : self._taken + LARGEST_PIECE]
        self._taken += len(part)
        freed = len(piece) if self._taken == len(piece) else 0
        if freed:
            self._pieces.popleft()
            self._taken = 0
            self._held -= freed
        if self._account is not None:
            self._account.taken(self, freed)
        return part

    def drop(self) -> None:
        """Keep nothing: the consumer is the slowest of too many."""
        self._failure = AppBusy("too many answers wait for their clients, this one for longest")
        self.abandon()

    async def aclose(self) -> None:
        """The consumer has left: what comes is thrown away, and the app is told when it asks."""
        self.abandon()

    def abandon(self) -> None:
        if self.abandoned:
            return
        self.abandoned = True
        self._pieces.clear()
        if self._account is not None:
            self._account.forget(self)
        self._make_room()
        self._announce()
        if not self._over:
            self._left()

    def _announce(self) -> None:
        news, self._news = self._news, None
        if news is not None and not news.called:
            news.callback(None)

    def _make_room(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            room.callback(None)
