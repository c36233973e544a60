"""Second factors of users, and passkeys: their rows, and the ways to enrol and to prove them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from zope.interface import Attribute, Interface

from clace.model import Identity

NEEDS_FACTOR = "this account needs a second factor: sign in with a browser, or use an API token"


class FactorKind(StrEnum):
    """A kind of proof besides a password."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY = "recovery"


class StoredFactor(Struct, frozen=True, kw_only=True):
    """A factor in the database.

    ``counter`` is the last time step that was used, or the count that a passkey tells. ``sealed``
    is the secret of codes or the public key of a passkey; the id of a recovery code is its hash.
    """

    id: str
    user_id: str
    kind: FactorKind
    label: str = ""
    counter: int = 0
    sealed: bytes = b""
    create_time: datetime
    use_time: datetime

    def __repr__(self) -> str:
        return f"StoredFactor({self.kind} of {self.user_id})"


class IFactorRows(Interface):
    """Factors in a database. It blocks.

    :raises StoreError: from every method, if the database fails.
    """

    def all() -> tuple[StoredFactor, ...]:
        """Return all factors, the oldest first."""

    def of(user_id: str) -> tuple[StoredFactor, ...]:
        """Return the factors of a user, the oldest first."""

    def find(factor_id: str) -> StoredFactor | None:
        """Return the factor of this id."""

    def add(factors: Collection[StoredFactor], replaced: Collection[FactorKind] = ()) -> bool:
        """Store factors of one user in place of that user's of the kinds ``replaced``.

        Returns false, and stores nothing, if an id is taken.
        """

    def use(factor_id: str, before: int, counter: int, now: datetime) -> bool:
        """Set counter and time of use, unless the counter is not ``before`` any more."""

    def delete(user_id: str, ids: Collection[str] | None = None) -> int:
        """Delete factors of a user, all or those of these ids; return how many there were."""


class Demand(StrEnum):
    """The step that a sign-in with a right password still needs."""

    NOTHING = "nothing"
    PROOF = "proof"
    ENROLMENT = "enrolment"


class CodeOffer(Struct, frozen=True):
    """A new secret of codes for an authenticator app; ``ticket`` names it at the server."""

    ticket: str
    secret: str
    uri: str

    def __repr__(self) -> str:
        return "CodeOffer()"


class PasskeyOffer(Struct, frozen=True):
    """Options of a ceremony for the browser, as JSON; ``ticket`` names its challenge."""

    ticket: str
    options: str


class RelyingParty(Struct, frozen=True):
    """The host that passkeys are for, and the origin of its pages."""

    host: str
    origin: str


class FactorListed(Struct, frozen=True):
    """A factor as its user sees it."""

    id: str
    kind: FactorKind
    label: str
    create_time: datetime
    use_time: datetime


class ISecondFactors(Interface):
    """The second factors of builtin users and of the administrator."""

    changed: Callable[[str], None] = Attribute(
        "called with the id of a user whose first factor was enrolled, or one removed"
    )

    def kinds(user_id: str) -> frozenset[FactorKind]:
        """Return the kinds of factors that a user has, without recovery codes."""

    def has_passkeys() -> bool:
        """Tell whether anybody has enrolled a passkey."""

    def demand(identity: Identity) -> Demand:
        """Return the step that is missing for somebody who has proved a password, or more."""

    def check_alone(identity: Identity, address: str) -> None:
        """Check that what somebody has proved is enough, where no factor can be asked for.

        :raises NotAuthenticated: if a step is missing, which is recorded.
        """

    async def offer_codes(user_id: str, ticket: str = "") -> CodeOffer:
        """Make a secret that counts once a code of it was given to ``accept_codes``.

        ``ticket`` is that of an offer whose code was wrong: as long as it lasts it goes on, for
        the app knows its secret already.
        """

    async def accept_codes(user_id: str, ticket: str, code: str) -> tuple[str, ...]:
        """Enrol the secret of an offer in place of an older one; return new recovery codes.

        :raises BadRequest: if the code is wrong; the offer stays.
        :raises SignInRefused: if the offer is too old or of somebody else.
        """

    async def renew_recovery(user_id: str) -> tuple[str, ...]:
        """Return recovery codes in place of the older ones."""

    async def prove_code(user_id: str, code: str, address: str) -> None:
        """Check a code of the authenticator app, or use up a recovery code.

        :raises NotAuthenticated: if it is wrong or was used.
        :raises LockedOut: if there were too many failures.
        """

    async def offer_passkey(
        user_id: str, party: RelyingParty, *, alone: bool = False
    ) -> PasskeyOffer:
        """Begin the enrolment of a passkey, perhaps of one that does ``alone``, without a password:
        it has to check who uses it, and no recovery codes come with it.
        """

    async def accept_passkey(
        user_id: str, ticket: str, answer: str, label: str, party: RelyingParty
    ) -> tuple[str, ...]:
        """Enrol a passkey; return recovery codes if the user had no factor before.

        :raises SignInRefused: if the answer proves nothing, or the offer is too old.
        """

    async def challenge(party: RelyingParty, address: str, user_id: str = "") -> PasskeyOffer:
        """Begin a proof by a passkey: of a user, or of anybody whose authenticator knows who."""

    async def prove_passkey(
        ticket: str, answer: str, address: str, party: RelyingParty, user_id: str = ""
    ) -> str:
        """Return the id of the user whose passkey answered the challenge for ``user_id``.

        :raises SignInRefused: if the answer proves nothing.
        :raises LockedOut: if there were too many failures.
        """

    async def listed(user_id: str) -> tuple[FactorListed, ...]:
        """Return the factors of a user, the oldest first."""

    async def remove(user_id: str, factor_id: str) -> None:
        """Remove a factor; recovery codes go with the last one.

        :raises BadRequest: if the user has no such factor, or needs the last one.
        """

    async def reset(user_id: str) -> int:
        """Remove all factors of a user; return how many there were."""
