"""Sign-ins with a password, whatever form asks for it: limited, in fair turns, and recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from clace.errors import NotAuthenticated
from clace.identity.passwords.lockout import Lockout
from clace.identity.passwords.turns import Lane, Turns
from clace.networks import network_of

REFUSED = "Authentication failed"


class Attempt(Struct, frozen=True, kw_only=True):
    """A name and password from an address; ``digest`` stands for both, ``known`` is a name that
    exists. ``place`` is counted in place of the address's network.

    ``by`` is the kind of sign-in, as the audit log names it, and the rest are its words for a
    proof that is wrong, and for a name that is not known.
    """

    address: str
    user: str
    known: bool
    digest: bytes
    place: str = ""
    by: str
    wrong: str = "wrong password"
    unknown: str = "unknown name"

    @property
    def network(self) -> str:
        return self.place or network_of(self.address)

    @property
    def reason(self) -> str:
        """The check that fails if the proof is not right."""
        return self.wrong if self.known else self.unknown


class Witness(Protocol):
    """Told how sign-ins ended."""

    def failed(self, attempt: Attempt, reason: str) -> None:
        """Keep a refusal; ``reason`` says nothing of the password."""

    def unchecked(self, attempt: Attempt, reason: str) -> None:
        """Keep the refusal of a password that was not checked; a stranger can cause any number."""

    def locked(self, attempt: Attempt) -> None:
        """Keep the begin of a lock."""

    def recovered(self, attempt: Attempt, failures: int) -> None:
        """Keep a sign-in that came after failures."""


class SignIns:
    """Let passwords be checked; the same one asked for at the same time is checked once."""

    def __init__(
        self,
        clock: IReactorTime,
        witness: Witness,
        *,
        lockout: Lockout | None = None,
        turns: Turns | None = None,
    ) -> None:
        self.lockout = lockout or Lockout(clock)
        self._turns = turns or Turns(clock)
        self._witness = witness
        self._waiting: dict[tuple[str, bytes], list[Deferred[None]]] = {}

    def admit(self, address: str, user: str) -> None:
        """:raises LockedOut: if the user may not try from this address now."""
        self.lockout.check(network_of(address), user)

    def refuse_unchecked(self, attempt: Attempt, reason: str) -> NotAuthenticated:
        """Return the refusal of what no password can be; it is counted against nobody.

        Counting what costs no work would let a stranger fill every table.
        """
        self._witness.unchecked(attempt, reason)
        return NotAuthenticated(REFUSED)

    def refuse(self, attempt: Attempt, reason: str, message: str = REFUSED) -> NotAuthenticated:
        """Return the refusal of a proof that is right and yet not enough, which is recorded."""
        self._witness.failed(attempt, reason)
        return NotAuthenticated(message)

    async def attempt(self, attempt: Attempt, verify: Callable[[], Awaitable[bool]]) -> None:
        """Check a password by ``verify``, which has to take as long for names that do not exist.

        :raises NotAuthenticated: if it is wrong.
        :raises LockedOut: if there were too many failures, or too many wait.
        """
        self.lockout.check(attempt.network, attempt.user)
        key = attempt.network, attempt.digest
        waiter: Deferred[None] = Deferred()
        if waiters := self._waiting.get(key):
            waiters.append(waiter)
        else:
            self._waiting[key] = [waiter]
            # The check belongs to nobody's request: who leaves does not end it for the others.
            work = Deferred.fromCoroutine(self._in_turn(attempt, verify))
            work.addBoth(self._tell, key)
        await waiter

    async def _in_turn(self, attempt: Attempt, verify: Callable[[], Awaitable[bool]]) -> None:
        network, user = attempt.network, attempt.user
        trusted = self.lockout.trusts(network, user)
        await self._turns.take(Lane(network, user if trusted else ""))
        try:
            # Others who waited too may have failed; many at once are no way round the limit.
            self.lockout.check(network, user)
            is_last = self.lockout.count(network, user, known=attempt.known)
            if await verify():
                self._succeeded(attempt)
                return
        finally:
            self._turns.give_back()
        self._witness.failed(attempt, attempt.reason)
        if is_last:
            self._witness.locked(attempt)
        raise NotAuthenticated(REFUSED)

    def _succeeded(self, attempt: Attempt) -> None:
        failures = self.lockout.forgive(attempt.network, attempt.user) - 1
        if failures > 0:
            self._witness.recovered(attempt, failures)

    def _tell(self, result: Failure | None, key: tuple[str, bytes]) -> None:
        for waiter in self._waiting.pop(key):
            waiter.callback(result)
