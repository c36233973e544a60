"""The user that a provider's answer is about: the id, the verified address, the groups."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from clace.errors import SignInRefused
from clace.identity.oauth.entries import ProviderEntry
from clace.identity.oauth.profiles import Emails, Profile
from clace.identity.oauth.refusals import refused
from clace.model import Assurance, Identity

MAX_GROUPS = 2000
_MAX_TEXT = 255
_EMAIL = re.compile(r"[^\s@,;:<>\"()\[\]\\]{1,64}@[^\s@,;:<>\"()\[\]\\]{1,190}")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

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
        user_id=f"{entry.name}:{_user_name(profile, entry, said, address)}",
        subject=subject,
        name=_shown(found(said, profile.full_name)),
        email=address,
        groups=groups_of(said) or (),
        assurance=Assurance.SSO,
    )


def verified_email(profile: Profile, said: Said) -> str:
    """The address in a profile, unless the provider says that it is not verified."""
    address, flag = found(said, profile.email), found(said, profile.verified)
    is_verified = profile.trusts_email if flag is None else flag in (True, "true", "1", 1)
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


def groups_of(said: Said) -> tuple[str, ...] | None:
    """The groups in the claim ``groups``; None if the provider tells none.

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
    names = (str(each) for each in claim if isinstance(each, str | int))
    kept = (name for name in names if 0 < len(name) <= _MAX_TEXT and not _CONTROL.search(name))
    return tuple(dict.fromkeys(kept))


def found(said: Any, place: str) -> Any:
    """The value at a place such as ``account.email``; None if it is not there."""
    for key in place.split("."):
        said = said.get(key) if isinstance(said, Mapping) else None
    return said


def _user_name(profile: Profile, entry: ProviderEntry, said: Said, address: str) -> str:
    """The address, id or nickname of a user: the first that there is."""
    by_id = _own_name(found(said, profile.user_id))
    by_nickname = _own_name(found(said, profile.nickname))
    order = (by_nickname, by_id) if entry.kind.startswith("git") else (by_id, by_nickname)
    name = next((each for each in (address, *order) if each), "")
    if not name:
        raise refused("user: no usable name")
    return name


def _own_name(value: object) -> str:
    """An id or nickname; one that looks like an address could pass for that of somebody else, to a
    pattern over a whole domain too.
    """
    name = _name(value)
    return "" if "@" in name else name


def _name(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
        return ""
    return "" if _UNPRINTABLE.search(value) else value


def _shown(value: object) -> str:
    return _CONTROL.sub("", value)[:_MAX_TEXT] if isinstance(value, str) else ""


def _is_email(value: object) -> bool:
    return isinstance(value, str) and _EMAIL.fullmatch(value) is not None
