"""Sessions that are in use are looked at again: may the user still come in?"""

from __future__ import annotations

from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from clace.errors import ClaceError
from clace.interfaces import (
    IAppAuthentication,
    ISessions,
    ISignInProvider,
    Rechecked,
    Session,
    SessionChoice,
)

TICK_SECONDS = 30.0
"""The longest time that a session is used beyond its time before its provider is asked."""
RETRY_SECONDS = 60.0
AT_ONCE = 8
REFUSED = "the provider lets the user in no more"
NEW_GROUPS = "the user's groups have changed"


class SessionRechecks(Service):
    """Asks the provider of each session that is used, once in so many seconds.

    It is asked beside the requests: none waits for it. A provider that refuses, or tells other
    groups, ends the session; one that is down leaves it as it is, to its absolute limit.
    """

    _log = Logger()

    def __init__(
        self,
        sessions: ISessions,
        auth: IAppAuthentication,
        clock: IReactorTime,
        seconds: float,
    ) -> None:
        self.setName("session rechecks")
        self._sessions = sessions
        self._auth = auth
        self._clock = clock
        self._seconds = seconds
        self._due: dict[str, float] = {}
        self._turns = DeferredSemaphore(AT_ONCE)
        self._timer: IDelayedCall | None = None
        self.is_open: Callable[[str], bool] = lambda _name: False

    def startService(self) -> None:
        super().startService()
        self._timer = self._clock.callLater(TICK_SECONDS, self._tick)

    def stopService(self) -> None:
        super().stopService()
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    async def look(self) -> None:
        """Ask about every session whose time has come."""
        in_use = self._sessions.in_use()
        names = {session.name for session in in_use}
        self._due = {name: due for name, due in self._due.items() if name in names}
        checks = []
        for session in in_use:
            way = self._auth.way(session.setting)
            if way is not None and way.provider and self._is_due(session):
                check = self._turns.run(self._check, session, way.provider)
                checks.append(check.addErrback(self._tell))
        await DeferredList(checks)

    def _is_due(self, session: Session) -> bool:
        """Tell whether it was used, or is open, since it had to be checked."""
        due = self._due.get(session.name, session.made + self._seconds)
        if self._clock.seconds() < due:
            return False
        return session.seen > due - self._seconds or self.is_open(session.name)

    async def _check(self, session: Session, provider: ISignInProvider) -> None:
        now = self._clock.seconds()
        self._due[session.name] = now + RETRY_SECONDS
        try:
            evidence = await self._sessions.evidence(session)
            checked = await provider.recheck(evidence)
            if checked is None:
                await self._end(session)
                return
            self._due[session.name] = now + self._seconds
            await self._keep(session, checked, is_same=checked.evidence == evidence)
        except ClaceError as error:
            self._log.warn(
                "Session {name} could not be checked at {provider}: {why}",
                name=session.name,
                provider=session.setting,
                why=error.message,
            )

    async def _end(self, session: Session) -> None:
        await self._sessions.end(SessionChoice(name=session.name), REFUSED)

    async def _keep(self, session: Session, checked: Rechecked, *, is_same: bool) -> None:
        groups = checked.groups
        if groups is not None and set(groups) != set(session.identity.groups):
            # Other rights come with another session: the way back is one redirect.
            await self._sessions.end(SessionChoice(name=session.name), NEW_GROUPS)
        elif not is_same:
            await self._sessions.renew(session, checked)

    def _tick(self) -> None:
        looked = Deferred.fromCoroutine(self.look())
        looked.addErrback(self._tell)
        looked.addCallback(self._again)

    def _tell(self, failure: Failure) -> None:
        self._log.failure("Rechecks of sessions", failure)

    def _again(self, _: object) -> None:
        if self.running:
            self._timer = self._clock.callLater(TICK_SECONDS, self._tick)
