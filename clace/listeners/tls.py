"""TLS as we speak it: versions 1.2 and 1.3, after Mozilla's "intermediate" profile."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from clace.listeners.openssl import TLSConnection, offer_groups
from clace.listeners.pairs import CertificatePair

# The suites of TLS 1.2; those of 1.3 are OpenSSL's own, which are the profile's.
# Its DHE suites are left out: no client of today needs them, and they cost the server the most.
CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
# The profile's; the first is X25519 with a key exchange that holds against quantum computers, which
# OpenSSL knows since 3.5.
GROUPS = ("X25519MLKEM768", "X25519", "P-256", "P-384")
_HTTP = b"http/1.1"
# A server that serves any name could be asked under any number of them.
_MOST_NAMES = 1000


def _nobody(_name: bytes | None) -> bool:
    return False


def _accept(*_: object) -> bool:
    return True


@implementer(IOpenSSLServerConnectionCreator)
class TLSByName:
    """Begins each connection in a context without a certificate, the front, and leaves it for the
    context of the name that the client asks for.

    Sessions belong to the front, so they are resumed whatever became of the certificate.
    """

    _log = Logger()

    def __init__(
        self,
        context_for: Callable[[bytes | None], SSL.Context | None],
        asks: Callable[[bytes | None], bool] = _nobody,
    ) -> None:
        """``asks`` tells the names under which a client is asked for a certificate."""
        self._context_for = context_for
        self._asks = asks
        self._asked: set[bytes | None] = set()
        # A connection that has left the front may come back to its callback in the middle of a
        # handshake (HelloRetryRequest): the front must live as long as the connection.
        self._fronts: WeakKeyDictionary[SSL.Connection, SSL.Context] = WeakKeyDictionary()
        self.change_ticket_keys()

    def change_ticket_keys(self) -> None:
        """From now on nobody resumes an earlier session, nor can a key stolen later read it."""
        self._front = _context()
        self._front.set_tlsext_servername_callback(self._choose)

    def serverConnectionForTLS(
        self,
        tlsProtocol: TLSMemoryBIOProtocol,  # noqa: ARG002
    ) -> SSL.Connection:
        return self.encrypt(None)

    def encrypt(self, sock: socket.socket | None) -> SSL.Connection:
        """Make a connection for a server, over a socket or in memory."""
        connection = TLSConnection(self._front, sock)
        self._fronts[connection] = self._front
        return connection

    def _choose(self, connection: Any) -> None:
        try:
            name = connection.get_servername()
            context = self._context_for(name)
            if context is not None:
                connection.set_context(context)
            if self._asks(name):
                self._ask(connection, name)
        except Exception:  # noqa: BLE001 - pyOpenSSL would print it past the log
            self._log.failure("Cannot choose a certificate")

    def _ask(self, connection: TLSConnection, name: bytes | None) -> None:
        """Ask the client for a certificate, of whomever: the app that needs it looks at it.

        A session with a certificate gets no ticket: TLS 1.3 would take it under every name, and
        the client had shown the certificate for one. Sessions of before, in which nobody was asked,
        are not resumed any more from the first time on.
        """
        # A client chooses how it spells a name, and keys cost work and the sessions of others.
        spelled = name and name.lower().rstrip(b".")
        if spelled not in self._asked and len(self._asked) < _MOST_NAMES:
            self._asked.add(spelled)
            self.change_ticket_keys()
        if not connection.is_resumed():
            connection.set_verify(SSL.VERIFY_PEER, _accept)
            connection.set_options(SSL.OP_NO_TICKET)


def context_of(pair: CertificatePair) -> SSL.Context:
    """:raises SSL.Error: OpenSSL does not take the pair."""
    context = _context()
    context.use_certificate(pair.certificate)
    for issuer in pair.chain[1:]:
        context.add_extra_chain_cert(issuer)
    context.use_privatekey(pair.key)
    context.check_privatekey()
    return context


def _context() -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.set_cipher_list(CIPHERS.encode("ascii"))
    _offer_groups(context)
    context.set_session_cache_mode(SSL.SESS_CACHE_SERVER)
    # The same in every context, or a session that changed contexts would not be resumed.
    context.set_session_id(b"clace")
    context.set_alpn_select_callback(_select_protocol)
    return context


def _offer_groups(context: SSL.Context) -> None:
    if not offer_groups(context, GROUPS) and not offer_groups(context, GROUPS[1:]):
        raise RuntimeError(f"OpenSSL lacks one of {', '.join(GROUPS[1:])}")


def _select_protocol(connection: SSL.Connection, offered: list[bytes]) -> Any:  # noqa: ARG001
    return _HTTP if _HTTP in offered else SSL.NO_OVERLAPPING_PROTOCOLS
