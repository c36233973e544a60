"""Providers of sign-ins that a configuration names: the keys that each kind must have."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from clace.config.places import Steps
from clace.config.sections import OAuth, Settings
from clace.near import did_you_mean

# The address that a kind takes besides its key and secret, by the first word of an entry's name;
# a kind must have it where that is said in ``_NEEDED``.
OAUTH_KINDS: Mapping[str, str] = {
    "amazon": "",
    "auth0": "domain",
    "azuread": "domain",
    "bitbucket": "",
    "digitalocean": "",
    "github": "org_url",
    "gitlab": "org_url",
    "google": "",
    "microsoftonline": "domain",
    "oidc": "discovery_url",
    "okta": "org_url",
}
_NEEDED = frozenset({"auth0", "oidc", "okta"})
_ADDRESSES = ("domain", "org_url", "discovery_url")
# The names are part of URLs and of the ids of users.
_NAME = re.compile(r"[a-z0-9]+(?:_[A-Za-z0-9_-]{1,64})?")
_ALL_SET = "provider, key, and secret must be set for each auth provider"


def oauth_kind(name: str) -> str:
    """The kind of a provider: its entry's name up to the first underscore."""
    return name.partition("_")[0]


def wrong_sign_ins(settings: Settings) -> Iterator[tuple[Steps, str]]:
    """Yield the places of entries that nobody could sign in with, with the reason."""
    for name, entry in settings.auth.items():
        yield from _wrong_entry(name, entry)
    yield from wrong_callback(settings, "auth", settings.auth)


def wrong_callback(
    settings: Settings, table: str, names: Collection[str]
) -> Iterator[tuple[Steps, str]]:
    """Yield the place of the server's own address, if it is missing and entries need it."""
    if names and not settings.security.callback_url:
        entries = ", ".join(f"[{table}.{name}]" for name in names)
        reason = (
            f"security.callback_url must be set for {entries}: the address at which browsers "
            "reach this server, such as https://apps.example.com"
        )
        yield ("security", "callback_url"), reason


def _wrong_entry(name: str, entry: OAuth) -> Iterator[tuple[Steps, str]]:
    at, kind = ("auth", name), oauth_kind(name)
    if kind not in OAUTH_KINDS:
        hint = did_you_mean(kind, OAUTH_KINDS)
        known = f"one of {', '.join(OAUTH_KINDS)}, alone or with _NAME behind it"
        yield at, f"unsupported auth provider: {name}; expected {known}{hint}"
        return
    if not _NAME.fullmatch(name):
        yield at, "expected a name of letters, digits, _ and -"
    for key in ("key", "secret"):
        if not getattr(entry, key):
            yield (*at, key), f"{_ALL_SET}; this one is missing"
    for key in _ADDRESSES:
        is_set, is_taken = bool(getattr(entry, key)), key == OAUTH_KINDS[kind]
        if is_set and not is_taken:
            yield (*at, key), f"a provider of the kind {kind} takes no {key}"
        if is_taken and kind in _NEEDED and not is_set:
            yield (*at, key), f"a provider of the kind {kind} needs it"
