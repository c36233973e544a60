"""Tests for ``clace.listeners.tls``."""

import gc
import ssl
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.listeners.pairs import CertificatePair
from clace.listeners.tls import CIPHERS, TLSByName, context_of
from tests.listeners.handshakes import pem_pair, shake_hands, subject_of, trusting

PEM, KEY = pem_pair("a.example")


def loaded(certificate=PEM, key=KEY):
    return CertificatePair(
        tuple(x509.load_pem_x509_certificates(certificate)), load_pem_private_key(key, None)
    )


class TLSByNameTests(SynchronousTestCase):
    def setUp(self):
        self.asked = []
        self.contexts = {None: context_of(loaded()), b"b.example": self.context("b.example")}
        self.creator = TLSByName(self.choose)

    def context(self, name):
        return context_of(loaded(*pem_pair(name)))

    def choose(self, name):
        self.asked.append(name)
        return self.contexts.get(name) or self.contexts[None]

    def connect(self, context=None, name=None, session=None):
        server = self.creator.serverConnectionForTLS(None)
        return shake_hands(server, context or trusting(), name, session)

    def test_interface(self):
        """It makes connections for Twisted's TLS."""
        verifyObject(IOpenSSLServerConnectionCreator, self.creator)

    def test_picks_by_name(self):
        """Each name is shown its certificate."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client = self.connect(trusting(version=version), "b.example")
            self.assertEqual(subject_of(client), "b.example")

    def test_no_name(self):
        """A client that sends no name is asked for all the same, and gets the default."""
        self.assertEqual(subject_of(self.connect()), "a.example")
        self.assertEqual(self.asked, [None])

    def test_versions(self):
        """TLS 1.2 and 1.3 are spoken, 1.1 is not."""
        for version, name in (
            (ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
            (ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        ):
            self.assertEqual(self.connect(trusting(version=version)).version(), name)
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            old = trusting(version=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("DEFAULT@SECLEVEL=0")
        self.assertRaises((ssl.SSLError, SSL.Error), self.connect, old)

    def test_ciphers(self):
        """Of TLS 1.2 only the suites of the profile are left, each with forward secrecy."""
        server = self.creator.serverConnectionForTLS(None)
        old = {name for name in server.get_cipher_list() if not name.startswith("TLS_")}
        self.assertEqual(old, set(CIPHERS.split(":")))
        weak = trusting(version=ssl.TLSVersion.TLSv1_2)
        weak.set_ciphers("ECDHE+AES:!AESGCM")
        self.assertRaises((ssl.SSLError, SSL.Error), self.connect, weak)

    def test_groups(self):
        """Keys are exchanged in the groups of the profile, and in no others."""
        for group in ("prime256v1", "secp384r1"):
            client = trusting()
            client.set_ecdh_curve(group)
            self.assertEqual(self.connect(client).version(), "TLSv1.3")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            client = trusting(version=version)
            client.set_ecdh_curve("secp521r1")
            self.assertRaises((ssl.SSLError, SSL.Error), self.connect, client)

    def test_usual_group(self):
        """A client that has the choice gets X25519, alone or with ML-KEM."""
        server = self.creator.serverConnectionForTLS(None)
        shake_hands(server, trusting())
        self.assertIn("x25519", server.get_group_name().lower())

    def test_http_1_1(self):
        """Of the protocols offered it takes HTTP/1.1, and none if that is not among them."""
        for offered, taken in ((["h2", "http/1.1"], "http/1.1"), (["h2"], None)):
            context = trusting()
            context.set_alpn_protocols(offered)
            self.assertEqual(self.connect(context).selected_alpn_protocol(), taken)

    def test_resumes(self):
        """A client that comes back saves the handshake, on both versions, whatever the name."""
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for name in (None, "a.example", "b.example"):
                context = trusting(version=version)
                first = self.connect(context, name)
                self.assertFalse(first.session_reused)
                again = self.connect(context, name, first.session)
                self.assertTrue(again.session_reused, (version, name))

    def test_resumes_by_session_id(self):
        """A client without tickets is remembered by the server."""
        context = trusting(version=ssl.TLSVersion.TLSv1_2)
        context.options |= ssl.OP_NO_TICKET
        first = self.connect(context, "b.example")
        self.assertTrue(self.connect(context, "b.example", first.session).session_reused)

    def test_resumes_after_renewal(self):
        """A new certificate does not cost the clients their sessions."""
        context = trusting()
        first = self.connect(context, "b.example")
        self.contexts[b"b.example"] = self.context("b.example")
        self.assertTrue(self.connect(context, "b.example", first.session).session_reused)

    def test_changes_ticket_keys(self):
        """After a change of keys an old ticket is worth a full handshake, no more."""
        context = trusting()
        first = self.connect(context)
        self.creator.change_ticket_keys()
        self.assertFalse(self.connect(context, None, first.session).session_reused)

    def test_change_during_handshake(self):
        """A handshake that has begun ends well when keys change in its middle."""
        server = self.creator.serverConnectionForTLS(None)
        self.creator.change_ticket_keys()
        gc.collect()
        self.assertEqual(subject_of(shake_hands(server, trusting())), "a.example")

    def test_no_compression_no_renegotiation(self):
        """Nothing compresses what is encrypted, and no client starts a second handshake."""
        server = self.creator.serverConnectionForTLS(None)
        options = server.set_options(0)
        self.assertTrue(options & SSL.OP_NO_COMPRESSION)
        self.assertTrue(options & SSL.OP_NO_RENEGOTIATION)

    def test_fault_in_choosing(self):
        """A fault of ours fails one handshake, and is in the log."""
        self.contexts.clear()
        self.assertRaises((ssl.SSLError, SSL.Error), self.connect)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)


class ContextOfTests(SynchronousTestCase):
    def test_key_of_another(self):
        """A key that does not belong to the certificate is refused."""
        _, other = pem_pair("b.example")
        self.assertRaises(SSL.Error, context_of, loaded(PEM, other))

    def test_sends_chain(self):
        """Clients are sent the issuers too."""
        issuer, _ = pem_pair("issuer.example")
        context = context_of(loaded(PEM + issuer))
        creator = TLSByName(lambda _: context)
        client = shake_hands(creator.serverConnectionForTLS(None), trusting())
        if hasattr(client, "get_unverified_chain"):
            self.assertEqual(len(client.get_unverified_chain()), 2)


class CertificateTests(SynchronousTestCase):
    """Clients that are asked for a certificate, under some names."""

    def setUp(self):
        self.context = context_of(loaded())
        self.under = {b"a.example", b"b.example"}
        self.creator = TLSByName(lambda _: self.context, lambda name: name in self.under)
        client = Path(self.mktemp())
        client.write_bytes(b"".join(pem_pair("client")))
        self.clients = {}
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.clients[version] = trusting(version=version)
            self.clients[version].load_cert_chain(client)

    def connect(self, context, name, session=None):
        """The server's side, and the client's session."""
        server = self.creator.serverConnectionForTLS(None)
        client = shake_hands(server, context, name, session)
        return server, client.session

    def shown(self, server):
        """The name that the certificate was asked under, and whether there is one."""
        return server.get_servername(), server.get_peer_certificate() is not None

    def test_asked(self):
        """A client shows its certificate under such a name, whoever has issued it."""
        for context in self.clients.values():
            server, _ = self.connect(context, "a.example")
            self.assertEqual(self.shown(server), (b"a.example", True))

    def test_other_names(self):
        """Under any other name, or without one, nobody is asked."""
        for context in self.clients.values():
            for name in ("c.example", None):
                server, _ = self.connect(context, name)
                self.assertIsNone(server.get_peer_certificate())
                self.assertEqual(server.get_verify_mode(), SSL.VERIFY_NONE)

    def test_without(self):
        """A client that has no certificate is let through: the app may tell it why it needs one."""
        server, _ = self.connect(trusting(), "a.example")
        self.assertEqual(self.shown(server), (b"a.example", False))
        self.assertEqual(server.get_verify_mode(), SSL.VERIFY_PEER)

    def test_resumed_under_another_name(self):
        """A session with a certificate takes it to no other name, be it one that asks.

        TLS 1.2 keeps the name that the session began under; TLS 1.3 does not, so it begins anew.
        """
        expected = {
            ssl.TLSVersion.TLSv1_2: {"b.example": b"a.example", "c.example": b"a.example"},
            ssl.TLSVersion.TLSv1_3: {"b.example": b"b.example", "c.example": None},
        }
        for name in ("a.example", "b.example"):
            self.connect(trusting(), name)
        for version, context in self.clients.items():
            for name, shown in expected[version].items():
                _, session = self.connect(context, "a.example")
                server, _ = self.connect(context, name, session)
                self.assertEqual(server.is_resumed(), version == ssl.TLSVersion.TLSv1_2)
                found, has_certificate = self.shown(server)
                self.assertEqual(found if has_certificate else None, shown)

    def test_resumed(self):
        """The client is known again under its own name, in a session of before or in a new one."""
        for context in self.clients.values():
            _, session = self.connect(context, "a.example")
            server, _ = self.connect(context, "a.example", session)
            self.assertEqual(self.shown(server), (b"a.example", True))

    def test_spellings_of_a_name(self):
        """A name in another case ends no session of others."""
        self.under |= {b"A.example", b"a.EXAMPLE"}
        self.connect(trusting(), "a.example")
        for context in self.clients.values():
            _, session = self.connect(context, "c.example")
            for name in ("A.example", "a.EXAMPLE"):
                self.connect(trusting(), name)
            server, _ = self.connect(context, "c.example", session)
            self.assertTrue(server.is_resumed())

    def test_sessions_of_before(self):
        """Once a name is asked under, sessions in which it was not are not resumed for long."""
        for context in self.clients.values():
            self.under.clear()
            self.creator = TLSByName(lambda _: self.context, lambda name: name in self.under)
            _, session = self.connect(context, "a.example")
            self.under.add(b"a.example")
            first, _ = self.connect(context, "a.example", session)
            self.assertEqual(first.get_verify_mode(), SSL.VERIFY_NONE)
            second, _ = self.connect(context, "a.example", session)
            self.assertEqual(self.shown(second), (b"a.example", True))
