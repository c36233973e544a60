"""Passwords of builtin users."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

import bcrypt
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from clace.identity.passwords import Attempt, SignIns
from clace.interfaces import BUILTIN, IAccounts, IUsers, User, user_id_of
from clace.model import Assurance, Identity
from clace.passwords import COST, encode_password
from clace.threads import InThread

REMEMBERED = 60.0
CAPACITY = 1000
CHANGED = "the user or the password has changed meanwhile"
# Digits of a hash behind its salt.
_DIGITS = 31


@implementer(IAccounts)
class BuiltinAccounts:
    """Users with bcrypt hashes. Unknown names cost what known ones do, and count as they do."""

    name = BUILTIN
    title = "User name and password"

    def __init__(
        self,
        users: IUsers,
        clock: IReactorTime,
        in_thread: InThread,
        sign_ins: SignIns,
        *,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._users = users
        self._clock = clock
        self._in_thread = in_thread
        self._sign_ins = sign_ins
        self._key = random_bytes(32)
        # Digests of names and passwords that were right lately, the oldest first.
        self._right: OrderedDict[bytes, float] = OrderedDict()

    def knows(self, user: str) -> bool:
        return self._users.find(user) is not None

    def fingerprint(self, identity: Identity) -> str:
        return self._users.fingerprint(identity.user_id)

    def current(self, identity: Identity, fingerprint: str) -> Identity | None:
        found = self._users.of(identity.user_id)
        if found is None or self.fingerprint(identity) != fingerprint:
            return None
        # They may have changed while the user signed in.
        return identity if set(identity.groups) == set(found.groups) else None

    def named(self, user_id: str) -> Identity | None:
        """Return the user of an id, who has proved nothing yet."""
        found = self._users.of(user_id)
        return None if found is None else _identity(found, Assurance.NONE)

    async def prove(self, user: str, password: str, address: str) -> Identity:
        user_id = user_id_of(user)
        self._sign_ins.admit(address, user_id)
        encoded = encode_password(password)
        hashed = self._hash(user)
        digest = self._digest(user, hashed, encoded or b"")
        known = self.knows(user)
        attempt = Attempt(address=address, user=user_id, known=known, digest=digest, by=self.name)
        if encoded is None:
            raise self._sign_ins.refuse_unchecked(attempt, "no password can be like this")
        if not self._is_remembered(digest):
            verify = partial(self._verify, user, encoded, digest)
            await self._sign_ins.attempt(attempt, verify)
        # It may have changed while this waited for its turn.
        found = self._users.find(user)
        if found is None or not hashed or found.password != hashed:
            raise self._sign_ins.refuse(attempt, CHANGED)
        return _identity(found, Assurance.PASSWORD)

    async def _verify(self, user: str, password: bytes, digest: bytes) -> bool:
        hashed = self._hash(user)
        compared = (hashed or self._decoy(user)).encode("ascii")
        matches = await self._in_thread(lambda: bcrypt.checkpw(password, compared))
        if not (matches & bool(hashed) and self._hash(user) == hashed):
            return False
        self._right[digest] = self._clock.seconds() + REMEMBERED
        if len(self._right) > CAPACITY:
            self._right.popitem(last=False)
        return True

    def _hash(self, user: str) -> str:
        """Return the hash that counts now; empty for a user without a password, or unknown."""
        found = self._users.find(user)
        return found.password if found else ""

    def _decoy(self, user: str) -> str:
        """Return a hash of as many rounds as some user has: always as many for one name."""
        costs = self._users.hash_costs() or (COST,)
        number = int.from_bytes(hmac.digest(self._key, _bytes(user), hashlib.sha256)[:8], "big")
        return bcrypt.gensalt(costs[number % len(costs)]).decode("ascii") + "." * _DIGITS

    def _is_remembered(self, digest: bytes) -> bool:
        return self._right.get(digest, 0.0) > self._clock.seconds()

    def _digest(self, user: str, hashed: str, password: bytes) -> bytes:
        """Return a digest of the credentials; neither hash nor password holds a NUL."""
        text = b"\0".join((hashed.encode("ascii"), password, _bytes(user)))
        return hmac.digest(self._key, text, hashlib.sha256)


def _identity(user: User, assurance: Assurance) -> Identity:
    return Identity(
        user_id=user.user_id,
        subject=user.name,
        name=user.name,
        groups=user.groups,
        assurance=assurance,
    )


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")
