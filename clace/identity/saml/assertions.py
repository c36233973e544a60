"""Assertions of a provider: every check has its own reason, and reads only what was signed."""

from __future__ import annotations

from collections.abc import Collection
from math import inf

from msgspec import Struct

from clace.errors import SignInRefused
from clace.identity.saml.markup import (
    WHITE_SPACE,
    Element,
    children,
    only,
    parsed,
    refused,
    tag,
    text_of,
    time_of,
    times_of,
)
from clace.identity.saml.messages import SUCCESS, Subject
from clace.identity.saml.metadata import IdentityProvider, OurSide
from clace.identity.saml.signatures import signed_part

SKEW = 60
"""Seconds by which the clocks of provider and server may differ."""
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_ENCRYPTION = "http://www.w3.org/2001/04/xmlenc#"
_ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
_LONGEST_NAME = 512
_LONGEST_VALUE = 1024
_MOST_VALUES = 5_000


class ExpectedAnswer(Struct, frozen=True, kw_only=True):
    """The sender, receiver and request that an answer has to name, and the time it comes at.

    ``anew`` is the time since when the user has to have signed in there, if that was asked for.
    """

    provider: IdentityProvider
    ours: OurSide
    request: str
    now: float
    anew: float | None = None


class Accepted(Struct, frozen=True, kw_only=True):
    """An assertion that passed every check. ``until`` is when nobody would take it any more, and
    ``session_until`` when the provider wants the session to end, if it does.
    """

    number: str
    subject: Subject
    attributes: dict[str, tuple[str, ...]]
    until: float
    session_until: float | None


def accepted(document: bytes, expected: ExpectedAnswer) -> Accepted:
    """:raises SignInRefused: if the answer proves nothing; ``reason`` says which check failed."""
    response = parsed(document)
    if response.tag != tag("samlp", "Response"):
        raise refused("the message is not a Response")
    _check_numbers(response)
    _check_response(response, expected)
    _check_layout(response)
    assertion = _signed_assertion(response, expected)
    _check_sender(assertion, expected, "assertion")
    _check_version(assertion)
    ends = [_check_conditions(only(assertion, "saml:Conditions"), expected)]
    ends.append(_check_subject(only(assertion, "saml:Subject"), expected))
    session_until = _check_statements(assertion, expected)
    return Accepted(
        number=assertion.get("ID"),
        subject=_subject(assertion),
        attributes=_attributes(assertion),
        until=min(ends) + SKEW,
        session_until=session_until,
    )


def _check_numbers(response: Element) -> None:
    """Refuse two elements of one ID: a signature would be over the one, and we would read the
    other.
    """
    found = [
        value
        for element in response.iter()
        for name, value in element.attrib.items()
        if name.rpartition("}")[2].lower() == "id"
    ]
    if len(found) != len(set(found)):
        raise refused("two elements have the same ID")


def _check_response(response: Element, expected: ExpectedAnswer) -> None:
    _check_version(response)
    if children(response, "saml:Issuer"):
        _check_sender(response, expected, "response")
    destination = response.get("Destination")
    if destination is not None and destination != expected.ours.acs:
        raise refused("the response is for another destination")
    if response.get("InResponseTo") != expected.request:
        raise refused("the response answers another request, or none")
    status = only(response, "samlp:Status/samlp:StatusCode").get("Value", "")
    if status != SUCCESS:
        raise refused(f"the provider refused: {_last_word(status)}")


def _check_layout(response: Element) -> None:
    """Refuse assertions anywhere but where one is expected, before anything is verified."""
    encrypted = tag("saml", "EncryptedAssertion"), tag("saml", "EncryptedID"), f"{{{_ENCRYPTION}}}*"
    if any(True for _ in response.iter(*encrypted)):
        raise refused("the assertion is encrypted")
    found = list(response.iter(tag("saml", "Assertion")))
    if len(found) != 1:
        raise refused(f"expected one assertion, found {len(found)}")
    if found[0].getparent() is not response:
        raise refused("the assertion is not where it belongs")
    places = {id(response), id(found[0])}
    for signature in response.iter(tag("ds", "Signature")):
        if id(signature.getparent()) not in places:
            raise refused("a signature is not where it belongs")


def _signed_assertion(response: Element, expected: ExpectedAnswer) -> Element:
    """Return the assertion out of what was signed: the response around it, itself, or both."""
    keys, now = expected.provider.keys, expected.now
    whole = signed_part(response, keys, now)
    assertion = only(response if whole is None else whole, "saml:Assertion")
    signed = signed_part(only(response, "saml:Assertion"), keys, now)
    if signed is not None:
        return signed
    if whole is None:
        raise refused("neither assertion nor response is signed")
    return assertion


def _check_version(element: Element) -> None:
    if element.get("Version") != "2.0":
        raise refused("the version is not 2.0")
    if not element.get("ID"):
        raise refused("a message has no ID")


def _check_sender(element: Element, expected: ExpectedAnswer, what: str) -> None:
    issuer = only(element, "saml:Issuer")
    if issuer.get("Format", _ENTITY) != _ENTITY or text_of(issuer) != expected.provider.entity_id:
        raise refused(f"the {what} is from another issuer")


def _check_conditions(conditions: Element, expected: ExpectedAnswer) -> float:
    """Return when the conditions end to hold."""
    known = {tag("saml", "AudienceRestriction"), tag("saml", "ProxyRestriction")}
    if children(conditions, "saml:OneTimeUse"):
        raise refused("the assertion is for one use only, and a session is more")
    if any(each.tag not in known for each in conditions):
        raise refused("the assertion has an unknown condition")
    restrictions = children(conditions, "saml:AudienceRestriction")
    if not restrictions:
        raise refused("the assertion names no audience")
    for restriction in restrictions:
        named = [text_of(audience) for audience in children(restriction, "saml:Audience")]
        if expected.ours.metadata not in named:
            raise refused("the assertion is for another audience")
    return _check_window(conditions, expected.now, "assertion")


def _check_window(element: Element, now: float, what: str) -> float:
    """Return when the element ends to hold: never, if it does not say."""
    start, end = time_of(element, "NotBefore"), time_of(element, "NotOnOrAfter")
    if start is not None and now < start - SKEW:
        raise refused(f"the {what} is not valid yet")
    if end is not None and now >= end + SKEW:
        raise refused(f"the {what} has expired")
    return inf if end is None else end


def _check_subject(subject: Element, expected: ExpectedAnswer) -> float:
    """Return when the last of the confirmations that hold ends; one that holds is enough."""
    ends: list[float] = []
    refusals: list[SignInRefused] = []
    for confirmation in children(subject, "saml:SubjectConfirmation"):
        if confirmation.get("Method") == _BEARER:
            try:
                ends.append(_check_confirmation(confirmation, expected))
            except SignInRefused as error:
                refusals.append(error)
    if ends:
        return max(ends)
    raise refusals[0] if refusals else refused("the subject is not confirmed for a bearer")


def _check_confirmation(confirmation: Element, expected: ExpectedAnswer) -> float:
    data = only(confirmation, "saml:SubjectConfirmationData")
    if data.get("Recipient") != expected.ours.acs:
        raise refused("the assertion is for another recipient")
    if data.get("InResponseTo") != expected.request:
        raise refused("the assertion answers another request, or none")
    if data.get("NotOnOrAfter") is None:
        raise refused("the confirmation of the subject has no end")
    return _check_window(data, expected.now, "confirmation of the subject")


def _check_statements(assertion: Element, expected: ExpectedAnswer) -> float | None:
    """Return when the session at the provider ends, if it says so."""
    statements = children(assertion, "saml:AuthnStatement")
    if not statements:
        raise refused("the assertion does not say that the user signed in")
    if expected.anew is not None:
        # A browser brings the request, and could take the wish out of one that is not signed.
        instants = [time_of(each, "AuthnInstant") for each in statements]
        if any(at is None or at + SKEW < expected.anew for at in instants):
            raise refused("the provider did not ask the user anew")
    ends = times_of(statements, "SessionNotOnOrAfter")
    if ends and min(ends) + SKEW <= expected.now:
        raise refused("the session at the provider has ended")
    return min(ends) if ends else None


def _subject(assertion: Element) -> Subject:
    name = only(assertion, "saml:Subject/saml:NameID")
    value = text_of(name)
    if not value:
        raise refused("the NameID is empty")
    # On lines of its own it may be indented; else a space tells it from the name of somebody else.
    if value != name.text and "\n" not in name.text:
        raise refused("the NameID begins or ends with a space")
    if len(value) > _LONGEST_NAME or not value.isprintable():
        raise refused("the NameID cannot be the name of a user")
    index = children(assertion, "saml:AuthnStatement")[0].get("SessionIndex", "")
    return Subject(
        name_id=value,
        format=name.get("Format", ""),
        qualifier=name.get("NameQualifier", ""),
        sp_qualifier=name.get("SPNameQualifier", ""),
        index=index,
    )


def _attributes(assertion: Element) -> dict[str, tuple[str, ...]]:
    """Return the texts of each attribute, without those that are not a short text of one line."""
    found: dict[str, tuple[str, ...]] = {}
    count = 0
    for attribute in children(assertion, "saml:AttributeStatement/saml:Attribute"):
        values = children(attribute, "saml:AttributeValue")
        count += len(values)
        if count > _MOST_VALUES:
            raise refused(f"the assertion has more than {_MOST_VALUES} values")
        texts = tuple(text for value in values if _is_usable(text := _plain(value)))
        name = attribute.get("Name", "")
        found[name] = (*found.get(name, ()), *texts)
    return found


def _plain(value: Element) -> str:
    return "" if len(value) else (value.text or "").strip(WHITE_SPACE)


def _is_usable(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_VALUE and text.isprintable()


def first_values(attributes: dict[str, tuple[str, ...]], names: Collection[str]) -> tuple[str, ...]:
    """Return the values of the first of the attributes that has some."""
    return next((found for name in names if (found := attributes.get(name))), ())


def _last_word(status: str) -> str:
    word = status.rpartition(":")[2]
    return word if word.isalnum() and len(word) <= 64 else "an unknown status"  # noqa: PLR2004
