"""Turns at a few workers, shared fairly between those who wait."""

from __future__ import annotations

from collections import deque

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from clace.errors import LockedOut

WORKERS = 2
PER_LANE = 64
WAITING = 512
HALF_LIFE = 30.0
# A lane that had this little lately is as good as one that had nothing.
_NOTHING = 0.01


class Lane(Struct, frozen=True):
    """A queue of its own: a network, or a user who has signed in from it."""

    network: str
    user: str = ""


class _Use(Struct):
    """Turns that a lane had lately; half of them are forgotten every half-life."""

    turns: float = 0
    at: float = 0


class Turns:
    """Let a few work at a time: names known to a network first, then who had least lately.

    A full queue makes room for a newcomer by turning away the last of the longest lane.
    """

    def __init__(
        self,
        clock: IReactorTime,
        *,
        workers: int = WORKERS,
        per_lane: int = PER_LANE,
        waiting: int = WAITING,
    ) -> None:
        self._clock = clock
        self._workers = workers
        self._per_lane = per_lane
        self._limit = waiting
        self._working = 0
        self._arrivals = 0
        self._lanes: dict[Lane, deque[tuple[int, Deferred[None]]]] = {}
        self._uses: dict[Lane, _Use] = {}
        self._sweep_at = waiting

    async def take(self, lane: Lane) -> None:
        """Wait for a turn, which must be given back.

        :raises LockedOut: if too many wait already.
        """
        if self._working < self._workers and not self._lanes:
            self._begin(lane)
            return
        if len(self._lanes.get(lane, ())) >= self._per_lane or not self._has_room(lane):
            raise _crowded()
        turn: Deferred[None] = Deferred()
        self._arrivals += 1
        self._lanes.setdefault(lane, deque()).append((self._arrivals, turn))
        await turn

    def give_back(self) -> None:
        """End a turn; the next begins."""
        self._working -= 1
        while self._lanes and self._working < self._workers:
            lane = min(self._lanes, key=self._urgency)
            _, turn = self._lanes[lane].popleft()
            if not self._lanes[lane]:
                del self._lanes[lane]
            if not turn.called:  # as it is when its caller was cancelled
                self._begin(lane)
                turn.callback(None)

    def _begin(self, lane: Lane) -> None:
        self._working += 1
        now = self._clock.seconds()
        self._forget_uses()
        self._uses[lane] = _Use(self._used(lane) + 1, now)

    def _urgency(self, lane: Lane) -> tuple[bool, float, int]:
        return not lane.user, self._used(lane), self._lanes[lane][0][0]

    def _used(self, lane: Lane) -> float:
        use = self._uses.get(lane)
        if use is None:
            return 0
        turns = use.turns * 0.5 ** ((self._clock.seconds() - use.at) / HALF_LIFE)
        return float(turns) if turns > _NOTHING else 0

    def _forget_uses(self) -> None:
        """Drop what no longer counts, whenever there is twice as much as counted before."""
        if len(self._uses) > self._sweep_at:
            self._uses = {lane: use for lane, use in self._uses.items() if self._used(lane)}
            self._sweep_at = self._limit + 2 * len(self._uses)

    def _has_room(self, lane: Lane) -> bool:
        if sum(map(len, self._lanes.values())) < self._limit:
            return True
        worst = max(self._lanes, key=self._burden)
        mine = (not lane.user, len(self._lanes.get(lane, ())) + 1, self._used(lane))
        if self._burden(worst) <= mine:
            return False
        _, turn = self._lanes[worst].pop()
        if not self._lanes[worst]:
            del self._lanes[worst]
        turn.errback(_crowded())
        return True

    def _burden(self, lane: Lane) -> tuple[bool, int, float]:
        return not lane.user, len(self._lanes[lane]), self._used(lane)


def _crowded() -> LockedOut:
    return LockedOut("too many sign-ins are being checked; try again", retry_after=1)
