"""The step of a sign-in after a right password: a second factor is proved, or enrolled."""

from __future__ import annotations

from http import HTTPStatus

from msgspec.structs import replace

from clace.errors import BadRequest, LockedOut, NotAuthenticated, SignInRefused
from clace.interfaces import (
    Demand,
    FactorKind,
    IAppAuthentication,
    IAuditEvents,
    ISecondFactors,
    RelyingParty,
)
from clace.model import AppResponse, Assurance, Identity, deeds
from clace.web.login import factor_pages, pages
from clace.web.login.flow import SignInFlow, expired
from clace.web.login.heads import AskingHead
from clace.web.login.states import Pending, PendingSignIns
from clace.web.login.steps import OurRequest, Step

WRONG_CODE = "The code is wrong, or was used already. Wait for the next one and try again."
_LOCKED = HTTPStatus.TOO_MANY_REQUESTS
_NOT_HERE = "This passkey is of nobody who may sign in here."


class SecondStep:
    """Steps for browsers whose sign-in waits for a second factor, and for passkeys alone."""

    def __init__(
        self,
        flow: SignInFlow,
        pending: PendingSignIns,
        auth: IAppAuthentication,
        factors: ISecondFactors,
        audit: IAuditEvents,
    ) -> None:
        self._flow = flow
        self._pending = pending
        self._auth = auth
        self._factors = factors
        self._audit = audit

    def steps(self) -> dict[str, Step]:
        """Return the steps by the names that the table of routes has for them."""
        return {
            "factor_page": self.page,
            "factor_code": self.code,
            "factor_passkey": self.passkey,
            "factor_enrol_code": self.enrol_code,
            "factor_enrol_passkey": self.enrol_passkey,
            "factor_done": self.done,
            "passkey_page": self.passkey_page,
            "passkey": self.passkey_alone,
        }

    async def page(self, asked: OurRequest) -> AppResponse:
        """Ask for what is missing."""
        state = asked.parameters.get("state", "")
        return await self._page(state, asked.head)

    async def code(self, asked: OurRequest) -> AppResponse:
        """Check a code of the authenticator app, or a recovery code."""
        state, pending, identity = self._waiting(asked, Demand.PROOF)
        if pending is None:
            return expired()
        code = asked.form.get("code", "")
        try:
            await self._factors.prove_code(identity.user_id, code, asked.head.address)
        except NotAuthenticated:
            return await self._page(state, asked.head, WRONG_CODE)
        except LockedOut as error:
            return await self._page(state, asked.head, pages.sentence(error), _LOCKED)
        return self._proved(state, identity)

    async def passkey(self, asked: OurRequest) -> AppResponse:
        """Check the answer of a passkey of the user whose password was right."""
        state, pending, identity = self._waiting(asked, Demand.PROOF)
        if pending is None:
            return expired()
        try:
            await self._prove_passkey(asked, identity.user_id)
        except NotAuthenticated as error:
            return await self._page(state, asked.head, pages.sentence(error))
        except LockedOut as error:
            return await self._page(state, asked.head, pages.sentence(error), _LOCKED)
        return self._proved(state, identity)

    async def enrol_code(self, asked: OurRequest) -> AppResponse:
        """Enrol an authenticator app, whose first code proves that it works."""
        state, pending, identity = self._waiting(asked, Demand.ENROLMENT)
        if pending is None:
            return expired()
        ticket, code = asked.form.get("ticket", ""), asked.form.get("code", "")
        try:
            recovery = await self._factors.accept_codes(identity.user_id, ticket, code)
        except (BadRequest, SignInRefused) as error:
            return await self._not_enrolled(state, asked, identity, error)
        return self._enrolled(state, pending, recovery, asked.head)

    async def enrol_passkey(self, asked: OurRequest) -> AppResponse:
        """Enrol a passkey."""
        state, pending, identity = self._waiting(asked, Demand.ENROLMENT)
        if pending is None:
            return expired()
        form = asked.form
        try:
            recovery = await self._factors.accept_passkey(
                identity.user_id,
                form.get("ticket", ""),
                form.get("answer", ""),
                form.get("label", ""),
                party_of(asked.head),
            )
        except (BadRequest, SignInRefused) as error:
            return await self._not_enrolled(state, asked, identity, error)
        return self._enrolled(state, pending, recovery, asked.head)

    async def done(self, asked: OurRequest) -> AppResponse:
        """Go on after an enrolment, once the recovery codes were seen."""
        state, pending, identity = self._waiting(asked, Demand.NOTHING)
        return expired() if pending is None else self._flow.finish(state, identity)

    async def passkey_page(self, asked: OurRequest) -> AppResponse:
        """Ask for a passkey in place of a name and password."""
        return await self._alone(asked.parameters.get("state", ""), asked.head)

    async def passkey_alone(self, asked: OurRequest) -> AppResponse:
        """Sign in the owner of the passkey."""
        state = asked.form.get("state", "")
        pending = self._flow.asked(state)
        if pending is None:
            return expired()
        try:
            user_id = await self._prove_passkey(asked)
        except NotAuthenticated as error:
            return await self._alone(state, asked.head, pages.sentence(error))
        except LockedOut as error:
            return await self._alone(state, asked.head, pages.sentence(error), _LOCKED)
        for way in self._auth.ways(pending.setting):
            identity = way.accounts.named(user_id) if way.accounts else None
            if identity is not None:
                proved = replace(identity, assurance=Assurance.PASSKEY)
                return self._flow.finish(state, proved, way)
        self._refused("passkey", asked.head, "its user may not sign in here", user_id)
        return await self._alone(state, asked.head, _NOT_HERE)

    async def _prove_passkey(self, asked: OurRequest, user_id: str = "") -> str:
        """:raises NotAuthenticated: if the answer proves nothing; it is in the audit log then."""
        ticket, answer = asked.form.get("ticket", ""), asked.form.get("answer", "")
        head = asked.head
        try:
            return await self._factors.prove_passkey(
                ticket, answer, head.address, party_of(head), user_id
            )
        except SignInRefused as error:
            self._refused("passkey", asked.head, error.reason)
            raise

    def _refused(self, setting: str, head: AskingHead, reason: str, user: str = "") -> None:
        self._audit.record(deeds.sign_in_refused(setting, head.address, reason, user))

    def _waiting(self, asked: OurRequest, demand: Demand) -> tuple[str, Pending | None, Identity]:
        """Return the sign-in that waits for this step, and its user; nobody if it is missing."""
        state = asked.form.get("state", "")
        pending = self._look(state)
        identity = pending.waiting if pending else None
        if identity is None or self._factors.demand(identity) is not demand:
            return state, None, Identity()
        return state, pending, identity

    def _look(self, state: str) -> Pending | None:
        """Return a sign-in that waits, unless its password was changed, or its user, meanwhile."""
        pending = self._pending.look(state)
        if pending is None or pending.waiting is None:
            return None
        way = self._auth.way(pending.way)
        is_current = way is not None and way.fingerprint(pending.waiting) == pending.fingerprint
        return pending if is_current else None

    def _proved(self, state: str, identity: Identity) -> AppResponse:
        return self._flow.finish(state, replace(identity, assurance=Assurance.SECOND_FACTOR))

    def _enrolled(
        self, state: str, pending: Pending, recovery: tuple[str, ...], head: AskingHead
    ) -> AppResponse:
        assert pending.waiting is not None
        identity = replace(pending.waiting, assurance=Assurance.SECOND_FACTOR)
        self._audit.record(
            deeds.account_changed(identity.user_id, "second factor enrolled", head.address)
        )
        # With a user's first factor all that was proved without one ends, this sign-in among it.
        self._pending.take(state)
        enrolled = self._pending.add(replace(pending, waiting=identity))
        return factor_pages.enrolled_page(enrolled, recovery, pending.origin)

    async def _not_enrolled(
        self, state: str, asked: OurRequest, identity: Identity, error: BadRequest | SignInRefused
    ) -> AppResponse:
        """Ask once more; an answer that no page of ours asked for is recorded."""
        if isinstance(error, SignInRefused):
            self._refused("enrolment", asked.head, error.reason, identity.user_id)
        ticket = asked.form.get("ticket", "")
        return await self._page(state, asked.head, pages.sentence(error), ticket=ticket)

    async def _page(
        self,
        state: str,
        head: AskingHead,
        error: str = "",
        status: int = HTTPStatus.OK,
        *,
        ticket: str = "",
    ) -> AppResponse:
        pending = self._look(state)
        if pending is None or pending.waiting is None:
            return expired()
        user_id, demand = pending.waiting.user_id, self._factors.demand(pending.waiting)
        if demand is Demand.NOTHING:
            return factor_pages.enrolled_page(state, (), pending.origin)
        if demand is Demand.ENROLMENT:
            offers = factor_pages.Offers(
                codes=await self._factors.offer_codes(user_id, ticket),
                passkey=await self._factors.offer_passkey(user_id, party_of(head)),
            )
            return factor_pages.enrolment_page(state, offers, error, status)
        kinds = self._factors.kinds(user_id)
        challenge = None
        if FactorKind.PASSKEY in kinds:
            challenge = await self._factors.challenge(party_of(head), head.address, user_id)
        proof = factor_pages.Proof(
            state=state,
            origin=pending.origin,
            has_codes=FactorKind.TOTP in kinds,
            challenge=challenge,
            error=error,
        )
        return factor_pages.proof_page(proof, status)

    async def _alone(
        self, state: str, head: AskingHead, error: str = "", status: int = HTTPStatus.OK
    ) -> AppResponse:
        pending = self._flow.asked(state)
        if pending is None:
            return expired()
        challenge = await self._factors.challenge(party_of(head), head.address)
        return factor_pages.passkey_page(state, pending.origin, challenge, error, status)


def party_of(head: AskingHead) -> RelyingParty:
    """Return the host that passkeys are for: the one with the pages, as it was asked for."""
    return RelyingParty(head.host, head.origin)
