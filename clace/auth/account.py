"""The one account of an administrator who comes over TCP."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

import bcrypt
from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from clace.auth.lockout import Lockout, pair
from clace.errors import LockedOut, NotAuthenticated
from clace.interfaces import ICredentials
from clace.passwords import check_hash, encode_password
from clace.threads import InThread

REMEMBERED = 60.0
WAITING = 32


class _Success(Struct, frozen=True):
    """That a user and password were right, as a digest that tells nothing without our key."""

    digest: bytes
    until: float


@implementer(ICredentials)
class AdminAccount:
    """A name and a bcrypt hash; without a name there is no account and nobody gets in."""

    def __init__(
        self,
        user: str,
        bcrypt_hash: str,
        clock: IReactorTime,
        in_thread: InThread,
        *,
        lockout: Lockout | None = None,
        waiting: int = WAITING,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """:raises ConfigError: ``bcrypt_hash`` is none; without a ``user`` it need not be one."""
        self._clock = clock
        self._in_thread = in_thread
        self._lockout = lockout or Lockout(clock)
        self._waiting = waiting
        self._key = random_bytes(32)
        self._success: _Success | None = None
        self._checks: dict[tuple[bytes, bytes], list[Deferred[None]]] = {}
        self.replace(user, bcrypt_hash)

    def replace(self, user: str, bcrypt_hash: str) -> None:
        """The account from now on; what was remembered of the old one is forgotten.

        :raises ConfigError: ``bcrypt_hash`` is none; the account stays as it was.
        """
        if user:
            check_hash(bcrypt_hash)
        self._user = user
        self._hash = bcrypt_hash
        self._success = None

    def holds(self, user_id: str, _permission: str) -> bool:
        """Whether the user holds a permission: the administrator all of them, nobody else any."""
        return bool(self._user) and user_id == self._user

    async def check(self, user: str, password: str, address: str) -> str:
        key = pair(address, user)
        if not self._user:
            raise NotAuthenticated("Authentication failed")
        # A locked pair learns nothing, not even from what others have just proved.
        self._lockout.check(key)
        encoded = encode_password(password)
        if encoded is None:
            self._lockout.count(key)
            raise NotAuthenticated("Authentication failed")
        digest = self._digest(user, encoded)
        if not self._is_remembered(digest):
            await self._check_once(key, digest, user, encoded)
        return user

    async def _check_once(self, key: bytes, digest: bytes, user: str, password: bytes) -> None:
        """Check the password; those who ask the same at once share one answer."""
        waiter: Deferred[None] = Deferred()
        if waiters := self._checks.get((key, digest)):
            waiters.append(waiter)
            await waiter
            return
        if len(self._checks) >= self._waiting:
            raise LockedOut("too many sign-ins are being checked; try again", retry_after=1)
        self._lockout.count(key)
        self._checks[key, digest] = [waiter]
        # The check belongs to nobody's request: a caller who leaves does not end it for the others.
        work = Deferred.fromCoroutine(self._verify(user, password, digest))
        work.addBoth(self._tell, key, digest)
        await waiter

    async def _verify(self, user: str, password: bytes, digest: bytes) -> None:
        """The same work for every user: names are not told apart by time."""
        name, hashed = self._user, self._hash
        matches = await self._in_thread(lambda: bcrypt.checkpw(password, hashed.encode("ascii")))
        known = hmac.compare_digest(
            user.encode("utf-8", "surrogatepass"), name.encode("utf-8", "surrogatepass")
        )
        if not (matches & known and (name, hashed) == (self._user, self._hash)):
            raise NotAuthenticated("Authentication failed")
        self._success = _Success(digest, self._clock.seconds() + REMEMBERED)

    def _tell(self, result: Failure | None, key: bytes, digest: bytes) -> None:
        if result is None:
            self._lockout.forgive(key)
        for waiter in self._checks.pop((key, digest)):
            waiter.callback(result)

    def _is_remembered(self, digest: bytes) -> bool:
        known = self._success
        return (
            known is not None
            and known.until > self._clock.seconds()
            and hmac.compare_digest(known.digest, digest)
        )

    def _digest(self, user: str, password: bytes) -> bytes:
        """What stands for these credentials in memory; neither hash nor password holds a NUL."""
        name = user.encode("utf-8", "surrogatepass")
        text = b"\0".join((self._hash.encode("ascii"), password, name))
        return hmac.digest(self._key, text, hashlib.sha256)
