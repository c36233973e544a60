"""Addresses of one provider: from its own description, or from the table of profiles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from clace.config import is_safe_url
from clace.errors import ProviderUnavailable
from clace.identity.oauth.entries import ProviderEntry
from clace.identity.oauth.profiles import ID, Emails, Profile
from clace.identity.oauth.requests import ProviderRequests, unavailable

WELL_KNOWN = "/.well-known/openid-configuration"
_ANY_TENANT = frozenset({"common", "consumers", "organizations"})
_TENANT = "{tenantid}"
_BY_HEADER, _BY_FORM = "client_secret_basic", "client_secret_post"


class Endpoints(Struct, frozen=True, kw_only=True):
    """The addresses of a provider; with an ``issuer`` it speaks OpenID Connect."""

    authorization: str
    token: str
    issuer: str = ""
    profile: str = ""
    keys: str = ""
    end_session: str = ""
    secret_by_form: bool = False
    names_itself: bool = False

    def issuer_of(self, claims: Mapping[str, Any]) -> str:
        """The issuer that a token with these claims must be from, of the token's own tenant where
        a provider has many; empty if the token names no tenant.
        """
        if _TENANT not in self.issuer:
            return self.issuer
        tenant = claims.get("tid")
        is_id = isinstance(tenant, str) and ID.fullmatch(tenant)
        return self.issuer.replace(_TENANT, str(tenant)) if is_id else ""


def located(profile: Profile, entry: ProviderEntry) -> Profile:
    """The profile with the entry's own addresses in it."""
    site = (entry.org_url or profile.site).rstrip("/")
    api = profile.own_api.format(site=site) if entry.org_url else profile.api
    names = {"site": site, "api": api, "domain": entry.domain or profile.domain}

    def filled(template: str) -> str:
        return template.format_map(names)

    emails = profile.emails
    is_own_tenant = profile.is_multi_tenant and names["domain"].lower() not in _ANY_TENANT
    return replace(
        profile,
        issuer=_issuer(entry) if entry.discovery_url else filled(profile.issuer),
        authorization=filled(profile.authorization),
        token=filled(profile.token),
        profile=filled(profile.profile),
        emails=replace(emails, url=filled(emails.url)) if isinstance(emails, Emails) else None,
        trusts_email=profile.trusts_email or is_own_tenant,
        is_any_tenant=profile.is_multi_tenant and not is_own_tenant,
    )


async def find_endpoints(profile: Profile, requests: ProviderRequests) -> Endpoints:
    """The addresses of a profile that was located.

    :raises ProviderUnavailable: the provider does not describe itself as it should.
    """
    if not profile.issuer:
        return Endpoints(
            authorization=profile.authorization,
            token=profile.token,
            profile=profile.profile,
            secret_by_form=profile.secret_by_form,
        )
    answer = await requests.get(profile.issuer.rstrip("/") + WELL_KNOWN)
    if not answer.is_good:
        raise _nonsense(profile, f"its description is missing, status {answer.status}")
    return described(profile, answer.value)


def described(profile: Profile, said: Mapping[str, Any]) -> Endpoints:
    """The addresses that a provider says it has.

    :raises ProviderUnavailable: they cannot be used.
    """
    issuer = said.get("issuer")
    if not isinstance(issuer, str) or not _is_issuer(profile, issuer):
        raise _nonsense(profile, "its description is of another issuer")

    def address(key: str, *, needed: bool = True) -> str:
        url = said.get(key, "")
        if not url and not needed:
            return ""
        if not isinstance(url, str) or not _is_usable(url, issuer):
            raise _nonsense(profile, f"its {key} is not an https:// address")
        return url

    methods = said.get("token_endpoint_auth_methods_supported") or [_BY_HEADER]
    if not isinstance(methods, list) or not {_BY_HEADER, _BY_FORM} & set(map(str, methods)):
        raise _nonsense(profile, "it takes no client secret")
    return Endpoints(
        issuer=issuer,
        authorization=address("authorization_endpoint"),
        token=address("token_endpoint"),
        keys=address("jwks_uri"),
        profile=address("userinfo_endpoint", needed=False),
        end_session=address("end_session_endpoint", needed=False),
        secret_by_form=_BY_HEADER not in methods,
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
    )


def _issuer(entry: ProviderEntry) -> str:
    return entry.discovery_url.removesuffix(WELL_KNOWN)


def _is_issuer(profile: Profile, issuer: str) -> bool:
    """Tell whether a description is of the provider it was asked of; the end of a path is not
    looked at, for entries leave out or add a slash.
    """
    expected = profile.issuer
    if not profile.is_multi_tenant:
        return issuer.rstrip("/") == expected.rstrip("/")
    # A tenant is asked for by a name and answers with its id.
    pattern = re.escape(expected.replace(urlsplit(expected).path, "")) + r"/([^/]+)/v2\.0"
    found = re.fullmatch(pattern, issuer)
    return found is not None and (found[1] == _TENANT or bool(ID.fullmatch(found[1])))


def _is_usable(url: str, issuer: str) -> bool:
    """Tell whether an address is safe; one without TLS only of a provider that has none itself."""
    return is_safe_url(url) and (url.startswith("https://") or issuer.startswith("http://"))


def _nonsense(profile: Profile, reason: str) -> ProviderUnavailable:
    return unavailable(urlsplit(profile.issuer).hostname, reason)
