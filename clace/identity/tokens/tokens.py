"""The API tokens: rows in the database, the ones in use in memory too."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct
from msgspec.structs import replace
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from clace.errors import ClaceError
from clace.identity.passwords import Attempt, SignIns
from clace.identity.tokens.text import digest_of, is_token, make_token
from clace.interfaces import APIToken, IAPITokens, ITokenRows, NewAPIToken
from clace.model import Assurance, Identity
from clace.threads import InThread

FLUSH_SECONDS = 60.0
LONGEST_WAIT = 2 * FLUSH_SECONDS
KEPT = 10_000
_ID_LENGTH = 12
_NOBODY = "an API token"
_BY = "token"
_OVER = "the token has ended, or its user is gone"
OwnerNow = Callable[[Identity], Identity | None]
"""The user of a token as of now, with the groups of now; None if the user is gone."""


class TokenSurroundings(Struct, frozen=True):
    """The time, threads for the rows, the gate of sign-ins, and the users."""

    clock: IReactorTime
    in_thread: InThread
    sign_ins: SignIns
    owner_now: OwnerNow


@implementer(IAPITokens)
class APITokens(Service):
    """Tokens in use are found in memory; the time of their last use is written once a minute."""

    _log = Logger()

    def __init__(
        self,
        rows: ITokenRows,
        around: TokenSurroundings,
        *,
        random: Callable[[int], bytes] = secrets.token_bytes,
        kept: int = KEPT,
    ) -> None:
        self.setName("API tokens")
        self._rows = rows
        self._clock = around.clock
        self._in_thread = around.in_thread
        self._sign_ins = around.sign_ins
        self._owner_now = around.owner_now
        self._random = random
        self._kept = kept
        self._live: OrderedDict[str, APIToken] = OrderedDict()
        self._used: dict[str, datetime] = {}
        # Counted so that a row that was read before tokens ended is read again.
        self._endings = 0
        # Revoked, and still in the database: for a moment, or because it could not delete them.
        self._revoked: set[str] = set()
        self._followers: list[Callable[[Collection[str]], object]] = []
        self._timer: IDelayedCall | None = None
        self._expiry: IDelayedCall | None = None

    async def create(self, new: NewAPIToken) -> tuple[str, APIToken]:
        secret = make_token(self._random)
        digest = digest_of(secret)
        token = APIToken(
            id=_id_of(digest),
            digest=digest,
            user_id=new.identity.user_id,
            groups=new.identity.groups,
            permissions=new.scope.permissions,
            apps=new.scope.apps,
            description=new.description,
            create_time=self._now(),
            expire_time=new.expire_time,
        )
        await self._in_thread(partial(self._rows.add, token))
        return secret, token

    async def tokens(self) -> tuple[APIToken, ...]:
        stored = await self._in_thread(self._rows.all)
        return tuple(replace(one, use_time=self._used.get(one.id, one.use_time)) for one in stored)

    async def revoke(self, token_id: str) -> bool:
        self._revoked.add(token_id)
        self._forget(token_id)  # at once, whatever the database does
        is_gone = await self._in_thread(partial(self._rows.delete, token_id))
        self._forget(token_id)  # it may have been read in between
        self._revoked.discard(token_id)
        return is_gone

    async def prove(self, secret: str, address: str) -> Identity:
        if not is_token(secret):
            attempt = Attempt(address=address, user=_NOBODY, known=False, digest=b"", by=_BY)
            raise self._sign_ins.refuse_unchecked(attempt, "no API token is like this")
        digest = digest_of(secret)
        # A locked network learns nothing, not even that a token is right.
        self._sign_ins.admit(address, _id_of(digest))
        token = self._live.get(digest)
        if token is None or self._identity(token) is None:
            token = await self._first_use(digest, address)
        identity = self._identity(token)
        if identity is None:
            raise self._sign_ins.refuse(_attempt(digest, address, known=True), _OVER)
        self._used[token.id] = self._now()
        return identity

    def follow(self, told: Callable[[Collection[str]], object]) -> None:
        self._followers.append(told)

    def startService(self) -> None:
        super().startService()
        self._timer = self._clock.callLater(FLUSH_SECONDS, self._tick)

    def stopService(self) -> Deferred[None]:
        """Fires when the last uses are kept."""
        super().stopService()
        for timer in (self._timer, self._expiry):
            if timer is not None and timer.active():
                timer.cancel()
        self._timer = self._expiry = None
        return Deferred.fromCoroutine(self.flush())

    async def flush(self) -> None:
        """Keep when tokens were last used."""
        used, self._used = self._used, {}
        try:
            if used:
                await self._in_thread(partial(self._rows.touch, used))
        except ClaceError as error:
            self._used = used | self._used
            self._log.warn("API tokens: {why}", why=error.message)

    async def _first_use(self, digest: str, address: str) -> APIToken:
        """Look a token up, and count the try: whoever guesses is stopped.

        :raises NotAuthenticated: if it is unknown or over, or its user is gone.
        """
        found = await self._load(digest)
        is_right = found is not None and self._identity(found) is not None
        attempt = _attempt(digest, address, known=found is not None)

        async def verify() -> bool:
            return is_right

        await self._sign_ins.attempt(attempt, verify)
        # It may have been revoked while this waited for its turn.
        kept = self._live.get(digest) or await self._load(digest)
        if kept is None:
            raise self._sign_ins.refuse(attempt, _OVER)
        return kept

    async def _load(self, digest: str) -> APIToken | None:
        while True:
            endings = self._endings
            row = await self._in_thread(partial(self._rows.find, digest))
            if endings == self._endings:
                break
        if row is None or row.id in self._revoked:
            return None
        self._live[digest] = row
        if len(self._live) > self._kept:
            self._live.popitem(last=False)
        self._look_at_end_of(row)
        return row

    def _look_at_end_of(self, token: APIToken) -> None:
        """Wake when the first of the tokens in use is over: requests may be open by it."""
        left = max(0.0, (token.expire_time - self._now()).total_seconds())
        expiry = self._expiry
        if not self.running or left > LONGEST_WAIT:
            return
        if expiry is not None and expiry.active():
            if expiry.getTime() <= self._clock.seconds() + left:
                return
            expiry.cancel()
        self._expiry = self._clock.callLater(left, self._expire)

    def _expire(self) -> None:
        now = self._now()
        for token in [one for one in self._live.values() if one.expire_time <= now]:
            self._forget(token.id)
        for token in self._live.values():
            self._look_at_end_of(token)

    def _identity(self, token: APIToken) -> Identity | None:
        """The user of a token that is not over."""
        if token.expire_time <= self._now():
            return None
        return self._owner_now(
            Identity(
                user_id=token.user_id,
                name=token.user_id,
                groups=token.groups,
                assurance=Assurance.TOKEN,
                token_id=token.id,
                scope=token.scope,
            )
        )

    def _forget(self, token_id: str) -> None:
        """Let nobody use a token any more, and tell whoever serves it now."""
        self._endings += 1
        self._used.pop(token_id, None)
        for digest in [key for key, one in self._live.items() if one.id == token_id]:
            del self._live[digest]
        for told in self._followers:
            told((token_id,))

    def _tick(self) -> None:
        self._timer = self._clock.callLater(FLUSH_SECONDS, self._tick)
        for token in self._live.values():
            self._look_at_end_of(token)
        flushed = Deferred.fromCoroutine(self.flush())
        flushed.addErrback(lambda failure: self._log.failure("API tokens", failure))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.seconds(), UTC)


def _id_of(digest: str) -> str:
    return f"tok_{digest[:_ID_LENGTH]}"


def _attempt(digest: str, address: str, *, known: bool) -> Attempt:
    """Return the use of a token, which is named by its id and not by a user."""
    return Attempt(
        address=address,
        user=_id_of(digest),
        known=known,
        digest=bytes.fromhex(digest),
        by=_BY,
        wrong=_OVER,
        unknown="unknown token",
    )
