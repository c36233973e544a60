"""The kinds of providers: where each is, what it is asked for, and where its answers name a user.

The places in answers are keys, or keys in tables: ``account.email``. Each row is from the
provider's published description of its profile, which ``docs/sign-in`` links to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
"""An id of a tenant, or of something in it, as Microsoft makes them."""


class Emails(Struct, frozen=True):
    """A list of a user's addresses that is asked for apart from the profile."""

    url: str
    at: str
    primary: str
    verified: str


class Profile(Struct, frozen=True, kw_only=True):
    """One kind of provider. With an ``issuer`` it speaks OpenID Connect, and all endpoints are in
    its own description; else they are here. ``{site}``, ``{api}`` and ``{domain}`` are the entry's.

    ``account`` is the place of a name that no two users can have at the same time; nicknames and
    the like, which users choose as they please, do not count. ``trusts_email`` tells whether an
    address counts as verified if the provider does not say, and ``is_any_tenant`` whether users of
    strangers' organisations come in.
    """

    title: str
    scopes: tuple[str, ...]
    issuer: str = ""
    site: str = ""
    api: str = ""
    own_api: str = ""
    domain: str = ""
    authorization: str = ""
    token: str = ""
    profile: str = ""
    emails: Emails | None = None
    parameters: Mapping[str, str] = {}
    subject: str = "sub"
    user_id: str = "sub"
    account: str = ""
    full_name: str = "name"
    email: str = "email"
    verified: str = "email_verified"
    trusts_email: bool = True
    secret_by_form: bool = False
    is_multi_tenant: bool = False
    is_any_tenant: bool = False


_OPENID = ("openid", "profile", "email")
_MICROSOFT = Profile(
    title="Microsoft",
    issuer="https://login.microsoftonline.com/{domain}/v2.0",
    domain="organizations",
    scopes=(*_OPENID, "offline_access"),
    # Users of other tenants can have any address there; the id of the account is Microsoft's own.
    user_id="oid",
    verified="xms_edov",
    trusts_email=False,
    is_multi_tenant=True,
)

PROFILES: Mapping[str, Profile] = {
    "amazon": Profile(
        title="Amazon",
        scopes=("profile",),
        authorization="https://www.amazon.com/ap/oa",
        token="https://api.amazon.com/auth/o2/token",  # noqa: S106 - an address
        profile="https://api.amazon.com/user/profile",
        secret_by_form=True,
        subject="user_id",
        user_id="user_id",
    ),
    "auth0": Profile(title="Auth0", issuer="https://{domain}/", scopes=_OPENID),
    "azuread": _MICROSOFT,
    "bitbucket": Profile(
        title="Bitbucket",
        scopes=("account", "email"),
        authorization="https://bitbucket.org/site/oauth2/authorize",
        token="https://bitbucket.org/site/oauth2/access_token",  # noqa: S106 - an address
        profile="https://api.bitbucket.org/2.0/user",
        emails=Emails(
            "https://api.bitbucket.org/2.0/user/emails", "values", "is_primary", "is_confirmed"
        ),
        subject="uuid",
        user_id="uuid",
        full_name="display_name",
    ),
    "digitalocean": Profile(
        title="DigitalOcean",
        scopes=("read",),
        authorization="https://cloud.digitalocean.com/v1/oauth/authorize",
        token="https://cloud.digitalocean.com/v1/oauth/token",  # noqa: S106 - an address
        profile="https://api.digitalocean.com/v2/account",
        secret_by_form=True,
        subject="account.uuid",
        user_id="account.uuid",
        full_name="account.name",
        email="account.email",
        verified="account.email_verified",
    ),
    "github": Profile(
        title="GitHub",
        scopes=("read:user", "user:email"),
        site="https://github.com",
        api="https://api.github.com",
        own_api="{site}/api/v3",
        authorization="{site}/login/oauth/authorize",
        token="{site}/login/oauth/access_token",  # noqa: S106 - an address
        profile="{api}/user",
        secret_by_form=True,
        emails=Emails("{api}/user/emails", "", "primary", "verified"),
        subject="id",
        user_id="id",
        account="login",
    ),
    "gitlab": Profile(
        title="GitLab",
        site="https://gitlab.com",
        issuer="{site}",
        scopes=_OPENID,
        account="nickname",
    ),
    "google": Profile(
        title="Google",
        issuer="https://accounts.google.com",
        scopes=_OPENID,
        parameters={"access_type": "offline"},
    ),
    "microsoftonline": _MICROSOFT,
    "oidc": Profile(title="Single sign-on", scopes=_OPENID),
    "okta": Profile(title="Okta", issuer="{site}/oauth2/default", scopes=_OPENID),
}
