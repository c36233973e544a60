"""The one table of the server's own routes: which hosts, methods and callers each is for.

A request below our prefix that no row is for is answered with 404, whatever could serve it.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

KIBIBYTE = 1024
PREFIX = "/_clace/"
HOOKS = "/_clace_webhook/"
PREFIXES = (PREFIX, HOOKS)
"""All paths of our own are below one of these."""


class Hosts(StrEnum):
    """The host names under which a route is served."""

    ANY = "any"
    LOGIN = "the host with the pages to sign in"
    ADMIN = "names of this server, with security.admin_over_tcp, and the socket"


class Origins(StrEnum):
    """The rule against requests that another site's page makes a browser send."""

    SAFE = "changes nothing"
    SAME = "the same origin only, for what is not GET"
    STATE = "any origin: the state in it is checked, and the cookie in the GET that follows"
    SIGNED = "any origin: the message is signed by a provider and counts once"
    NO_BROWSERS = "no browser at all"


class Cookies(StrEnum):
    """The cookies of ours that a route reads or sets."""

    NOTHING = "none"
    NONCE = "reads the nonce of a sign-in, sets the session"
    SESSION = "reads the session"
    SESSIONS = "reads and removes sessions"


class OurRoute(Struct, frozen=True, kw_only=True):
    """A row. ``{way}`` in a path is one segment; a path that ends in ``/`` is all below it.

    ``form`` is the size of the largest form it takes, ``body`` that of the largest body that its
    step reads itself, and ``serves`` names the step that answers.
    """

    path: str
    methods: tuple[str, ...]
    hosts: Hosts
    callers: str
    origins: Origins
    cookies: Cookies = Cookies.NOTHING
    form: int = 0
    body: int = 0
    serves: str = ""


_EVERYBODY = "everybody"
_VISITORS = "browsers on their way to an app"
_WAITING = "browsers whose sign-in waits for a second factor"
_INVITED = "users with a one-time link"
_USERS = "users who have signed in on this host"
_PROVIDERS = "browsers that come back from a provider"
_ANSWER = 512 * KIBIBYTE
_PAYLOAD = 10 * 1024 * KIBIBYTE
_FORM = 16 * KIBIBYTE

ROUTES = (
    OurRoute(
        path="/_clace/health",
        methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
        hosts=Hosts.ANY,
        callers=_EVERYBODY,
        origins=Origins.SAFE,
    ),
    OurRoute(
        path="/_clace/jwks.json",
        methods=("GET", "HEAD"),
        hosts=Hosts.ANY,
        callers="apps that check identity tokens",
        origins=Origins.SAFE,
        serves="identity_keys",
    ),
    OurRoute(
        path="/_clace/auth/login",
        methods=("GET", "HEAD"),
        hosts=Hosts.ANY,
        callers=_VISITORS,
        origins=Origins.SAFE,
        serves="sign_in_page",
    ),
    OurRoute(
        path="/_clace/auth/login/complete",
        methods=("GET",),
        hosts=Hosts.ANY,
        callers=_VISITORS,
        origins=Origins.STATE,
        cookies=Cookies.NONCE,
        serves="complete",
    ),
    OurRoute(
        path="/_clace/auth/login/{way}",
        methods=("GET",),
        hosts=Hosts.LOGIN,
        callers=_VISITORS,
        origins=Origins.STATE,
        serves="choose_provider",
    ),
    OurRoute(
        path="/_clace/auth/login/{way}",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_VISITORS,
        origins=Origins.SAME,
        form=_FORM,
        serves="password",
    ),
    OurRoute(
        path="/_clace/auth/factor",
        methods=("GET", "HEAD"),
        hosts=Hosts.LOGIN,
        callers=_WAITING,
        origins=Origins.SAFE,
        serves="factor_page",
    ),
    OurRoute(
        path="/_clace/auth/factor/code",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_WAITING,
        origins=Origins.SAME,
        form=_FORM,
        serves="factor_code",
    ),
    OurRoute(
        path="/_clace/auth/factor/passkey",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_WAITING,
        origins=Origins.SAME,
        form=_FORM,
        serves="factor_passkey",
    ),
    OurRoute(
        path="/_clace/auth/factor/codes",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_WAITING,
        origins=Origins.SAME,
        form=_FORM,
        serves="factor_enrol_code",
    ),
    OurRoute(
        path="/_clace/auth/factor/new-passkey",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_WAITING,
        origins=Origins.SAME,
        form=_FORM,
        serves="factor_enrol_passkey",
    ),
    OurRoute(
        path="/_clace/auth/factor/done",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_WAITING,
        origins=Origins.SAME,
        form=_FORM,
        serves="factor_done",
    ),
    OurRoute(
        path="/_clace/auth/passkey",
        methods=("GET", "HEAD"),
        hosts=Hosts.LOGIN,
        callers=_VISITORS,
        origins=Origins.SAFE,
        serves="passkey_page",
    ),
    OurRoute(
        path="/_clace/auth/passkey",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_VISITORS,
        origins=Origins.SAME,
        form=_FORM,
        serves="passkey",
    ),
    OurRoute(
        path="/_clace/auth/invite",
        methods=("GET", "HEAD"),
        hosts=Hosts.LOGIN,
        callers=_INVITED,
        origins=Origins.SAFE,
        serves="invitation_page",
    ),
    OurRoute(
        path="/_clace/auth/invite",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_INVITED,
        origins=Origins.SAME,
        form=_FORM,
        serves="invitation",
    ),
    OurRoute(
        path="/_clace/auth/invite/passkey",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_INVITED,
        origins=Origins.SAME,
        form=_FORM,
        serves="invitation_passkey",
    ),
    OurRoute(
        path="/_clace/auth/account",
        methods=("GET", "HEAD"),
        hosts=Hosts.LOGIN,
        callers=_USERS,
        origins=Origins.SAFE,
        cookies=Cookies.SESSION,
        serves="account_page",
    ),
    OurRoute(
        path="/_clace/auth/account/password",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_USERS,
        origins=Origins.SAME,
        cookies=Cookies.SESSION,
        form=_FORM,
        serves="account_password",
    ),
    OurRoute(
        path="/_clace/auth/account/codes",
        methods=("GET", "HEAD"),
        hosts=Hosts.LOGIN,
        callers=_USERS,
        origins=Origins.SAFE,
        cookies=Cookies.SESSION,
        serves="account_codes_page",
    ),
    OurRoute(
        path="/_clace/auth/account/codes",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_USERS,
        origins=Origins.SAME,
        cookies=Cookies.SESSION,
        form=_FORM,
        serves="account_codes",
    ),
    OurRoute(
        path="/_clace/auth/account/passkey",
        methods=("GET", "HEAD"),
        hosts=Hosts.LOGIN,
        callers=_USERS,
        origins=Origins.SAFE,
        cookies=Cookies.SESSION,
        serves="account_passkey_page",
    ),
    OurRoute(
        path="/_clace/auth/account/passkey",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_USERS,
        origins=Origins.SAME,
        cookies=Cookies.SESSION,
        form=_FORM,
        serves="account_passkey",
    ),
    OurRoute(
        path="/_clace/auth/account/remove",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_USERS,
        origins=Origins.SAME,
        cookies=Cookies.SESSION,
        form=_FORM,
        serves="account_remove",
    ),
    OurRoute(
        path="/_clace/auth/account/recovery",
        methods=("POST",),
        hosts=Hosts.LOGIN,
        callers=_USERS,
        origins=Origins.SAME,
        cookies=Cookies.SESSION,
        form=_FORM,
        serves="account_recovery",
    ),
    OurRoute(
        path="/_clace/auth/{way}/callback",
        methods=("GET", "POST"),
        hosts=Hosts.ANY,
        callers=_PROVIDERS,
        origins=Origins.STATE,
        form=_ANSWER,
        serves="arrive",
    ),
    OurRoute(
        path="/_clace/auth/{way}/logout",
        methods=("POST",),
        hosts=Hosts.ANY,
        callers="OpenID Connect providers that tell of a sign-out",
        origins=Origins.SIGNED,
        form=64 * KIBIBYTE,
        serves="ended_elsewhere",
    ),
    OurRoute(
        path="/_clace/sso/{way}/acs",
        methods=("POST",),
        hosts=Hosts.ANY,
        callers=_PROVIDERS,
        origins=Origins.STATE,
        form=_ANSWER,
        serves="arrive",
    ),
    OurRoute(
        path="/_clace/sso/{way}/metadata",
        methods=("GET", "HEAD"),
        hosts=Hosts.ANY,
        callers=_EVERYBODY,
        origins=Origins.SAFE,
        serves="metadata",
    ),
    OurRoute(
        path="/_clace/sso/{way}/slo",
        methods=("GET", "POST"),
        hosts=Hosts.ANY,
        callers="browsers that a SAML provider sends to sign out",
        origins=Origins.SIGNED,
        form=_ANSWER,
        serves="single_sign_out",
    ),
    OurRoute(
        path="/_clace/logout",
        methods=("GET", "HEAD"),
        hosts=Hosts.ANY,
        callers=_EVERYBODY,
        origins=Origins.SAFE,
        cookies=Cookies.SESSIONS,
        serves="sign_out_page",
    ),
    OurRoute(
        path="/_clace/logout",
        methods=("POST",),
        hosts=Hosts.ANY,
        callers=_EVERYBODY,
        origins=Origins.SAME,
        cookies=Cookies.SESSIONS,
        form=_FORM,
        serves="sign_out",
    ),
    OurRoute(
        path="/_clace/logout/{way}",
        methods=("POST",),
        hosts=Hosts.ANY,
        callers=_EVERYBODY,
        origins=Origins.SAME,
        cookies=Cookies.SESSIONS,
        form=_FORM,
        serves="sign_out_of",
    ),
    OurRoute(
        path="/_clace_webhook/{way}",
        methods=("POST",),
        hosts=Hosts.ANY,
        callers="git hosts and programs, by a token or a signature",
        origins=Origins.NO_BROWSERS,
        body=_PAYLOAD,
        serves="webhook",
    ),
    OurRoute(
        path="/_clace_webhook/status/{way}",
        methods=("GET", "HEAD"),
        hosts=Hosts.ANY,
        callers="whoever was told the id of a delivery",
        origins=Origins.SAFE,
        serves="webhook_status",
    ),
    # Last, for it is all the rest: each of its operations says what right it needs.
    OurRoute(
        path=PREFIX,
        methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
        hosts=Hosts.ADMIN,
        callers="operators and programs, by the socket, a password or a token",
        origins=Origins.NO_BROWSERS,
        serves="admin",
    ),
)
