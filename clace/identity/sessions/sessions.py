"""The sessions: rows in the database, the ones in use in memory too."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from clace import base64url
from clace.errors import ClaceError
from clace.identity.sessions.each import MOST, SessionsOfEach
from clace.interfaces import (
    ISessionRows,
    ISessions,
    NewSession,
    Rechecked,
    Session,
    SessionChoice,
)
from clace.threads import InThread

SECRET_BYTES = 32
SECRET_LENGTH = 43
FLUSH_SECONDS = 60.0
KEPT = 20_000
PREFIX = "ses_"
_NAME_BYTES = 9
_SWEEP_SECONDS = 600.0
SIGNED_OUT = "signed out"
CHANGED = "the user or the way to sign in has changed"
TOO_OLD = "it reached security.session_max_age"
TOO_MANY = "the user has begun too many others since"
UNUSED = "it was not used for security.session_idle"


class SessionLimits(Struct, frozen=True, kw_only=True):
    """The longest life of a session, and of one that nobody uses (0 for any), in seconds; the
    number of sessions of each user.
    """

    max_age: float = 86_400
    idle: float = 0
    each: int = MOST


class Seal(Protocol):
    """Keeps evidence from whoever reads the database alone."""

    def seal(self, name: str, value: bytes, /) -> tuple[str, bytes]: ...
    def unseal(self, key_id: str, name: str, sealed: bytes, /) -> bytes: ...


class _LiveSession:
    """A session in memory, and when it was last used."""

    __slots__ = ("is_touched", "seen", "session", "until")

    def __init__(self, session: Session, until: float) -> None:
        self.session = session
        self.until = until
        self.seen = session.seen
        self.is_touched = False


@implementer(ISessions)
class Sessions(Service):
    """A bounded number of sessions is found in memory, others with a look into the database."""

    _log = Logger()

    def __init__(
        self,
        rows: ISessionRows,
        in_thread: InThread,
        clock: IReactorTime,
        limits: SessionLimits,
        seal: Seal,
        *,
        random: Callable[[int], bytes] = secrets.token_bytes,
        kept: int = KEPT,
    ) -> None:
        self.setName("live sessions")
        self._rows = rows
        self._in_thread = in_thread
        self._clock = clock
        self._limits = limits
        self._idle = limits.idle
        self._seal = seal
        self._random = random
        self._kept = kept
        self._each = SessionsOfEach(limits.each)
        self._live: OrderedDict[bytes, _LiveSession] = OrderedDict()
        self._by_name: dict[str, _LiveSession] = {}
        # They are found by nobody yet, and may be ended.
        self._beginning: dict[bytes, Session] = {}
        self._current: Callable[[Session], object] = lambda _session: True
        # Told of each session that was ended, and why; replaced while the server starts.
        self.tell_end: Callable[[Session, str], object] = lambda _session, _reason: None
        self._unflushed: dict[bytes, float] = {}
        self._ending: set[bytes] = set()
        # Counted so that a row that was read before sessions ended is read again.
        self._endings = 0
        self._followers: list[Callable[[Collection[str]], object]] = []
        self._choice_followers: list[Callable[[SessionChoice], object]] = []
        self._timer: IDelayedCall | None = None
        self._swept = clock.seconds()

    def known(self, host: str, setting: str, secret: str) -> Session | None:
        live = self._live.get(digest_of(secret))
        return None if live is None else self._used(live, host, setting)

    async def find(self, host: str, setting: str, secret: str) -> Session | None:
        if len(secret) != SECRET_LENGTH:
            return None
        digest = digest_of(secret)
        live = self._live.get(digest) or await self._load(digest)
        return None if live is None else self._used(live, host, setting)

    def _used(self, live: _LiveSession, host: str, setting: str) -> Session | None:
        """Return the session and note its use, unless it is over, or of another host or setting."""
        session = live.session
        now = self._clock.seconds()
        if session.host != host or session.setting != setting:
            return None
        if now >= live.until or (self._idle and now - live.seen >= self._idle):
            return None
        live.seen, live.is_touched = now, True
        return session

    async def begin(self, new: NewSession) -> tuple[str, Session]:
        secret = base64url.encoded(self._random(SECRET_BYTES))
        name = PREFIX + base64url.encoded(self._random(_NAME_BYTES))
        now = self._clock.seconds()
        session = Session(
            digest=digest_of(secret),
            name=name,
            host=new.host,
            setting=new.setting,
            identity=replace(new.signed_in.identity, session_id=name),
            fingerprint=new.fingerprint,
            made=now,
            seen=now,
            until=now + self._limits.max_age,
        )
        self._beginning[session.digest] = session
        try:
            if new.signed_in.evidence:
                key_id, sealed = await self._sealed(name, new.signed_in.evidence)
                session = replace(session, key_id=key_id, sealed=sealed)
            await self._in_thread(partial(self._rows.add, session))
        finally:
            is_ended = self._beginning.pop(session.digest, None) is None
        if is_ended:
            await self._in_thread(partial(self._rows.delete, (session.digest,)))
        else:
            self._keep(session)
            await self._bound(session)
        return secret, session

    async def _bound(self, session: Session) -> None:
        """End the oldest sessions of a user who has too many with this one."""
        if not self._each.is_known:
            self._each.learn(await self._in_thread(self._rows.all))
        for digest in self._each.add(session):
            row = await self._in_thread(partial(self._rows.find, digest))
            if row is not None:
                self._forget({digest: row})
                await self._end({digest: row}, TOO_MANY)

    async def end(self, choice: SessionChoice, reason: str) -> tuple[Session, ...]:
        if not choice.name:
            for told in self._choice_followers:
                told(choice)
        in_memory = self._beginning | {key: one.session for key, one in self._live.items()}
        chosen = {key: one for key, one in in_memory.items() if choice.includes(one)}
        self._forget(chosen)  # at once, whatever the database does
        found = chosen
        if not (choice.name and chosen):  # a name is of one session
            stored = await self._in_thread(self._rows.all)
            found = chosen | {row.digest: row for row in stored if choice.includes(row)}
            self._forget(found)
        if found:
            await self._end(found, reason)
        return tuple(found.values())

    async def _end(self, found: Mapping[bytes, Session], reason: str) -> None:
        # A request may come with one that is just being ended, and would end it again.
        mine = {digest: one for digest, one in found.items() if digest not in self._ending}
        self._ending |= mine.keys()
        try:
            await self._in_thread(partial(self._rows.delete, tuple(found)))
        finally:
            self._ending -= mine.keys()
        self._forget(found)  # one may have been read in between
        if mine:
            names = ", ".join(sorted(one.name for one in mine.values()))
            self._log.info("Sessions {names} ended: {reason}", names=names, reason=reason)
        for one in mine.values():
            self.tell_end(one, reason)

    async def list_sessions(self, choice: SessionChoice) -> tuple[Session, ...]:
        stored = await self._in_thread(self._rows.all)
        now = self._clock.seconds()
        current = (replace(row, seen=self._seen(row)) for row in stored)
        return tuple(
            row for row in current if choice.includes(row) and not self._limit(row, row.seen, now)
        )

    def is_over(self, name: str) -> bool:
        live = self._by_name.get(name)
        if live is None:
            return False
        return bool(self._limit(live.session, live.seen, self._clock.seconds()))

    def began_within(self, name: str, seconds: float) -> bool:
        live = self._by_name.get(name)
        return live is not None and self._clock.seconds() - live.session.made <= seconds

    def judge(self, current: Callable[[Session], object]) -> None:
        """End, at each review from now on, the sessions for which ``current`` returns no user."""
        self._current = current

    async def review(self) -> None:
        in_memory = (live.session for live in tuple(self._live.values()))
        self._forget({one.digest: one for one in in_memory if not self._current(one)})
        for session in await self._in_thread(self._rows.all):
            if not self._current(session):
                await self.end(SessionChoice(name=session.name), CHANGED)

    def in_use(self) -> tuple[Session, ...]:
        return tuple(replace(live.session, seen=live.seen) for live in self._live.values())

    async def renew(self, session: Session, checked: Rechecked) -> None:
        key_id, sealed = await self._sealed(session.name, checked.evidence)
        live = self._live.get(session.digest)
        latest = live.session if live else session
        groups = latest.identity.groups if checked.groups is None else checked.groups
        identity = replace(latest.identity, groups=groups)
        renewed = replace(latest, identity=identity, key_id=key_id, sealed=sealed)
        if live:
            live.session = renewed
        await self._in_thread(partial(self._rows.renew, renewed))

    async def _sealed(self, name: str, evidence: Mapping[str, str]) -> tuple[str, bytes]:
        encoded = json.dumps(dict(evidence)).encode()
        return await self._in_thread(partial(self._seal.seal, name, encoded))

    async def evidence(self, session: Session) -> Mapping[str, str]:
        if not session.sealed:
            return {}
        work = partial(self._seal.unseal, session.key_id, session.name, session.sealed)
        found: Mapping[str, str] = json.loads(await self._in_thread(work))
        return found

    def follow(self, told: Callable[[Collection[str]], object]) -> None:
        self._followers.append(told)

    def follow_choices(self, told: Callable[[SessionChoice], object]) -> None:
        self._choice_followers.append(told)

    def startService(self) -> None:
        super().startService()
        self._timer = self._clock.callLater(FLUSH_SECONDS, self._tick)

    def stopService(self) -> Deferred[None]:
        """Fires when the last uses are kept."""
        super().stopService()
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        return Deferred.fromCoroutine(self.flush())

    async def flush(self) -> None:
        """Keep when sessions were last used, and remove those that are over."""
        seen, self._unflushed = self._unflushed, {}
        for live in self._live.values():
            if live.is_touched:
                seen[live.session.digest] = live.seen
                live.is_touched = False
        try:
            await self._in_thread(partial(self._rows.touch, seen))
            if self._clock.seconds() - self._swept >= _SWEEP_SECONDS:
                await self._sweep()
        except ClaceError as error:
            self._unflushed = seen | self._unflushed
            self._log.warn("Sessions: {why}", why=error.message)

    async def _sweep(self) -> None:
        now = self._swept = self._clock.seconds()
        stored = await self._in_thread(self._rows.all)
        limits = [(row, self._limit(row, self._seen(row), now)) for row in stored]
        over = {row.digest: row for row, limit in limits if limit}
        if over:
            self._forget(over)
            await self._in_thread(partial(self._rows.delete, tuple(over)))
        for row, limit in limits:
            if limit:
                self.tell_end(row, limit)

    def _tick(self) -> None:
        self._timer = self._clock.callLater(FLUSH_SECONDS, self._tick)
        flushed = Deferred.fromCoroutine(self.flush())
        flushed.addErrback(lambda failure: self._log.failure("Sessions", failure))

    async def _load(self, digest: bytes) -> _LiveSession | None:
        while True:
            endings = self._endings
            row = await self._in_thread(partial(self._rows.find, digest))
            if endings == self._endings:
                break
        if row is None:
            return None
        return self._live.get(digest) or self._keep(row)

    def _keep(self, session: Session) -> _LiveSession:
        seen = self._unflushed.pop(session.digest, session.seen)
        live = self._live[session.digest] = self._by_name[session.name] = _LiveSession(
            session, self._until(session)
        )
        live.seen, live.is_touched = seen, seen > session.seen
        if len(self._live) > self._kept:
            digest, oldest = self._live.popitem(last=False)
            del self._by_name[oldest.session.name]
            if oldest.is_touched:
                self._unflushed[digest] = oldest.seen
        return live

    def _forget(self, ended: Mapping[bytes, Session]) -> None:
        """Let nobody find them any more, and tell whoever serves them now."""
        self._endings += 1
        self._each.remove(ended.values())
        for digest, session in ended.items():
            self._live.pop(digest, None)
            self._beginning.pop(digest, None)
            self._by_name.pop(session.name, None)
            self._unflushed.pop(digest, None)
        if ended:
            names = frozenset(one.name for one in ended.values())
            for told in self._followers:
                told(names)

    def _seen(self, row: Session) -> float:
        live = self._live.get(row.digest)
        return live.seen if live else self._unflushed.get(row.digest, row.seen)

    def _limit(self, session: Session, seen: float, now: float) -> str:
        """Return which limit the session has reached, or an empty text."""
        if now >= self._until(session):
            return TOO_OLD
        return UNUSED if self._idle and now - seen >= self._idle else ""

    def _until(self, session: Session) -> float:
        """Return the end of a session; a shorter age holds for existing sessions, too."""
        return min(session.until, session.made + self._limits.max_age)


def digest_of(secret: str) -> bytes:
    """The digest by which a session is found; the secret has 256 bits, so no salt is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
