"""Parts that tests of sign-ins share."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import LockedOut, NotAuthenticated
from clace.identity.passwords import SignInTrail
from clace.model.deeds import FAILED, REFUSED
from tests.support.audited import memory_events


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


class Told(SignInTrail):
    """The witness of the server, over an audit log in memory."""

    def __init__(self) -> None:
        self.audit, events = memory_events()
        super().__init__(events)

    @property
    def events(self) -> list[tuple[str, str, str, str]]:
        """What the audit log says of each try: how it ended, whose it was, from where, and why."""
        return [
            (event.status, event.user_id, event.target, event.detail) for event in self.audit.events
        ]


class ToldCase(SynchronousTestCase):
    """Tries that are refused with the reason in the audit log of ``told``, by the kind ``by``."""

    told: Told
    by = ""

    def refusal(self, work: Any, reason: str | None, why: Any = NotAuthenticated) -> Any:
        """The refusal of a try; a lock was recorded when it began, and has no reason again."""
        before = len(self.told.audit.events)
        error = self.failureResultOf(work, why).value
        new = self.told.audit.events[before:]
        details = [event.detail for event in new if event.status in {FAILED, REFUSED}]
        if isinstance(error, LockedOut):
            self.assertEqual(details, [])
        elif reason is None:
            self.assertEqual(len(details), 1)
        else:
            self.assertEqual(details, [f"by {self.by}: {reason}"])
        return error
