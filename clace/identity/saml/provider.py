"""A SAML provider as one of the ways to sign in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from clace.errors import ProviderUnavailable, SignInRefused
from clace.identity.saml import sign_outs
from clace.identity.saml.assertions import Accepted, ExpectedAnswer, accepted, first_values
from clace.identity.saml.keys import SamlKey
from clace.identity.saml.markup import refused
from clace.identity.saml.messages import (
    Envelope,
    Subject,
    from_form,
    sent,
    sign_in_request,
    sign_out_answer,
    sign_out_request,
)
from clace.identity.saml.metadata import POST, REDIRECT, IdentityProvider, OurSide, our_metadata
from clace.identity.saml.replays import Replays
from clace.identity.saml.signatures import UNVERIFIED
from clace.identity.saml.source import ProviderMetadata
from clace.interfaces import (
    Arrival,
    Departure,
    EndedElsewhere,
    ISignInProvider,
    ISingleSignOut,
    Rechecked,
    SignedIn,
    SignedOut,
    SignOutNotice,
)
from clace.model import Assurance, Identity
from clace.threads import InThread

GROUPS = (
    "groups",
    "memberOf",
    "roles",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
)
NAMES = (
    "displayName",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "cn",
    "urn:oid:2.5.4.3",
)
T = TypeVar("T")


class SamlOptions(Struct, frozen=True, kw_only=True):
    """An entry of the configuration, as far as it decides about messages."""

    name: str
    groups_attr: str = ""
    use_post: bool = False
    force_authn: bool = False


class Surroundings(Struct, frozen=True):
    """The means of a provider: threads for XML, the time, and numbers nobody guesses."""

    in_thread: InThread
    clock: IReactorTime
    new_number: Callable[[], str]


@implementer(ISignInProvider, ISingleSignOut)
class SamlProvider:
    """The flow of a browser: away with a request, back with a signed assertion that answers it."""

    _log = Logger()

    def __init__(
        self,
        options: SamlOptions,
        ours: OurSide,
        metadata: ProviderMetadata,
        key: SamlKey | None,
        around: Surroundings,
        replays: Replays,
        fingerprint: str,
    ) -> None:
        self.name = options.name
        self.title = options.name.removeprefix("saml_")
        self.fingerprint = fingerprint
        self._options = options
        self._ours = ours
        self._metadata = metadata
        self._key = key
        self._around = around
        self._replays = replays
        self._logged = ""

    def metadata(self) -> bytes:
        return our_metadata(self._ours, self._key)

    def look(self) -> None:
        """Look at the provider's metadata ahead of the first who signs in; the log has what fails.

        It may fail: only sign-ins with this provider do so too then.
        """
        looked = Deferred.fromCoroutine(self._way_in())
        looked.addErrback(lambda failure: failure.trap(ProviderUnavailable))

    async def begin(self, state: str) -> Departure:
        binding, address = await self._way_in()
        envelope = self._envelope(address)
        request = sign_in_request(envelope, force=self._options.force_authn)
        way = await self._around.in_thread(
            lambda: sent(request, "SAMLRequest", binding, self._key, state)
        )
        kept = {"request": envelope.number}
        if self._options.force_authn:
            kept["anew"] = repr(envelope.now)
        return Departure(way.url, way.fields, kept)

    async def finish(self, arrival: Arrival) -> SignedIn:
        request = arrival.kept.get("request")
        if not request:
            raise refused("the answer is to no request of ours")
        text = arrival.parameters.get("SAMLResponse")
        if not text:
            raise refused("the response is missing")
        anew = arrival.kept.get("anew")
        check = partial(self._accept, text, request, float(anew) if anew else None)
        found = await self._checked(check)
        self._replays.take(self.name, found.number, found.until)
        return SignedIn(identity=self._identity(found), evidence=_evidence(found))

    async def recheck(self, evidence: Mapping[str, str]) -> Rechecked | None:
        """SAML cannot be asked again: a session holds until the end that the provider named."""
        until = evidence.get("until")
        if until and float(until) <= self._around.clock.seconds():
            return None
        return Rechecked(evidence=evidence)

    async def sign_out(self, evidence: Mapping[str, str]) -> Departure | None:
        provider = await self._metadata.current()
        way = _way(provider, self._options.use_post)
        if way is None or not evidence.get("name_id"):
            return None
        binding, address = way
        subject = Subject(**{name: evidence.get(name, "") for name in Subject.__struct_fields__})
        request = sign_out_request(self._envelope(address), subject)
        return await self._around.in_thread(
            lambda: sent(request, sign_outs.REQUEST, binding, self._key)
        )

    async def receive(self, notice: SignOutNotice) -> SignedOut:
        ended = await self._checked(partial(self._read_notice, notice))
        if ended is None:
            return SignedOut()
        self._replays.take(self.name, ended.number, ended.until)
        return SignedOut(
            ended=tuple(
                EndedElsewhere(subject=ended.name_id, index=index)
                for index in ended.indexes or ("",)
            ),
            answer=await self._answer(ended.number, notice),
        )

    async def _way_in(self) -> tuple[str, str]:
        """Return the binding and address of sign-ins.

        :raises ProviderUnavailable: if the provider takes none as they are configured.
        """
        provider = await self._metadata.current()
        binding = POST if self._options.use_post else REDIRECT
        address = provider.sign_in.get(binding)
        if address is None:
            raise self._unusable(f"{self.title} has no address for {_short(binding)}")
        if provider.wants_signed and self._key is None:
            raise self._unusable(f"{self.title} takes signed requests only: set sp_key_file")
        return binding, address

    def _unusable(self, reason: str) -> ProviderUnavailable:
        """Return a refusal that only the operator can mend; every visitor gets it, so the log has
        it once.
        """
        if reason != self._logged:
            self._logged = reason
            self._log.error(
                "Cannot use the SAML provider {name}: {reason}", name=self.name, reason=reason
            )
        return ProviderUnavailable(reason)

    async def _answer(self, number: str, notice: SignOutNotice) -> Departure | None:
        provider = await self._metadata.current()
        way = _way(provider, self._options.use_post)
        if way is None:
            return None
        binding, address = way
        address = provider.sign_out_answers.get(binding, address)
        answer = sign_out_answer(self._envelope(address), number)
        relayed = notice.parameters.get("RelayState", "")
        return await self._around.in_thread(
            lambda: sent(answer, sign_outs.ANSWER, binding, self._key, relayed)
        )

    async def _checked(self, check: Callable[[IdentityProvider, float], T]) -> T:
        """Check in a thread; what no known key has signed, once more with the keys of today."""
        now = self._around.clock.seconds()
        provider = await self._metadata.current()
        try:
            return await self._around.in_thread(partial(check, provider, now))
        except SignInRefused as error:
            newer = await self._metadata.newer() if error.reason == UNVERIFIED else None
            if newer is None:
                raise
        return await self._around.in_thread(partial(check, newer, now))

    def _accept(
        self, text: str, request: str, anew: float | None, provider: IdentityProvider, now: float
    ) -> Accepted:
        expected = ExpectedAnswer(
            provider=provider, ours=self._ours, request=request, now=now, anew=anew
        )
        return accepted(from_form(text), expected)

    def _read_notice(
        self, notice: SignOutNotice, provider: IdentityProvider, now: float
    ) -> sign_outs.Ended | None:
        return sign_outs.read_notice(notice, provider, self._ours, now)

    def _identity(self, found: Accepted) -> Identity:
        name_id = found.subject.name_id
        wanted = self._options.groups_attr
        groups = first_values(found.attributes, (wanted, *GROUPS) if wanted else GROUPS)
        return Identity(
            user_id=self._user_id(name_id),
            subject=name_id,
            name=next(iter(first_values(found.attributes, NAMES)), name_id),
            groups=tuple(dict.fromkeys(groups)),
            assurance=Assurance.SSO,
        )

    def _user_id(self, name_id: str) -> str:
        return f"{self.name}:{name_id}"

    def _envelope(self, address: str) -> Envelope:
        return Envelope(
            # An ID of XML begins with no digit.
            number=f"_{self._around.new_number()}",
            now=self._around.clock.seconds(),
            ours=self._ours,
            to=address,
        )


def _way(provider: IdentityProvider, use_post: bool) -> tuple[str, str] | None:  # noqa: FBT001
    """Return a binding and address for single logout: the configured one, or the other."""
    order = (POST, REDIRECT) if use_post else (REDIRECT, POST)
    found = ((binding, provider.sign_out.get(binding)) for binding in order)
    return next(((binding, address) for binding, address in found if address), None)


def _short(binding: str) -> str:
    return binding.rpartition(":")[2]


def _evidence(found: Accepted) -> dict[str, str]:
    subject = found.subject
    kept = {name: getattr(subject, name) for name in subject.__struct_fields__}
    if found.session_until is not None:
        kept["until"] = repr(found.session_until)
    return {name: value for name, value in kept.items() if value}
