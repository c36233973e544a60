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

    def test_first_end(self):
        """Of several ends the first counts, be it of the document, the entity or the role."""
        ends = ("", "", "")
        for place in range(3):
            for first in (NOW + 60, NOW):
                ends = [at(NOW + 90)] * 3
                ends[place] = at(first)
                around, entity, role = (f'validUntil="{each}"' for each in ends)
                inner = metadata(until=entity, more=role).partition(b"-->")[2]
                document = b'<md:EntitiesDescriptor xmlns:md="%b" %b>%b</md:EntitiesDescriptor>' % (
                    NS["md"].encode(),
                    around.encode(),
                    inner,
                )
                if first == NOW:
                    self.assert_refused(document, "its metadata has expired")
                else:
                    self.assertEqual(read_metadata(document, NOW).valid_until, first)
        long_ago = metadata(until='validUntil="1970-01-01T00:00:00Z"')
        self.assert_refused(long_ago, "its metadata has expired")

    def test_wants_signed(self):
        """Whether requests are to be signed is said as XML says it."""
        for said, is_wanted in (("true", True), ("1", True), ("false", False), ("0", False)):
            found = read_metadata(metadata(more=f'WantAuthnRequestsSigned="{said}"'), NOW)
            self.assertEqual(found.wants_signed, is_wanted)

    def test_other_protocols(self):
        """A provider of an older SAML is none for this server."""
        for protocols in (b"urn:oasis:names:tc:SAML:1.1:protocol", b""):
            document = metadata().replace(b"urn:oasis:names:tc:SAML:2.0:protocol", protocols)
            self.assert_refused(document, "its metadata describes 0 providers, not one")
        document = metadata().replace(b"SAML:2.0:protocol", b"SAML:2.0:protocol urn:x")
        self.assertEqual(read_metadata(document, NOW).entity_id, ENTITY)

    def test_places_of_answers(self):
        """Addresses of other bindings are left out, and one for answers is kept by its binding."""
        services = "".join(
            f'<md:{kind} Binding="{BINDINGS}:{binding}" Location="{place}"{more}/>'
            for kind, binding, place, more in (
                ("SingleSignOnService", "SOAP", "urn:x", ""),
                ("SingleSignOnService", "HTTP-POST", "http://idp.example.com/a", ""),
                ("SingleSignOnService", "HTTP-POST", "https://idp.example.com/b", ""),
                ("SingleLogoutService", "HTTP-POST", SIGN_OUT, ' ResponseLocation="https://x/r"'),
            )
        )
        found = read_metadata(metadata(services=services), NOW)
        self.assertEqual(found.sign_in, {POST: "http://idp.example.com/a"})
        self.assertEqual(found.sign_out, {POST: SIGN_OUT})
        self.assertEqual(found.sign_out_answers, {POST: "https://x/r"})

    def test_how_many(self):
        """Metadata of a whole federation is refused: any of its providers could name our users."""
        self.assert_refused(metadata(roles=2), "its metadata describes 2 providers, not one")
        self.assert_refused(metadata(roles=0), "its metadata describes 0 providers, not one")
        self.assert_refused(metadata(entity=""), "its metadata has no entityID")

    def test_addresses(self):
        """An address that a browser would run is refused."""
        service = f'<md:SingleSignOnService Binding="{BINDINGS}:HTTP-POST" Location="%s"/>'
        for address in (
            "javascript:alert(1)",
            "//idp.example.com",
            "https:///x",
            "https://[x",
            "https://x/&#8203;",
        ):
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
        self.assertEqual(root.tag, f"{{{NS['md']}}}EntityDescriptor")
        self.assertEqual(dict(root.attrib), {"entityID": OURS.metadata})
        (role,) = root
        self.assertEqual(role.tag, f"{{{NS['md']}}}SPSSODescriptor")
        self.assertEqual(
            dict(role.attrib),
            {
                "WantAssertionsSigned": "true",
                "AuthnRequestsSigned": "false",
                "protocolSupportEnumeration": "urn:oasis:names:tc:SAML:2.0:protocol",
            },
        )
        # In the order of the schema, which providers check.
        said = [(each.tag.partition("}")[2], dict(each.attrib), each.text) for each in role]
        consumer = {"Binding": POST, "Location": OURS.acs, "index": "0", "isDefault": "true"}
        self.assertEqual(
            said,
            [
                ("SingleLogoutService", {"Binding": REDIRECT, "Location": OURS.slo}, None),
                ("SingleLogoutService", {"Binding": POST, "Location": OURS.slo}, None),
                ("NameIDFormat", {}, "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
                ("AssertionConsumerService", consumer, None),
            ],
        )

    def test_key(self):
        """With a key of ours its certificate is there, for signatures and nothing else."""
        key = signing_key("ours")
        root = etree.fromstring(our_metadata(OURS, key))
        descriptor = root.find("md:SPSSODescriptor/md:KeyDescriptor", NS)
        self.assertEqual(descriptor.get("use"), "signing")
        shown = descriptor.find("ds:KeyInfo/ds:X509Data/ds:X509Certificate", NS)
        self.assertEqual(shown.text, certificate_text(key))
        self.assertEqual(root.find("md:SPSSODescriptor", NS).get("AuthnRequestsSigned"), "true")
