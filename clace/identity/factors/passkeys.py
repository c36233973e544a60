"""Passkeys (WebAuthn): options for browsers, and checks of their answers.

The library is imported by the first ceremony, and works in threads: it takes time to import.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from clace import base64url
from clace.errors import SignInRefused
from clace.interfaces import RelyingParty, StoredFactor

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

TITLE = "Clace"
CHALLENGE_BYTES = 32
MAX_ANSWER = 16 * 1024
_REFUSED = "The passkey was not accepted. Try again."


class Enrolled(Struct, frozen=True):
    """A new passkey: its id, its public key and its count."""

    id: str
    public_key: bytes
    counter: int


class Answered(Struct, frozen=True):
    """A right answer: the count that the passkey tells now, and whether it checked its user."""

    counter: int
    is_verified: bool


def creation_options(
    user_id: str,
    challenge: bytes,
    party: RelyingParty,
    known: Collection[StoredFactor],
    *,
    alone: bool,
) -> str:
    """Return options for ``navigator.credentials.create`` as JSON.

    A passkey that is to do ``alone`` has to know who it is for, and to check who uses it.
    """
    import webauthn  # noqa: PLC0415 - see above
    from webauthn.helpers.structs import (  # noqa: PLC0415
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    resident, wanted = ResidentKeyRequirement, UserVerificationRequirement
    options = webauthn.generate_registration_options(
        rp_id=party.host,
        rp_name=TITLE,
        user_name=user_id,
        user_id=hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).digest(),
        user_display_name=user_id.partition(":")[2] or user_id,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=resident.REQUIRED if alone else resident.PREFERRED,
            user_verification=wanted.REQUIRED if alone else wanted.PREFERRED,
        ),
        exclude_credentials=_descriptors(known),
    )
    return webauthn.options_to_json(options)


def request_options(
    challenge: bytes, party: RelyingParty, known: Collection[StoredFactor], *, verified: bool
) -> str:
    """Return options for ``navigator.credentials.get`` as JSON; without ``known`` any passkey."""
    import webauthn  # noqa: PLC0415 - see above
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415

    wanted = UserVerificationRequirement
    options = webauthn.generate_authentication_options(
        rp_id=party.host,
        challenge=challenge,
        allow_credentials=_descriptors(known),
        user_verification=wanted.REQUIRED if verified else wanted.DISCOURAGED,
    )
    return webauthn.options_to_json(options)


def check_creation(answer: str, challenge: bytes, party: RelyingParty, *, alone: bool) -> Enrolled:
    """
    :raises SignInRefused: if it is not a new passkey for this challenge and host, or is to do
        ``alone`` and has not checked who uses it.
    """
    import webauthn  # noqa: PLC0415 - see above

    try:
        found = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=alone,
        )
    except Exception as error:
        # A stranger's JSON and CBOR: the library has no one error for what is malformed.
        raise SignInRefused(_REFUSED, f"passkey enrolment: {type(error).__name__}") from error
    return Enrolled(
        base64url.encoded(found.credential_id), found.credential_public_key, found.sign_count
    )


def check_answer(
    answer: str,
    challenge: bytes,
    party: RelyingParty,
    public_key: bytes,
    counter: int,
    *,
    verified: bool,
) -> Answered:
    """:raises SignInRefused: if it is not by the key, for this challenge and host."""
    import webauthn  # noqa: PLC0415 - see above

    try:
        found = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=counter,
            require_user_verification=verified,
        )
    except Exception as error:
        # As above.
        raise SignInRefused(_REFUSED, f"passkey: {type(error).__name__}") from error
    return Answered(found.new_sign_count, found.user_verified)


class _Named(Struct):
    id: str


def credential_of(answer: str) -> str:
    """Return the id of the passkey that an answer claims to be of.

    :raises SignInRefused: if it is malformed or too long.
    """
    if len(answer) > MAX_ANSWER:
        raise SignInRefused(_REFUSED, "passkey: answer too long")
    try:
        named = msgspec.json.decode(answer, type=_Named)
        return base64url.encoded(base64url.decoded(named.id))
    except (msgspec.MsgspecError, ValueError, UnicodeError) as error:
        raise SignInRefused(_REFUSED, "passkey: malformed answer") from error


def refused(reason: str) -> SignInRefused:
    """Return the refusal of a passkey; the reason is for the audit log."""
    return SignInRefused(_REFUSED, f"passkey: {reason}")


def _descriptors(known: Collection[StoredFactor]) -> list[PublicKeyCredentialDescriptor]:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor  # noqa: PLC0415

    return [PublicKeyCredentialDescriptor(id=base64url.decoded(each.id)) for each in known]
