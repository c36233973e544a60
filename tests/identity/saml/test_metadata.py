"""Tests for ``clace.identity.saml.metadata``."""

from lxml import etree
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ProviderUnavailable
from clace.identity.saml.metadata import POST, REDIRECT, our_metadata, read_metadata
from tests.support.saml import (
    BINDINGS,
    ENTITY,
    NOW,
    OURS,
    SIGN_IN,
    SIGN_OUT,
    at,
    certificate_text,
    metadata,
    signing_key,
)

NS = {"md": "urn:oasis:names:tc:SAML:2.0:metadata", "ds": "http://www.w3.org/2000/09/xmldsig#"}


class ReadTests(SynchronousTestCase):
    """Descriptions of providers."""

    def assert_refused(self, document, reason):
        error = self.assertRaises(ProviderUnavailable, read_metadata, document, NOW)
        self.assertEqual(error.message, reason)

    def test_provider(self):
        """Name, keys and addresses are read; comments of whoever wrote it are allowed."""
        found = read_metadata(metadata(), NOW)
        self.assertEqual(found.entity_id, ENTITY)
        self.assertEqual(found.keys, (signing_key().certificate,))
        self.assertEqual(found.sign_in, {REDIRECT: SIGN_IN, POST: SIGN_IN})
        self.assertEqual(found.sign_out, {REDIRECT: SIGN_OUT, POST: SIGN_OUT})

    def test_key_without_use(self):
        """A key that says nothing of its use is for signatures too; one for encryption is not."""
        self.assertEqual(len(read_metadata(metadata(use=""), NOW).keys), 1)
        self.assert_refused(
            metadata(use=' use="encryption"'), "its metadata has no certificate for signatures"
        )

    def test_validity(self):
        """Metadata that is over is of no use; its end is kept."""
        found = read_metadata(metadata(until=f'validUntil="{at(NOW + 60)}"'), NOW)
        self.assertEqual(found.valid_until, NOW + 60)
        self.assert_refused(metadata(until=f'validUntil="{at(NOW)}"'), "its metadata has expired")

    def test_how_many(self):
        """Metadata of a whole federation is refused: any of its providers could name our users."""
        self.assert_refused(metadata(roles=2), "its metadata describes 2 providers, not one")
        self.assert_refused(metadata(roles=0), "its metadata describes 0 providers, not one")
        self.assert_refused(metadata(entity=""), "its metadata has no entityID")

    def test_addresses(self):
        """An address that a browser would run is refused."""
        service = f'<md:SingleSignOnService Binding="{BINDINGS}:HTTP-POST" Location="%s"/>'
        for address in ("javascript:alert(1)", "//idp.example.com", "https:///x", "https://[x"):
            self.assert_refused(
                metadata(services=service % address),
                "its metadata has a SingleSignOnService that is no web address",
            )

    def test_other_documents(self):
        """A page of something else is refused, with the reason."""
        self.assert_refused(b"<html>", "its metadata: the XML is not well-formed")
        self.assert_refused(
            b"<!DOCTYPE html><html/>", "its metadata: the XML declares a document type"
        )
        broken = metadata().replace(certificate_text(signing_key()).encode(), b"AAAA")
        self.assert_refused(broken, "its metadata has a certificate that cannot be read")


class OurTests(SynchronousTestCase):
    """The description of this server."""

    def test_addresses(self):
        """The provider is told where answers and sign-outs go, and that answers must be signed."""
        root = etree.fromstring(our_metadata(OURS, None))
        role = root.find("md:SPSSODescriptor", NS)
        self.assertEqual(root.get("entityID"), OURS.metadata)
        self.assertEqual(role.get("WantAssertionsSigned"), "true")
        self.assertEqual(role.get("AuthnRequestsSigned"), "false")
        self.assertEqual(role.find("md:AssertionConsumerService", NS).get("Location"), OURS.acs)
        places = {each.get("Location") for each in role.findall("md:SingleLogoutService", NS)}
        self.assertEqual(places, {OURS.slo})
        self.assertIsNone(role.find("md:KeyDescriptor", NS))

    def test_key(self):
        """With a key of ours its certificate is there, for signatures and nothing else."""
        key = signing_key("ours")
        root = etree.fromstring(our_metadata(OURS, key))
        descriptor = root.find("md:SPSSODescriptor/md:KeyDescriptor", NS)
        self.assertEqual(descriptor.get("use"), "signing")
        self.assertEqual(descriptor.find(".//ds:X509Certificate", NS).text, certificate_text(key))
        self.assertEqual(root.find("md:SPSSODescriptor", NS).get("AuthnRequestsSigned"), "true")
