"""The users of the server: their proofs of who they are, and the decisions on what they may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec import Struct
from zope.interface import Attribute, Interface

from clace.credentials import Authorization
from clace.model import Identity


class ClientTLS(Struct, frozen=True, kw_only=True):
    """A TLS connection of a client with this server itself, without a proxy between.

    ``name`` is the server name under which it was opened. If the client ``was_asked`` for a
    certificate there, ``certificate`` is what it showed and has the key of, in DER, or empty; by
    whom it was issued is not checked. ``issuers`` are the certificates it sent along.
    """

    name: str
    was_asked: bool
    certificate: bytes = b""
    issuers: tuple[bytes, ...] = ()


class IAsksForCertificates(Interface):
    """A site that wants to know the certificates of some of its clients."""

    def asks_under(server_name: bytes | None) -> bool:
        """Return true for the name of a host whose clients are asked; None if they sent no name."""


class RequestHead(Protocol):
    """The head of a request, as far as it tells who asks; none of it is trusted.

    ``host`` is the name without a port, ``authority`` has it, ``address`` is the client's behind
    trusted proxies, ``target`` is path and query as they came, ``tls`` is the client's own
    connection if it is one over TLS. ``reached`` is the IP address of this server that the client
    connected to; an empty text if that is not known, as behind a proxy.
    """

    @property
    def method(self) -> str: ...
    @property
    def scheme(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def authority(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def reached(self) -> str: ...
    @property
    def tls(self) -> ClientTLS | None: ...
    @property
    def authorization(self) -> Authorization: ...
    def header(self, name: str) -> str | None:
        """Return the value of a header, its name in lower case; None if there are two."""

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie; None if there are two of the name."""


class IAuthenticator(Interface):
    """One kind of sign-in, ready for the apps that are set to it."""

    async def identify(head: RequestHead) -> Identity:
        """Return who asks. Decided from the head alone.

        :raises NotAuthenticated: credentials are missing or wrong.
        :raises SignInNeeded: a browser came without a session, and can be sent to sign in.
        :raises LockedOut: too many failures.
        """


class Departure(Struct, frozen=True):
    """The way to a provider: a redirect, or with ``fields`` a form that is posted there.

    ``kept`` is given back to the provider's ``finish``; the visitor's browser never has it.
    """

    url: str
    fields: tuple[tuple[str, str], ...] = ()
    kept: Mapping[str, str] = {}


class Arrival(Struct, frozen=True, kw_only=True):
    """A browser that comes back from a provider: its parameters, and what was ``kept``."""

    parameters: Mapping[str, str]
    kept: Mapping[str, str]


class SignedIn(Struct, frozen=True, kw_only=True):
    """A finished sign-in.

    ``evidence`` is what the provider needs to check the session again or to end it: tokens, the
    index of its session. It is sealed before it is stored, and never leaves the daemon.
    """

    identity: Identity
    evidence: Mapping[str, str] = {}


class Rechecked(Struct, frozen=True, kw_only=True):
    """A user who may still come in: new evidence, and the groups if the provider told them."""

    evidence: Mapping[str, str]
    groups: tuple[str, ...] | None = None


class EndedElsewhere(Struct, frozen=True, kw_only=True):
    """A sign-out that a provider tells of: of all sessions of a user, or of the one of ``index``,
    which is the ``index`` in the evidence of the sign-in.
    """

    subject: str = ""
    index: str = ""


class ISignInProvider(Interface):
    """A service elsewhere that knows users: an OAuth 2 or OpenID Connect provider, a SAML IdP."""

    name: str = Attribute("the app setting that asks for it: ``github``, ``saml_corp``")
    title: str = Attribute("what a visitor chooses it by")
    fingerprint: str = Attribute("changes with the entry of the configuration: ends its sessions")

    async def begin(state: str) -> Departure:
        """Send a visitor there; the provider hands back ``state``.

        :raises ProviderUnavailable: it does not answer, or makes no sense.
        """

    async def finish(arrival: Arrival) -> SignedIn:
        """Return who came back. Every check has its own reason in the audit log.

        :raises SignInRefused: the answer proves nothing; ``reason`` is for the audit log, the
            message for the visitor.
        :raises ProviderUnavailable: the provider was asked for more and does not answer.
        """

    async def recheck(evidence: Mapping[str, str]) -> Rechecked | None:
        """Ask whether the user may still come in; None if they may not.

        :raises ProviderUnavailable: nobody knows.
        """

    async def sign_out(evidence: Mapping[str, str]) -> Departure | None:
        """Return the way to the page of the provider that ends its session, if it has one."""


class IBackChannelLogout(Interface):
    """A provider that tells the server itself of users who signed out there."""

    async def ended(parameters: Mapping[str, str]) -> EndedElsewhere:
        """Return the user or the session that a request of the provider is about.

        :raises SignInRefused: it is not from the provider; ``reason`` is for the audit log.
        :raises ProviderUnavailable: its keys cannot be had.
        """


class SignOutNotice(Struct, frozen=True, kw_only=True):
    """A message about the end of sessions that a provider sent by a visitor's browser.

    ``query`` is the query string as it came, of which the signature may be; None for a form.
    """

    parameters: Mapping[str, str]
    query: bytes | None = None


class SignedOut(Struct, frozen=True, kw_only=True):
    """The sessions that a provider wants to end, and the way back to it.

    Both are missing if it only answers a request of ours to end one.
    """

    ended: tuple[EndedElsewhere, ...] = ()
    answer: Departure | None = None


class ISingleSignOut(Interface):
    """A provider that ends sessions itself, and describes this server to its administrator."""

    def metadata() -> bytes:
        """Return the description of this server: a document of ``application/samlmetadata+xml``."""

    async def receive(notice: SignOutNotice) -> SignedOut:
        """Return what is to end.

        :raises SignInRefused: the message is not the provider's, or not for this server, now.
        :raises ProviderUnavailable: nothing is known of the provider.
        """


class Decision(Struct, frozen=True):
    """An answer to "may they", with the lines that explain it."""

    is_allowed: bool
    reasons: tuple[str, ...] = ()


class Holder(Struct, frozen=True, kw_only=True):
    """A user, group or pattern of users, with the permissions on a target and their source."""

    user: str
    permissions: tuple[str, ...]
    source: str


class IAuthorisation(Interface):
    """The one place that decides."""

    is_enabled: bool = Attribute("whether roles and grants are in use")
    administrator: str = Attribute("the user id of the administrator, empty if there is none")

    def decide(identity: Identity, permission: str, target: str = "") -> Decision:
        """``target`` is an app's address, ``sync ID`` or empty for the server."""

    def authorise(identity: Identity, permission: str, target: str = "") -> None:
        """:raises NotAllowed: ``unauthorized: user U does not have permission P on T``."""

    def custom_permissions(identity: Identity, target: str) -> tuple[str, ...]:
        """The ``custom:`` permissions that hold for an app, without the prefix."""

    def holders(target: str) -> Iterable[Holder]:
        """Return everybody who may do something with the app at an address."""

    def permissions_of(entry: str) -> tuple[str, ...]:
        """Return the permissions of ``role:NAME``; any other entry is one itself.

        :raises BadRequest: if the role is unknown.
        """
