"""Parts that tests of sign-ins share."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred


class SlowThreads:
    """Threads whose work is done when the test says so."""

    def __init__(self) -> None:
        self.work: list[tuple[Callable[[], Any], Deferred[Any]]] = []

    def __call__(self, work: Callable[[], Any]) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self.work.append((work, done))
        return done

    def finish(self) -> None:
        """Do what is asked for now, not what it leads to."""
        work, self.work = self.work, []
        for call, done in work:
            maybeDeferred(call).chainDeferred(done)

    def finish_all(self) -> int:
        """Do everything, what it leads to as well; return how much that was."""
        count = 0
        while self.work:
            count += len(self.work)
            self.finish()
        return count


class Told:
    """A witness that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, ...]] = []

    def failed(self, attempt, reason):
        self.events.append(("failed", attempt.user, attempt.address, reason))

    def unchecked(self, attempt, reason):
        self.events.append(("unchecked", attempt.user, attempt.address, reason))

    def locked(self, attempt):
        self.events.append(("locked", attempt.user, attempt.address))

    def recovered(self, attempt, failures):
        self.events.append(("recovered", attempt.user, attempt.address, failures))
