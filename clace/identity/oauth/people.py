"""The user that a provider's answer is about: the id, the verified address, the groups."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from clace.errors import SignInRefused
from clace.identity.oauth.entries import ProviderEntry
from clace.identity.oauth.profiles import ID, Emails, Profile
from clace.identity.oauth.refusals import refused
from clace.model import Assurance, Identity

MAX_GROUPS = 2000
_MAX_TEXT = 255
_EMAIL = re.compile(r"[^\s@,;:<>\"()\[\]\\]{1,64}@[^\s@,;:<>\"()\[\]\\]{1,190}")

_UNSAID = object()

Said = Mapping[str, Any]


def identity_of(profile: Profile, entry: ProviderEntry, said: Said, address: str) -> Identity:
    """The identity; ``address`` is the user's e-mail address if it is verified.

    :raises SignInRefused: the user is of another domain, or cannot be named.
    """
    if entry.hosted_domain and found(said, "hd") != entry.hosted_domain:
        raise SignInRefused(
            f"Sign in with an account of {entry.hosted_domain}.", "user: hosted domain"
        )
    subject = _name(found(said, profile.subject))
    if not subject:
        raise refused("user: subject")
    return Identity(
        user_id=f"{entry.name}:{_user_name(profile, said, address)}",
        subject=subject,
        name=_shown(found(said, profile.full_name)),
        email=address,
        groups=groups_of(profile, said) or (),
        assurance=Assurance.SSO,
    )


def verified_email(profile: Profile, said: Said) -> str:
    """The address in a profile, unless the provider says anything but that it is verified.

    A claim that is null says that too: the provider knows the claim, and does not vouch.
    """
    address, flag = found(said, profile.email), found(said, profile.verified, _UNSAID)
    is_verified = profile.trusts_email if flag is _UNSAID else flag in (True, "true", "1", 1)
    return address if is_verified and _is_email(address) else ""


def primary_email(emails: Emails, said: object) -> str:
    """The verified primary address in a list of addresses."""
    listed = found(said, emails.at) if emails.at and isinstance(said, Mapping) else said
    for each in listed if isinstance(listed, Sequence) else ():
        if not isinstance(each, Mapping):
            continue
        is_meant = each.get(emails.primary) is True and each.get(emails.verified) is True
        if is_meant and _is_email(each.get("email")):
            return str(each["email"])
    return ""


def groups_of(profile: Profile, said: Said) -> tuple[str, ...] | None:
    """The groups in the claim ``groups``; None if the provider tells none.

    Of many tenants each names its groups as it likes, and only ids are of one tenant's.

    :raises SignInRefused: they are more than can be kept. A part of them would be wrong where a
        group takes rights away.
    """
    claim = said.get("groups")
    if isinstance(claim, str):
        claim = [claim]
    if not isinstance(claim, list):
        return None
    if len(claim) > MAX_GROUPS:
        raise refused("user: too many groups")
    listed = (each for each in claim if not isinstance(each, bool))
    names = (str(each) for each in listed if isinstance(each, str | int))
    if profile.is_any_tenant:
        names = (name for name in names if ID.fullmatch(name.lower()))
    kept = (name for name in names if 0 < len(name) <= _MAX_TEXT and name.isprintable())
    return tuple(dict.fromkeys(kept))


def found(said: Any, place: str, missing: object = None) -> Any:
    """The value at a place such as ``account.email``; ``missing`` if it is not there."""
    for key in place.split("."):
        said = said.get(key, missing) if isinstance(said, Mapping) else missing
    return said


def _user_name(profile: Profile, said: Said, address: str) -> str:
    """The address, account or id of a user: the first that there is."""
    places = filter(None, (profile.account, profile.user_id))
    own = (_own_name(found(said, place)) for place in places)
    name = address or next(filter(None, own), "")
    if not name:
        raise refused("user: no usable name")
    return name


def _own_name(value: object) -> str:
    """An account or id; one that looks like an address could pass for that of somebody else, to a
    pattern over a whole domain too.
    """
    name = _name(value)
    return "" if "@" in name else name


def _name(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
        return ""
    return value if value.isprintable() and " " not in value else ""


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return "".join(filter(str.isprintable, text))[:_MAX_TEXT]


def _is_email(value: object) -> bool:
    """Tell whether it is an address; what cannot be seen would make one look like another."""
    if not isinstance(value, str) or not value.isprintable():
        return False
    return _EMAIL.fullmatch(value) is not None
