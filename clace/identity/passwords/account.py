"""The one account of an administrator who comes over TCP."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from functools import partial

import bcrypt
from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from clace.identity.passwords.sign_ins import Attempt, SignIns
from clace.interfaces import IAccounts, ICredentials
from clace.model import Assurance, Identity
from clace.passwords import check_hash, encode_password
from clace.threads import InThread

REMEMBERED = 60.0
NO_ACCOUNT = "the administrator has no password"


class _Success(Struct, frozen=True):
    """Proof that a user and password were right: a digest that tells nothing without our key."""

    digest: bytes
    until: float


@implementer(ICredentials, IAccounts)
class AdminAccount:
    """A name and a bcrypt hash; without a name nobody gets in."""

    name = "system"
    title = "Administrator"

    def __init__(
        self,
        user: str,
        bcrypt_hash: str,
        clock: IReactorTime,
        in_thread: InThread,
        sign_ins: SignIns,
        *,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """:raises ConfigError: if there is a ``user`` and ``bcrypt_hash`` is invalid."""
        self._clock = clock
        self._in_thread = in_thread
        self._sign_ins = sign_ins
        self._key = random_bytes(32)
        self._success: _Success | None = None
        self.replace(user, bcrypt_hash)

    def replace(self, user: str, bcrypt_hash: str) -> None:
        """Use this account from now on; forget what was remembered of the old one.

        :raises ConfigError: if ``bcrypt_hash`` is invalid; the account stays as it was.
        """
        if user:
            check_hash(bcrypt_hash)
        self._user = user
        self._name = _bytes(user)
        self._hash = bcrypt_hash.encode("ascii")
        self._success = None
        self._identity = Identity(user_id=user, subject=user, assurance=Assurance.PASSWORD)
        self._fingerprint = hashlib.sha256(b"\0".join((self._name, self._hash))).hexdigest()

    def knows(self, user: str) -> bool:
        return bool(self._user) and self._is(user)

    def fingerprint(self, _identity: Identity) -> str:
        return self._fingerprint

    def current(self, identity: Identity, fingerprint: str) -> Identity | None:
        is_same = bool(self._user) and identity.user_id == self._user
        return identity if is_same and fingerprint == self._fingerprint else None

    @property
    def user_id(self) -> str:
        """Return the id of the administrator."""
        return self._user

    def named(self, user_id: str) -> Identity | None:
        """Return the administrator, who has proved nothing yet, if the id is theirs."""
        is_ours = bool(self._user) and user_id == self._user
        return replace(self._identity, assurance=Assurance.NONE) if is_ours else None

    async def prove(self, user: str, password: str, address: str) -> Identity:
        await self.check(user, password, address)
        return self._identity

    async def check(self, user: str, password: str, address: str) -> str:
        if not self._user:
            raise self._sign_ins.refuse_unchecked(self._attempt(address, user, b""), NO_ACCOUNT)
        # A locked pair learns nothing, not even from what others have just proved.
        self._sign_ins.admit(address, user)
        encoded = encode_password(password)
        digest = self._digest(user, encoded or b"")
        if encoded is not None and self._is_remembered(digest):
            return user
        attempt = self._attempt(address, user, digest)
        if encoded is None:
            raise self._sign_ins.refuse_unchecked(attempt, "no password can be like this")
        await self._sign_ins.attempt(attempt, partial(self._verify, user, encoded, digest))
        return user

    def _attempt(self, address: str, user: str, digest: bytes) -> Attempt:
        known = self._is(user)
        return Attempt(address=address, user=user, known=known, digest=digest, by=self.name)

    async def _verify(self, user: str, password: bytes, digest: bytes) -> bool:
        """The same work for every user: names are not told apart by time."""
        name, hashed = self._user, self._hash
        matches = await self._in_thread(lambda: bcrypt.checkpw(password, hashed))
        if not (matches & self._is(user) and (name, hashed) == (self._user, self._hash)):
            return False
        self._success = _Success(digest, self._clock.seconds() + REMEMBERED)
        return True

    def _is(self, user: str) -> bool:
        return hmac.compare_digest(_bytes(user), self._name)

    def _is_remembered(self, digest: bytes) -> bool:
        known = self._success
        return (
            known is not None
            and known.until > self._clock.seconds()
            and hmac.compare_digest(known.digest, digest)
        )

    def _digest(self, user: str, password: bytes) -> bytes:
        """Return a digest of the credentials; neither hash nor password holds a NUL."""
        text = b"\0".join((self._hash, password, _bytes(user)))
        return hmac.digest(self._key, text, hashlib.sha256)


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")
