"""The second factors of all users: enrolled, proved once each, and reset."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from clace.errors import BadRequest, SignInRefused
from clace.identity.factors import codes, passkeys
from clace.identity.factors.sealing import FactorSealing
from clace.identity.factors.tickets import Tickets
from clace.identity.passwords import Attempt, SignIns
from clace.interfaces import (
    NEEDS_FACTOR,
    CodeOffer,
    Demand,
    FactorKind,
    FactorListed,
    IFactorRows,
    ISecondFactors,
    PasskeyOffer,
    RelyingParty,
    StoredFactor,
)
from clace.model import Assurance, Identity
from clace.networks import site_of
from clace.threads import InThread

R = TypeVar("R")

MOST = 20
LABEL = 64
_LATE = "This page has expired. Begin again."
_ID_BYTES = 12
_CHOSEN = frozenset({FactorKind.TOTP, FactorKind.PASSKEY})


class FactorSurroundings(Struct, frozen=True):
    """Threads, time, randomness, and the name that authenticator apps show."""

    in_thread: InThread
    clock: IReactorTime
    random: Callable[[int], bytes]
    token: Callable[[int], str]
    issuer: str = "Clace"


class _Ceremony(Struct, frozen=True):
    """A challenge for a passkey: of one user, or of anybody."""

    challenge: bytes
    user_id: str
    is_enrolment: bool
    is_alone: bool = False


class _Secret(Struct, frozen=True):
    user_id: str
    secret: str


@implementer(ISecondFactors)
class SecondFactors:
    """The kinds of factors of each user are in memory, the factors in the database.

    :param is_required: users without a factor have to enrol one.
    """

    def __init__(
        self,
        rows: IFactorRows,
        sealing: FactorSealing,
        sign_ins: SignIns,
        around: FactorSurroundings,
        *,
        is_required: bool = False,
    ) -> None:
        self._rows = rows
        self._sealing = sealing
        self._sign_ins = sign_ins
        self._around = around
        self._is_required = is_required
        self._kinds: dict[str, frozenset[FactorKind]] = {}
        # What is in memory follows what was stored, in the same order.
        self._lock = DeferredLock()
        self.changed: Callable[[str], None] = lambda _user_id: None
        self._secrets: Tickets[_Secret] = Tickets(around.clock, around.token)
        self._ceremonies: Tickets[_Ceremony] = Tickets(around.clock, around.token)

    def load(self) -> None:
        """Read who has which factors. Blocks, and is for the time before the reactor runs."""
        self._kinds = {}
        for row in self._rows.all():
            self._kinds[row.user_id] = self._kinds.get(row.user_id, frozenset()) | {row.kind}

    def kinds(self, user_id: str) -> frozenset[FactorKind]:
        return self._kinds.get(user_id, frozenset()) & _CHOSEN

    def has_passkeys(self) -> bool:
        return any(FactorKind.PASSKEY in kinds for kinds in self._kinds.values())

    def demand(self, identity: Identity) -> Demand:
        if identity.assurance is not Assurance.PASSWORD:
            return Demand.NOTHING
        if identity.user_id in self._kinds and self.kinds(identity.user_id):
            return Demand.PROOF
        return Demand.ENROLMENT if self._is_required else Demand.NOTHING

    async def offer_codes(self, user_id: str, ticket: str = "") -> CodeOffer:
        before = self._secrets.look(ticket)
        if before is not None and before.user_id == user_id:
            secret = before.secret
        else:
            secret = codes.new_secret(self._around.random)
            ticket = self._secrets.issue(_Secret(user_id, secret), user_id)
        name = user_id.partition(":")[2] or user_id
        return CodeOffer(ticket, secret, codes.address_of(secret, name, self._around.issuer))

    async def accept_codes(self, user_id: str, ticket: str, code: str) -> tuple[str, ...]:
        offer = self._secrets.look(ticket)
        if offer is None or offer.user_id != user_id:
            raise SignInRefused(_LATE, "codes: no such offer")
        step = codes.step_of(offer.secret, codes.tidy_code(code), self._seconds(), 0)
        if step is None:
            raise BadRequest("The code is wrong. Wait for the next one and try again.")
        self._secrets.take(ticket)
        factor = await self._sealed(
            self._new(user_id, FactorKind.TOTP, "Authenticator app", step), offer.secret.encode()
        )
        return await self._enrol(factor, replaced=(FactorKind.TOTP,))

    async def renew_recovery(self, user_id: str) -> tuple[str, ...]:
        plain, rows = self._recovery(user_id)
        await self._run(lambda: self._rows.add(rows, (FactorKind.RECOVERY,)))
        return plain

    async def prove_code(self, user_id: str, code: str, address: str) -> None:
        attempt = self._attempt(user_id, address, "code")
        await self._sign_ins.attempt(attempt, partial(self._use_code, user_id, code))

    def check_alone(self, identity: Identity, address: str) -> None:
        if self.demand(identity) is Demand.NOTHING:
            return
        attempt = self._attempt(identity.user_id, address, "password")
        reason = "the second factor is missing"
        raise self._sign_ins.refuse(attempt, reason, NEEDS_FACTOR)

    async def offer_passkey(
        self, user_id: str, party: RelyingParty, *, alone: bool = False
    ) -> PasskeyOffer:
        known = await self._of(user_id, FactorKind.PASSKEY)
        challenge = self._around.random(passkeys.CHALLENGE_BYTES)
        options = await self._run(
            lambda: passkeys.creation_options(user_id, challenge, party, known, alone=alone)
        )
        ceremony = _Ceremony(challenge, user_id, is_enrolment=True, is_alone=alone)
        return PasskeyOffer(self._ceremonies.issue(ceremony, user_id), options)

    async def accept_passkey(
        self, user_id: str, ticket: str, answer: str, label: str, party: RelyingParty
    ) -> tuple[str, ...]:
        ceremony = self._ceremonies.take(ticket)
        if ceremony is None or not ceremony.is_enrolment or ceremony.user_id != user_id:
            raise SignInRefused(_LATE, "passkey: no such offer")
        passkeys.credential_of(answer)
        found = await self._run(
            lambda: passkeys.check_creation(
                answer, ceremony.challenge, party, alone=ceremony.is_alone
            )
        )
        named = label.strip()[:LABEL] or "Passkey"
        if not named.isprintable():
            raise BadRequest("a name has printable characters only")
        row = self._new(user_id, FactorKind.PASSKEY, named, found.counter, found.id)
        sealed = await self._sealed(row, found.public_key)
        return await self._enrol(sealed, with_recovery=not ceremony.is_alone)

    async def challenge(self, party: RelyingParty, address: str, user_id: str = "") -> PasskeyOffer:
        known = await self._of(user_id, FactorKind.PASSKEY) if user_id else ()
        challenge = self._around.random(passkeys.CHALLENGE_BYTES)
        options = await self._run(
            lambda: passkeys.request_options(challenge, party, known, verified=not user_id)
        )
        ceremony = _Ceremony(challenge, user_id, is_enrolment=False)
        return PasskeyOffer(self._ceremonies.issue(ceremony, user_id or site_of(address)), options)

    async def prove_passkey(
        self, ticket: str, answer: str, address: str, party: RelyingParty, user_id: str = ""
    ) -> str:
        ceremony = self._ceremonies.take(ticket)
        # A challenge for one user does not have the authenticator check who uses it.
        if ceremony is None or ceremony.is_enrolment or ceremony.user_id != user_id:
            raise SignInRefused(_LATE, "passkey: no such challenge")
        credential = passkeys.credential_of(answer)
        row = await self._run(lambda: self._rows.find(credential))
        if row is not None and (
            row.kind is not FactorKind.PASSKEY or ceremony.user_id not in {"", row.user_id}
        ):
            row = None
        claimed = row.user_id if row else user_id
        attempt = self._attempt(claimed, address, "passkey") if claimed else self._stranger(address)
        await self._sign_ins.attempt(
            attempt, partial(self._use_passkey, row, ceremony, answer, party)
        )
        if row is None:
            raise passkeys.refused("unknown")
        return row.user_id

    async def listed(self, user_id: str) -> tuple[FactorListed, ...]:
        rows = await self._run(lambda: self._rows.of(user_id))
        return tuple(
            FactorListed(row.id, row.kind, row.label, row.create_time, row.use_time) for row in rows
        )

    async def remove(self, user_id: str, factor_id: str) -> None:
        async with self._lock:
            rows = await self._of(user_id, *_CHOSEN)
            if factor_id not in {row.id for row in rows}:
                raise BadRequest("you have no such factor")
            if len(rows) == 1 and self._is_required:
                raise BadRequest("a second factor is required here: enrol another one first")
            await self._delete(user_id, (factor_id,) if len(rows) > 1 else None)
        if len(rows) > 1:
            # Whoever has what was lost may have signed in with it.
            self.changed(user_id)

    async def reset(self, user_id: str) -> int:
        async with self._lock:
            rows = await self._of(user_id, *_CHOSEN)
            await self._delete(user_id, None)
            return len(rows)

    async def _delete(self, user_id: str, ids: tuple[str, ...] | None) -> None:
        await self._run(lambda: self._rows.delete(user_id, ids))
        await self._learn(user_id)

    async def _use_code(self, user_id: str, typed: str) -> bool:
        code = codes.tidy_code(typed)
        if codes.is_app_code(code):
            for row in await self._of(user_id, FactorKind.TOTP):
                secret = await self._opened(row)
                step = codes.step_of(secret.decode(), code, self._seconds(), row.counter)
                if step is not None and await self._used(row, step):
                    return True
        if codes.is_recovery_code(code):
            found = codes.recovery_id(user_id, code)
            return await self._run(lambda: self._rows.delete(user_id, (found,))) > 0
        return False

    async def _use_passkey(
        self, row: StoredFactor | None, ceremony: _Ceremony, answer: str, party: RelyingParty
    ) -> bool:
        if row is None:
            return False
        public_key = await self._opened(row)
        check = partial(
            passkeys.check_answer,
            answer,
            ceremony.challenge,
            party,
            public_key,
            row.counter,
            verified=not ceremony.user_id,
        )
        try:
            found = await self._run(check)
        except SignInRefused:
            return False
        return await self._used(row, found.counter)

    async def _used(self, row: StoredFactor, counter: int) -> bool:
        """Record a use; false if somebody else has used the same one meanwhile."""
        now = self._now()
        return await self._run(lambda: self._rows.use(row.id, row.counter, counter, now))

    async def _enrol(
        self,
        factor: StoredFactor,
        replaced: tuple[FactorKind, ...] = (),
        *,
        with_recovery: bool = True,
    ) -> tuple[str, ...]:
        """Store a factor, and recovery codes with a user's first one after a password."""
        user_id = factor.user_id
        async with self._lock:
            before = await self._of(user_id, *FactorKind)
            if sum(row.kind in _CHOSEN for row in before) >= MOST:
                raise BadRequest(f"you have {MOST} factors already: remove one first")
            has_recovery = any(row.kind is FactorKind.RECOVERY for row in before)
            is_first = with_recovery and not has_recovery
            plain, rows = self._recovery(user_id) if is_first else ((), ())
            if not await self._run(lambda: self._rows.add((factor, *rows), replaced)):
                raise BadRequest("this passkey is enrolled already")
            await self._learn(user_id)
        return plain

    def _recovery(self, user_id: str) -> tuple[tuple[str, ...], tuple[StoredFactor, ...]]:
        plain = codes.new_recovery_codes(self._around.random)
        rows = tuple(
            self._new(
                user_id, FactorKind.RECOVERY, "Recovery code", 0, codes.recovery_id(user_id, code)
            )
            for code in plain
        )
        return plain, rows

    def _new(
        self, user_id: str, kind: FactorKind, label: str, counter: int, factor_id: str = ""
    ) -> StoredFactor:
        now = self._now()
        return StoredFactor(
            id=factor_id or self._around.token(_ID_BYTES),
            user_id=user_id,
            kind=kind,
            label=label,
            counter=counter,
            create_time=now,
            use_time=now,
        )

    async def _sealed(self, row: StoredFactor, value: bytes) -> StoredFactor:
        return replace(row, sealed=await self._sealing.seal(_name(row), value))

    async def _opened(self, row: StoredFactor) -> bytes:
        return await self._sealing.unseal(_name(row), row.sealed)

    async def _of(self, user_id: str, *kinds: FactorKind) -> tuple[StoredFactor, ...]:
        rows = await self._run(lambda: self._rows.of(user_id))
        return tuple(row for row in rows if row.kind in kinds)

    async def _learn(self, user_id: str) -> None:
        """Know the kinds that a user has now, and tell of the first and of the loss of the last."""
        before = self.kinds(user_id)
        rows = await self._of(user_id, *FactorKind)
        self._kinds[user_id] = frozenset(row.kind for row in rows)
        if not rows:
            del self._kinds[user_id]
        if bool(before) != bool(self.kinds(user_id)):
            self.changed(user_id)

    def _attempt(self, user_id: str, address: str, by: str) -> Attempt:
        """Return an attempt that counts wherever it comes from: its password was right already.

        Its digest is its own: a code that two send at once is right for one of them.
        """
        return Attempt(
            address=address,
            user=user_id,
            known=True,
            digest=self._around.random(32),
            place=f"second factor of {user_id}",
            by=by,
            wrong=f"wrong {by}",
        )

    def _stranger(self, address: str) -> Attempt:
        """Return an attempt with a passkey that nobody has enrolled."""
        digest = self._around.random(32)
        return Attempt(
            address=address,
            user="passkey",
            known=False,
            digest=digest,
            by="passkey",
            unknown="unknown passkey",
        )

    async def _run(self, work: Callable[[], R]) -> R:
        return await self._around.in_thread(work)

    def _seconds(self) -> float:
        return self._around.clock.seconds()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._seconds(), UTC)


def _name(row: StoredFactor) -> str:
    """Return the name that a secret is sealed under: it opens for no other row or user."""
    return f"factor:{row.user_id}:{row.id}"
