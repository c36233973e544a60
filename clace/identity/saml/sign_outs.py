"""Single logout: what a provider says about the end of a session."""

from __future__ import annotations

from msgspec import Struct

from clace.identity.saml.assertions import SKEW
from clace.identity.saml.markup import (
    Element,
    children,
    only,
    parsed,
    refused,
    tag,
    text_of,
    time_of,
)
from clace.identity.saml.messages import from_form, from_query
from clace.identity.saml.metadata import IdentityProvider, OurSide
from clace.identity.saml.signatures import check_query, signed_part
from clace.interfaces import SignOutNotice

REQUEST, ANSWER = "SAMLRequest", "SAMLResponse"
LONGEST = 600
"""Seconds for which a message is of use."""


class Ended(Struct, frozen=True, kw_only=True):
    """A session that the provider wants to end; without indexes, all of the user's."""

    number: str
    name_id: str
    indexes: tuple[str, ...]
    until: float


def read_notice(
    notice: SignOutNotice, provider: IdentityProvider, ours: OurSide, now: float
) -> Ended | None:
    """Return what is to end; None for an answer to a request of ours, which ends nothing more.

    :raises SignInRefused: if the message is not by the provider, or not for us, now.
    """
    kind = REQUEST if REQUEST in notice.parameters else ANSWER
    text = notice.parameters.get(kind, "")
    if not text:
        raise refused("the message is missing")
    if notice.query is None:
        root = signed_part(parsed(from_form(text)), provider.keys, now)
        if root is None:
            raise refused("the message is not signed")
    else:
        check_query(notice.query, provider.keys, kind)
        root = parsed(from_query(text))
    _check_head(root, provider, ours, now)
    if kind == ANSWER:
        _check_kind(root, "LogoutResponse")
        return None
    _check_kind(root, "LogoutRequest")
    return _ended(root, now)


def _check_kind(root: Element, name: str) -> None:
    if root.tag != tag("samlp", name):
        raise refused(f"the message is not a {name}")


def _check_head(root: Element, provider: IdentityProvider, ours: OurSide, now: float) -> None:
    if root.get("Version") != "2.0" or not root.get("ID"):
        raise refused("the message has no ID, or its version is not 2.0")
    if text_of(only(root, "saml:Issuer")) != provider.entity_id:
        raise refused("the message is from another issuer")
    if root.get("Destination") != ours.slo:
        raise refused("the message is for another destination")
    sent = time_of(root, "IssueInstant")
    if sent is None or not now - LONGEST < sent <= now + SKEW:
        raise refused("the message is too old, or from the future")


def _ended(root: Element, now: float) -> Ended:
    end = time_of(root, "NotOnOrAfter")
    if end is not None and now >= end + SKEW:
        raise refused("the message has expired")
    if children(root, "saml:EncryptedID"):
        raise refused("the name of the user is encrypted")
    name = text_of(only(root, "saml:NameID"))
    if not name:
        raise refused("the NameID is empty")
    return Ended(
        number=root.get("ID"),
        name_id=name,
        indexes=tuple(map(text_of, children(root, "samlp:SessionIndex"))),
        until=now + LONGEST + SKEW,
    )
