"""Sign-ins in memory: sessions, accounts and a provider that is not there."""

from urllib.parse import urlencode

from msgspec.structs import replace
from twisted.internet.task import Clock
from zope.interface import implementer

from clace.errors import NotAuthenticated, SecretFailed, SignInRefused
from clace.identity.rbac import Authorisation
from clace.identity.sessions import SessionLimits, Sessions, SignInRules
from clace.identity.settings import AppAuthentication
from clace.identity.user_ids import check_user
from clace.interfaces import (
    Departure,
    IAccounts,
    ISessionRows,
    ISignInProvider,
    SignedIn,
    Way,
)
from clace.model.identity import Assurance, Identity
from clace.model.rbac import Policy
from clace.web.apps.access import AppAccess, TokensForApps
from clace.web.apps.rights import AppRights
from clace.web.apps.visitors import Visitors
from tests.support.memory_tokens import memory_tokens
from tests.support.threads import at_once


@implementer(ISessionRows)
class MemorySessionRows:
    def __init__(self):
        self.rows = {}

    def add(self, session):
        self.rows[session.digest] = session

    def find(self, digest):
        return self.rows.get(digest)

    def all(self):
        return tuple(sorted(self.rows.values(), key=lambda row: (-row.made, row.name)))

    def touch(self, seen):
        for digest, moment in seen.items():
            if digest in self.rows:
                row = self.rows[digest]
                self.rows[digest] = type(row)(
                    **{name: getattr(row, name) for name in row.__struct_fields__}
                    | {"seen": moment}
                )

    def renew(self, session):
        if session.digest in self.rows:
            row = self.rows[session.digest]
            changed = {name: getattr(session, name) for name in ("identity", "key_id", "sealed")}
            self.rows[session.digest] = replace(row, **changed)

    def delete(self, digests):
        return len([digest for digest in digests if self.rows.pop(digest, None) is not None])


class MemorySeal:
    """Seals with nothing but the name."""

    def seal(self, name, value):
        return "memory", name.encode() + b"\0" + value

    def unseal(self, key_id, name, sealed):
        before, _, value = sealed.partition(b"\0")
        if (key_id, before) != ("memory", name.encode()):
            raise SecretFailed("it does not open")
        return value


@implementer(IAccounts)
class OneAccount:
    """A user whose password can be changed."""

    def __init__(self, name="system", user="admin", password="right", title="Administrator"):
        self.name, self.title = name, title
        self.user, self.password = user, password
        self.tries = []
        self.error = None

    def knows(self, user):
        return user == self.user

    async def prove(self, user, password, address):
        self.tries.append((user, address))
        if self.error is not None:
            raise self.error
        if (user, password) != (self.user, self.password):
            raise NotAuthenticated("Authentication failed")
        return Identity(user_id=user, subject=user, assurance=Assurance.PASSWORD)

    def named(self, user_id):
        return Identity(user_id=user_id, subject=user_id) if user_id == self.user else None

    def fingerprint(self, _identity):
        return f"{self.user} {self.password}"

    def current(self, identity, fingerprint):
        return identity if fingerprint == self.fingerprint(identity) else None


@implementer(ISignInProvider)
class MemoryProvider:
    """A provider that says of everybody who comes back with ``code=USER`` that it is them."""

    def __init__(self, name="github", title="GitHub", fields=()):
        self.name, self.title, self.fields = name, title, fields
        self.fingerprint = f"{name} 1"
        self.error = None
        self.arrivals = []

    async def begin(self, state):
        if self.error is not None:
            raise self.error
        url = f"https://{self.name}.example/authorize"
        kept = {"verifier": f"of {state}"}
        if self.fields:
            return Departure(url, (*self.fields, ("RelayState", state)), kept)
        return Departure(f"{url}?{urlencode({'state': state})}", kept=kept)

    async def finish(self, arrival):
        self.arrivals.append(arrival)
        if self.error is not None:
            raise self.error
        user = arrival.parameters.get("code")
        state = arrival.parameters.get("state") or arrival.parameters.get("RelayState")
        if not user or arrival.kept.get("verifier") != f"of {state}":
            raise SignInRefused("the provider did not sign you in", "no code")
        identity = Identity(
            user_id=f"{self.name}:{user}", subject=user, email=user, assurance=Assurance.SSO
        )
        return SignedIn(identity=identity, evidence={"index": f"index of {user}"})

    async def recheck(self, evidence):
        return evidence

    async def sign_out(self, evidence):
        return None


def make_sessions(rows=None, clock=None, limits=None, *, seal=None, **options):
    """The sessions over rows in memory."""
    rows = MemorySessionRows() if rows is None else rows
    limits = limits or SessionLimits()
    return Sessions(rows, at_once, clock or Clock(), limits, seal or MemorySeal(), **options)


def ways_of(*accounts_and_providers, factors=None):
    """Ways to sign in with these."""
    return tuple(
        Way(name=one.name, title=one.title, accounts=one, factors=factors)
        if IAccounts.providedBy(one)
        else Way(name=one.name, title=one.title, provider=one)
        for one in accounts_and_providers
    )


def app_authentication(
    *accounts_and_providers, sessions=None, default="system", factors=None, **options
):
    """What an app's setting means here: without arguments for the administrator alone."""
    rules = options.pop(
        "rules", SignInRules(login_host="auth.localhost", provider_host="localhost")
    )
    return AppAuthentication(
        ways_of(*(accounts_and_providers or (OneAccount(),)), factors=factors),
        sessions or make_sessions(),
        rules,
        default=default,
        **options,
    )


def check_known(user_id):
    """Check an id where users of this server and of GitHub sign in."""
    if user_id != "admin":
        ways = OneAccount(), OneAccount("builtin", "ann"), MemoryProvider()
        check_user(app_authentication(*ways), user_id)


def app_access(auth, admin="admin", policy=None, owner_of=None, tokens=None, taken=True, **around):
    """Access to apps by a table of settings; ``taken`` is whether apps take tokens."""
    owners = {"owner_of": owner_of} if owner_of else {}
    authorisation = Authorisation(policy or Policy(), admin, **owners)
    rights = AppRights(authorisation, around.pop("events", Unrecorded()))
    for_apps = TokensForApps(tokens or memory_tokens(Clock()), lambda _app: taken)
    visitors = Visitors(authorisation)
    return AppAccess(auth, rights, for_apps, visitors=visitors, **around)


class Unrecorded:
    """Audit events that nobody keeps."""

    def record(self, _deed, _rid=""):
        return True
