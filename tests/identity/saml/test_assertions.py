"""Tests for ``clace.identity.saml.assertions``: each changes one thing in an accepted answer."""

from base64 import b64encode
from copy import deepcopy

from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import SignInRefused
from clace.identity.saml import SamlKey
from clace.identity.saml.keys import self_signed
from clace.identity.saml.signatures import signed_part
from clace.model.identity import Assurance
from tests.support.returning import ReturningCase
from tests.support.saml import (
    NOW,
    NS,
    OURS,
    REQUEST,
    Fetched,
    answer,
    arrival,
    at,
    attribute,
    joined,
    metadata,
    parts,
    provider,
    signed,
    signing_key,
)

EVIL = "admin"
FORMATS = "urn:oasis:names:tc:SAML:2.0:nameid-format"


def curve_key():
    """A provider's key on a curve, and its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    return SamlKey(key, self_signed(key, "curve", NOW))


def statements(assertion):
    """What an assertion says of when the user signed in."""
    return assertion.findall("saml:AuthnStatement", NS)


class SignInCase(ReturningCase):
    """Browsers that come back from the provider, to the flow of every sign-in."""

    message = b"The sign-in was not accepted. Please try again."

    def accepted(self, document, ours=None, **options):
        self.serve(ours or provider(**options))
        come = arrival(document)
        return self.lets_in(come.parameters, come.kept)

    def assert_refused(self, document, reason, ours=None, request=REQUEST, **options):
        """The visitor is told nothing; the audit log has the reason."""
        self.serve(ours or provider(**options))
        come = arrival(document, request)
        self.assertEqual(self.refusal(come.parameters, come.kept), reason)


class AcceptedTests(SignInCase):
    """What the refusals below differ from by one thing."""

    def test_signed_assertion(self):
        """A signed assertion proves its user."""
        identity = self.accepted(answer()).identity
        self.assertEqual(identity.user_id, "saml_corp:ann")
        self.assertEqual(identity.subject, "ann")
        self.assertEqual(identity.assurance, Assurance.SSO)

    def test_signed_response(self):
        """A signed response proves what is in it."""
        self.assertEqual(self.accepted(answer(whole=True)).identity.user_id, "saml_corp:ann")

    def test_both_signed(self):
        """A signed assertion in a signed response is accepted."""
        response, assertion = parts()
        document = signed(joined(response, signed(assertion)))
        self.assertEqual(self.accepted(document).identity.user_id, "saml_corp:ann")

    def test_clocks_differ(self):
        """A minute between the clocks is forgiven."""
        self.accepted(answer(end=at(NOW - 59)))
        self.accepted(answer(start=at(NOW + 59)))

    def test_evidence(self):
        """What single logout needs is kept: the name as the provider wrote it, and its session."""
        evidence = self.accepted(answer()).evidence
        self.assertEqual((evidence["name_id"], evidence["index"]), ("ann", "session1"))

    def test_all_of_the_evidence(self):
        """What the provider said of the name is kept as it is, and the end of the session."""
        evidence = self.accepted(answer()).evidence
        kind = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
        self.assertEqual(evidence, {"name_id": "ann", "format": kind, "index": "session1"})
        response, assertion = parts(session=f' SessionNotOnOrAfter="{at(NOW + 60)}"')
        name, (statement,) = assertion.find(".//saml:NameID", NS), statements(assertion)
        del name.attrib["Format"], statement.attrib["SessionIndex"]
        name.set("NameQualifier", "idp")
        name.set("SPNameQualifier", "sp")
        later = deepcopy(statement)
        later.set("SessionNotOnOrAfter", at(NOW + 90))
        statement.addnext(later)
        self.assertEqual(
            self.accepted(joined(response, signed(assertion))).evidence,
            {"name_id": "ann", "qualifier": "idp", "sp_qualifier": "sp", "until": repr(NOW + 60)},
        )

    def test_left_out(self):
        """Parts that SAML lets a provider leave out, or say besides, may be missing or there."""
        response, assertion = parts()
        del response.attrib["Destination"]
        response.remove(response.find("saml:Issuer", NS))
        assertion.find("saml:Issuer", NS).set("Format", f"{FORMATS}:entity")
        conditions = assertion.find("saml:Conditions", NS)
        del conditions.attrib["NotBefore"], conditions.attrib["NotOnOrAfter"]
        etree.SubElement(conditions, f"{{{NS['saml']}}}ProxyRestriction", Count="0")
        document = joined(response, signed(assertion))
        self.assertEqual(self.accepted(document).identity.user_id, "saml_corp:ann")

    def test_folded(self):
        """A form may have the message in lines."""
        come = arrival(answer())
        text = come.parameters["SAMLResponse"]
        lines = "\r\n".join(text[start : start + 76] for start in range(0, len(text), 76))
        self.serve(provider())
        self.lets_in({"SAMLResponse": lines}, come.kept)

    def test_any_algorithm_that_is_strong(self):
        """Longer digests, a newer padding and curves are accepted too."""
        curve = curve_key()
        fetched = Fetched(metadata(signing_key(), curve))
        for bits in (256, 384, 512):
            digest = DigestAlgorithm[f"SHA{bits}"]
            for key, name in (
                (None, f"RSA_SHA{bits}"),
                (None, f"SHA{bits}_RSA_MGF1"),
                (curve, f"ECDSA_SHA{bits}"),
            ):
                response, assertion = parts()
                done = signed(assertion, key, digest=digest, method=SignatureMethod[name])
                found = self.accepted(joined(response, done), fetched=fetched)
                self.assertEqual(found.identity.user_id, "saml_corp:ann", name)

    def test_form_with_comments(self):
        """A signature over a form that would keep comments is accepted where there are none."""
        response, assertion = parts()
        c14n = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS
        self.accepted(joined(response, signed(assertion, c14n=c14n)))

    def test_name(self):
        """The user is shown under the name that the provider gives them."""
        names = (
            "urn:oid:2.5.4.3",
            "cn",
            "http://schemas.microsoft.com/identity/claims/displayname",
            "urn:oid:2.16.840.1.113730.3.1.241",
            "displayName",
        )
        for count, _ in enumerate(names, 1):
            said = [attribute(name, f"Ann by {name}") for name in names[:count]]
            found = self.accepted(answer(attributes=said)).identity.name
            self.assertEqual(found, f"Ann by {names[count - 1]}")
        self.assertEqual(self.accepted(answer()).identity.name, "ann")


class GroupTests(SignInCase):
    """Groups: the first of the known attributes that has values."""

    def groups(self, *attributes, **options):
        return self.accepted(answer(attributes=attributes), **options).identity.groups

    def test_order(self):
        """The configured attribute goes before the usual ones, and an empty one does not count."""
        microsoft = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
        self.assertEqual(self.groups(attribute(microsoft, "a")), ("a",))
        self.assertEqual(self.groups(attribute("roles", "b"), attribute(microsoft, "a")), ("b",))
        self.assertEqual(self.groups(attribute("roles", "b"), attribute("memberOf", "c")), ("c",))
        self.assertEqual(
            self.groups(attribute("memberOf", "c"), attribute("groups", "d", "e")), ("d", "e")
        )
        self.assertEqual(self.groups(attribute("groups"), attribute("memberOf", "c")), ("c",))
        teams = attribute("teams", "f"), attribute("groups", "d")
        self.assertEqual(self.groups(*teams), ("d",))
        self.assertEqual(self.groups(*teams, groups_attr="teams"), ("f",))
        self.assertEqual(self.groups(attribute("groups", "d"), groups_attr="teams"), ("d",))

    def test_in_parts(self):
        """An attribute that comes twice has the values of both."""
        self.assertEqual(
            self.groups(attribute("groups", "a"), attribute("groups", "b")), ("a", "b")
        )

    def test_many(self):
        """500 groups are kept, each once."""
        names = [f"cn=team {number},dc=example" for number in range(500)]
        found = self.groups(attribute("groups", *names, *names))
        self.assertEqual(found, tuple(names))

    def test_unusable(self):
        """A value with elements in it, or of several lines, is no group."""
        odd = "a<b/>c", "d&#10;e", "", "a" * 1025
        self.assertEqual(self.groups(attribute("groups", *odd, "f")), ("f",))

    def test_too_many(self):
        """An assertion with more values than any user has is refused, in however many parts."""
        half = attribute("groups", *(f"g{number}" for number in range(2500)))
        other = half.replace("groups", "roles")
        self.assertEqual(len(self.groups(half, other)), 2500)
        self.assert_refused(
            answer(attributes=(half, other, attribute("cn", "Ann"))),
            "the assertion has more than 5000 values",
        )


class ConditionTests(SignInCase):
    """Signed, and yet for somebody else, for another time or for another request."""

    def test_expired(self):
        """An assertion is of no use when its time is over."""
        self.assert_refused(answer(end=at(NOW - 60)), "the assertion has expired")

    def test_confirmation_expired(self):
        """The bearer's own time counts too."""
        response, assertion = parts()
        data = assertion.find(".//saml:SubjectConfirmationData", NS)
        data.set("NotOnOrAfter", at(NOW - 60))
        document = joined(response, signed(assertion))
        self.assert_refused(document, "the confirmation of the subject has expired")

    def test_not_yet_valid(self):
        """An assertion is of no use before its time."""
        self.assert_refused(answer(start=at(NOW + 61)), "the assertion is not valid yet")

    def test_wrong_audience(self):
        """An assertion for another service is refused."""
        self.assert_refused(
            answer(audience="https://other.example.com"), "the assertion is for another audience"
        )

    def test_no_audience(self):
        """An assertion for any service is refused."""
        response, assertion = parts()
        conditions = assertion.find("saml:Conditions", NS)
        conditions.remove(conditions[0])
        self.assert_refused(joined(response, signed(assertion)), "the assertion names no audience")

    def test_every_audience_restriction(self):
        """Each of several restrictions must name this server."""
        other = (
            "<saml:AudienceRestriction><saml:Audience>https://other.example.com</saml:Audience>"
            "</saml:AudienceRestriction>"
        )
        self.assert_refused(answer(conditions=other), "the assertion is for another audience")

    def test_wrong_recipient(self):
        """An assertion for another address is refused."""
        self.assert_refused(
            answer(recipient="https://other.example.com/acs"),
            "the assertion is for another recipient",
        )

    def test_wrong_destination(self):
        """A response to another address is refused."""
        self.assert_refused(
            answer(destination="https://other.example.com/acs"),
            "the response is for another destination",
        )

    def test_other_request(self):
        """An assertion that answers somebody else's request is refused."""
        self.assert_refused(
            answer(request="_other", answers="_request1"),
            "the assertion answers another request, or none",
        )

    def test_response_to_other_request(self):
        """A response that answers somebody else's request is refused."""
        self.assert_refused(
            answer(answers="_other"), "the response answers another request, or none"
        )

    def test_unasked(self):
        """An answer that nobody asked for is refused: it could be another user's."""
        response, assertion = parts()
        del response.attrib["InResponseTo"]
        self.assert_refused(
            joined(response, signed(assertion)), "the response answers another request, or none"
        )

    def test_replay(self):
        """The same assertion is of use once."""
        ours = provider()
        self.accepted(answer(), ours=ours)
        self.assert_refused(answer(), "the message came before", ours=ours)

    def test_another_number(self):
        """Two assertions with numbers of their own are both of use."""
        ours = provider()
        for number in ("_assertion1", "_assertion2"):
            self.accepted(answer(id=number), ours=ours)

    def test_replay_until_the_last_moment(self):
        """An assertion came before for as long as the difference of clocks lets it be taken."""
        clock = Clock()
        clock.rightNow = NOW
        ours = provider(clock)
        document = answer(end=at(NOW + 30))
        self.accepted(document, ours=ours)
        clock.advance(89)
        self.assert_refused(document, "the message came before", ours=ours)
        clock.advance(1)
        self.assert_refused(document, "the assertion has expired", ours=ours)
        self.accepted(answer(id="_assertion2", start=at(NOW), end=at(NOW + 300)), ours=ours)
        self.assertEqual(len(ours._replays._known), 1)

    def test_replay_with_a_later_end(self):
        """So does one whose conditions have no end, or that has confirmations with several."""
        response, open_ended = parts(end=at(NOW + 900))
        del open_ended.find("saml:Conditions", NS).attrib["NotOnOrAfter"]
        other, several = parts(end=at(NOW + 900))
        confirmation = several.find(".//saml:SubjectConfirmation", NS)
        confirmation.addprevious(deepcopy(confirmation))
        confirmation.getprevious()[0].set("NotOnOrAfter", at(NOW + 30))
        for document in (joined(response, signed(open_ended)), joined(other, signed(several))):
            clock = Clock()
            clock.rightNow = NOW
            ours = provider(clock)
            self.accepted(document, ours=ours)
            clock.advance(959)
            self.assert_refused(document, "the message came before", ours=ours)
            clock.advance(1)
            self.refusal(arrival(document).parameters, arrival(document).kept)

    def test_without_a_statement(self):
        """An assertion that does not say when the user signed in begins no session."""
        response, assertion = parts()
        (statement,) = statements(assertion)
        assertion.remove(statement)
        self.assert_refused(
            joined(response, signed(assertion)),
            "the assertion does not say that the user signed in",
        )

    def test_confirmation_without_an_end(self):
        """A bearer's confirmation has an end, or it is none."""
        response, assertion = parts()
        del assertion.find(".//saml:SubjectConfirmationData", NS).attrib["NotOnOrAfter"]
        self.assert_refused(
            joined(response, signed(assertion)), "the confirmation of the subject has no end"
        )

    def test_missing_or_twice(self):
        """What an assertion has once may neither be missing nor come twice."""
        for path in ("Conditions", "Subject", "Issuer", "Subject/saml:NameID"):
            for count in (0, 2):
                response, assertion = parts()
                element = assertion.find(f"saml:{path}", NS)
                if count:
                    element.addnext(deepcopy(element))
                else:
                    element.getparent().remove(element)
                if not count and path == "Issuer":
                    whole = etree.tostring(signed(joined(response, assertion)))
                else:
                    whole = joined(response, signed(assertion))
                self.assert_refused(whole, f"expected one saml:{path}, found {count}")

    def test_one_time_use(self):
        """An assertion that may not begin a session is refused."""
        self.assert_refused(
            answer(conditions="<saml:OneTimeUse/>"),
            "the assertion is for one use only, and a session is more",
        )

    def test_unknown_condition(self):
        """A condition that we do not understand is one that we cannot keep."""
        self.assert_refused(
            answer(conditions="<saml:Condition/>"), "the assertion has an unknown condition"
        )

    def test_other_confirmation(self):
        """A subject that is confirmed for the holder of a key is not confirmed for a browser."""
        self.assert_refused(
            answer(method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"),
            "the subject is not confirmed for a bearer",
        )

    def test_status(self):
        """A refusal of the provider is told by its own word."""
        self.assert_refused(answer(status="AuthnFailed"), "the provider refused: AuthnFailed")
        for odd in ("a" * 65, "a b", "&#10;admin signed in", ""):
            self.assert_refused(answer(status=odd), "the provider refused: an unknown status")

    def test_other_issuer(self):
        """An assertion of another provider is refused, although its key is the same."""
        response, assertion = parts()
        assertion.find("saml:Issuer", NS).text = "https://other.example.com"
        self.assert_refused(
            joined(response, signed(assertion)), "the assertion is from another issuer"
        )

    def test_other_issuer_around(self):
        """A response that says it is of another provider is refused, whatever is in it."""
        response, assertion = parts()
        response.find("saml:Issuer", NS).text = "https://other.example.com"
        self.assert_refused(
            joined(response, signed(assertion)), "the response is from another issuer"
        )

    def test_issuer_of_another_format(self):
        """A name that is no entity's is not the provider's, though it reads the same."""
        response, assertion = parts()
        assertion.find("saml:Issuer", NS).set("Format", f"{FORMATS}:persistent")
        self.assert_refused(
            joined(response, signed(assertion)), "the assertion is from another issuer"
        )

    def test_session_ended(self):
        """A session that is over at the provider does not begin here."""
        self.assert_refused(
            answer(session=f' SessionNotOnOrAfter="{at(NOW - 60)}"'),
            "the session at the provider has ended",
        )
        long_ago = answer(session=' SessionNotOnOrAfter="1970-01-01T00:00:00Z"')
        self.assert_refused(long_ago, "the session at the provider has ended")
        self.accepted(answer(session=f' SessionNotOnOrAfter="{at(NOW - 59)}"'))
        response, assertion = parts(session=f' SessionNotOnOrAfter="{at(NOW - 60)}"')
        (statement,) = statements(assertion)
        other = deepcopy(statement)
        other.set("SessionNotOnOrAfter", at(NOW + 60))
        statement.addnext(other)
        self.assert_refused(
            joined(response, signed(assertion)), "the session at the provider has ended"
        )

    def test_asked_anew(self):
        """With ``force_authn`` the user has to have signed in there after they were sent."""
        for force, seconds, is_taken in [(True, 60, True), (True, 61, False), (False, 61, True)]:
            ours = provider(force_authn=force)
            self.serve(ours)
            kept = self.successResultOf(ours.begin("the-state")).kept
            brought = arrival(answer(now=at(NOW - seconds))).parameters
            if is_taken:
                self.assertEqual(self.lets_in(brought, kept).identity.subject, "ann", seconds)
            else:
                reason = "the provider did not ask the user anew"
                self.assertEqual(self.refusal(brought, kept), reason, seconds)

    def test_asked_anew_in_every_statement(self):
        """Each of several statements has to say so, and when it was."""
        for instant in (at(NOW - 61), None):
            ours = provider(force_authn=True)
            self.serve(ours)
            kept = self.successResultOf(ours.begin("the-state")).kept
            response, assertion = parts()
            (statement,) = statements(assertion)
            other = deepcopy(statement)
            other.attrib.pop("AuthnInstant")
            if instant:
                other.set("AuthnInstant", instant)
            statement.addnext(other)
            brought = arrival(joined(response, signed(assertion))).parameters
            reason = "the provider did not ask the user anew"
            self.assertEqual(self.refusal(brought, kept), reason)

    def test_time_without_zone(self):
        """A time that could mean several moments is refused."""
        self.assert_refused(answer(end=at(NOW + 300)[:-1]), "a time is not in UTC")
        self.assert_refused(answer(end=at(NOW + 300)[:-1] + "+01:00"), "a time is not in UTC")
        self.assert_refused(answer(end="soon"), "a time cannot be read")

    def test_version(self):
        """Another version of SAML is refused."""
        response, assertion = parts()
        response.set("Version", "1.1")
        self.assert_refused(joined(response, signed(assertion)), "the version is not 2.0")
        response, assertion = parts()
        assertion.set("Version", "1.1")
        self.assert_refused(joined(response, signed(assertion)), "the version is not 2.0")

    def test_number(self):
        """A message without a number, by which it would come once, is refused."""
        response, assertion = parts()
        del response.attrib["ID"]
        self.assert_refused(joined(response, signed(assertion)), "a message has no ID")
        response, assertion = parts()
        del assertion.attrib["ID"]
        document = signed(joined(response, assertion))
        self.assert_refused(document, "a message has no ID")


class NameTests(SignInCase):
    """The NameID becomes the id of the user."""

    def test_comment(self):
        """A comment in the name is refused: parsers differ on what the text is then.

        The signature holds all the same, for it is made without comments.
        """
        document = answer(name=f"{EVIL}.example.com").replace(
            b"admin.example.com", b"admin<!-- -->.example.com"
        )
        self.assert_refused(document, "the XML has a comment or a processing instruction")

    def test_signed_comment(self):
        """A comment that is a part of what was signed is refused too."""
        response, assertion = parts(name=f"{EVIL}<!-- -->.example.com")
        c14n = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS
        self.assert_refused(
            joined(response, signed(assertion, c14n=c14n)),
            "the XML has a comment or a processing instruction",
        )

    def test_processing_instruction(self):
        """A processing instruction in the name is refused."""
        self.assert_refused(
            answer(name="admin<?x y?>.example.com"),
            "the XML has a comment or a processing instruction",
        )

    def test_beside_the_root(self):
        """A comment or instruction before or behind the message is refused too."""
        for beside in (b"<!-- x -->", b"<?x y?>"):
            for document in (beside + answer(), answer() + beside):
                self.assert_refused(document, "the XML has a comment or a processing instruction")

    def test_element(self):
        """An element in the name is refused: a part of the text could be overlooked."""
        self.assert_refused(answer(name="admin<x/>.example.com"), "NameID has more than text")

    def test_empty(self):
        """A user without a name is refused."""
        self.assert_refused(answer(name=" "), "the NameID is empty")
        self.assert_refused(answer(name=""), "the NameID is empty")

    def test_unprintable(self):
        """A name that would look like another is refused."""
        self.assert_refused(answer(name="ad&#8203;min"), "the NameID cannot be the name of a user")
        self.assert_refused(answer(name="a" * 513), "the NameID cannot be the name of a user")

    def test_spaces(self):
        """Lines around the name are not a part of it; a space before or behind it could tell it
        from the name of somebody else, and is refused.
        """
        self.assertEqual(self.accepted(answer(name="\n ann\n")).identity.user_id, "saml_corp:ann")
        for odd in (" ann", "ann ", "ann\t", "&#32;ann"):
            self.assert_refused(answer(name=odd), "the NameID begins or ends with a space")
        for code in (0x85, 0xA0, 0x2003, 0x2028, 0x3000, 0xFEFF):
            for odd in (f"ann&#{code};", f"\n&#{code};ann\n"):
                reason = "the NameID cannot be the name of a user"
                self.assert_refused(answer(name=odd), reason)

    def test_spaces_of_groups(self):
        """A group is not one whose name looks the same."""
        groups = attribute("groups", "\n staff\n", "admins&#160;", "&#8195;admins")
        identity = self.accepted(answer(attributes=(groups,))).identity
        self.assertEqual(identity.groups, ("staff",))


class SignatureTests(SignInCase):
    """Signatures that are missing, weak, broken or somebody else's."""

    def test_unsigned(self):
        """An answer without a signature proves nothing."""
        self.assert_refused(joined(*parts()), "neither assertion nor response is signed")

    def test_changed(self):
        """A signed assertion that was changed is refused."""
        document = answer().replace(b">ann<", b">bob<")
        self.assert_refused(document, "the digest does not match: the element was changed")

    def test_changed_response(self):
        """A signed response that was changed is refused."""
        document = answer(whole=True).replace(b">ann<", b">bob<")
        self.assert_refused(document, "the digest does not match: the element was changed")

    def test_other_key(self):
        """A signature by a key that is not the provider's is refused, its certificate in hand."""
        self.assert_refused(answer(signing_key("mallory")), "the signature does not verify")

    def test_any_of_the_keys(self):
        """Any of the provider's keys may have signed, whatever kinds of keys there are."""
        curve = curve_key()
        response, assertion = parts()
        of_curve = joined(response, signed(assertion, curve, method=SignatureMethod.ECDSA_SHA256))
        for keys in ((curve, signing_key()), (signing_key("new"), signing_key(), curve)):
            for document in (answer(), deepcopy(of_curve)):
                self.accepted(document, fetched=Fetched(metadata(*keys)))
        for document, left in ((answer(), curve), (of_curve, signing_key())):
            fetched = Fetched(metadata(left))
            self.assert_refused(document, "the signature does not verify", fetched=fetched)

    def test_other_key_around(self):
        """A good assertion in a response that somebody else signed is refused."""
        response, assertion = parts()
        document = signed(joined(response, signed(assertion)), signing_key("mallory"))
        self.assert_refused(document, "the signature does not verify")

    def test_weak_digest(self):
        """SHA-1 as the digest is refused."""
        response, assertion = parts()
        self.assert_refused(
            joined(response, signed(assertion, digest=DigestAlgorithm.SHA1)),
            "the digest algorithm is too weak or unknown",
        )

    def test_weak_signature(self):
        """SHA-1 in the signature is refused."""
        response, assertion = parts()
        self.assert_refused(
            joined(response, signed(assertion, method=SignatureMethod.RSA_SHA1)),
            "the signature algorithm is too weak or unknown",
        )

    def test_shared_secret(self):
        """A signature with a shared secret is refused: the secret could be the public key."""
        document = answer().replace(
            b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            b"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        )
        self.assert_refused(document, "the signature algorithm is too weak or unknown")

    def test_transform(self):
        """A transform that chooses what is signed is refused before it runs."""
        document = answer().replace(
            b"http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            b"http://www.w3.org/TR/1999/REC-xslt-19991116",
        )
        self.assert_refused(document, "the signature has a transform that SAML does not allow")

    def test_whole_document_reference(self):
        """A signature over whatever the document is, is refused."""
        document = answer().replace(b'URI="#_assertion1"', b'URI=""')
        self.assert_refused(document, "the signature refers to another element")

    def test_expired_key(self):
        """A key whose certificate is over is refused, with a reason that tells it from others."""
        later = NOW + 11 * 365 * 86_400
        clock = Clock()
        clock.rightNow = later
        document = answer(start=at(later), end=at(later + 300))
        reason = "the certificate of the provider's key is not valid now"
        self.assert_refused(document, reason, clock=clock)

    def test_malformed(self):
        """A signature that is not as the schema says is refused, and makes no fault."""
        for before, after in [
            (b"<ds:SignatureValue>", b"<ds:SignatureValue>="),
            (b"<ds:DigestValue>", b"<ds:DigestValue>="),
            (b"<ds:KeyInfo>", b"<ds:KeyInfo><ds:Other/>"),
            (b"</ds:Signature>", b"<ds:Other/></ds:Signature>"),
        ]:
            self.accepted(answer())
            self.assert_refused(answer().replace(before, after), "the signature is malformed")

    def test_two_signatures(self):
        """An element with two signatures is refused."""
        response, assertion = parts()
        twice = signed(assertion)
        twice.insert(1, deepcopy(twice.find("ds:Signature", NS)))
        self.assert_refused(joined(response, twice), "an element has two signatures")

    def test_removed_signature(self):
        """A signature that was taken off leaves an answer that proves nothing."""
        response, assertion = parts()
        found = signed(assertion)
        found.remove(found.find("ds:Signature", NS))
        self.assert_refused(joined(response, found), "neither assertion nor response is signed")


class WrappingTests(SignInCase):
    """The eight published ways to wrap something signed into something else.

    Each takes an answer that is accepted as it is and adds an assertion for ``admin``.
    """

    def setUp(self):
        response, assertion = parts()
        self.of_response = signed(joined(response, assertion))
        response, assertion = parts()
        self.of_assertion = joined(response, signed(assertion))
        self.accepted(deepcopy(self.of_response))
        self.accepted(deepcopy(self.of_assertion))

    def evil_response(self):
        """A copy without a signature, for somebody else."""
        evil = deepcopy(self.of_response)
        evil.remove(evil.find("ds:Signature", NS))
        evil.set("ID", "_evil")
        evil.find("saml:Assertion", NS).set("ID", "_evil1")
        return self.renamed(evil)

    def evil_assertion(self):
        evil = deepcopy(self.of_assertion.find("saml:Assertion", NS))
        evil.remove(evil.find("ds:Signature", NS))
        evil.set("ID", "_evil")
        return self.renamed(evil)

    def renamed(self, element):
        element.find(".//saml:NameID", NS).text = EVIL
        return element

    def parted(self):
        """The response, its signed assertion and the signature of that."""
        response = deepcopy(self.of_assertion)
        assertion = response.find("saml:Assertion", NS)
        return response, assertion, assertion.find("ds:Signature", NS)

    def test_1_response_in_its_signature(self):
        """The signed response hangs in the signature of a forged one."""
        evil, original = self.evil_response(), deepcopy(self.of_response)
        signature = original.find("ds:Signature", NS)
        original.remove(signature)
        signature.append(original)
        evil.find("saml:Issuer", NS).addnext(signature)
        self.assert_refused(evil, "expected one assertion, found 2")

    def test_2_response_beside_its_signature(self):
        """The signed response stands beside its signature in a forged one."""
        evil, original = self.evil_response(), deepcopy(self.of_response)
        signature = original.find("ds:Signature", NS)
        original.remove(signature)
        evil.find("saml:Issuer", NS).addnext(signature)
        signature.addprevious(original)
        self.assert_refused(evil, "expected one assertion, found 2")

    def test_3_assertion_before(self):
        """A forged assertion stands before the signed one."""
        response, assertion, _ = self.parted()
        assertion.addprevious(self.evil_assertion())
        self.assert_refused(response, "expected one assertion, found 2")

    def test_4_assertion_around(self):
        """A forged assertion has the signed one inside."""
        response, assertion, _ = self.parted()
        evil = self.evil_assertion()
        response.replace(assertion, evil)
        evil.append(assertion)
        self.assert_refused(response, "expected one assertion, found 2")

    def test_5_signature_in_forged(self):
        """The forged assertion has the signature, and the signed one follows without it."""
        response, assertion, signature = self.parted()
        evil = self.evil_assertion()
        assertion.remove(signature)
        evil.find("saml:Issuer", NS).addnext(signature)
        assertion.addprevious(evil)
        self.assert_refused(response, "expected one assertion, found 2")

    def test_6_assertion_in_signature(self):
        """The forged assertion has the signature, which has the signed one inside."""
        response, assertion, signature = self.parted()
        evil = self.evil_assertion()
        response.replace(assertion, evil)
        assertion.remove(signature)
        evil.find("saml:Issuer", NS).addnext(signature)
        signature.append(assertion)
        self.assert_refused(response, "expected one assertion, found 2")

    def test_7_extensions(self):
        """A forged assertion is in the extensions, where anything may be."""
        response, assertion, _ = self.parted()
        extensions = etree.Element(f"{{{NS['samlp']}}}Extensions")
        extensions.append(self.evil_assertion())
        assertion.addprevious(extensions)
        self.assert_refused(response, "expected one assertion, found 2")

    def test_8_object(self):
        """The signed assertion is an object of the signature of a forged one."""
        response, assertion, signature = self.parted()
        evil = self.evil_assertion()
        response.replace(assertion, evil)
        assertion.remove(signature)
        evil.find("saml:Issuer", NS).addnext(signature)
        holder = etree.SubElement(signature, f"{{{NS['ds']}}}Object")
        holder.append(assertion)
        self.assert_refused(response, "expected one assertion, found 2")

    def test_second_wall(self):
        """A forged assertion that has the signature of the signed one is refused by itself too."""
        _, assertion, signature = self.parted()
        evil = self.evil_assertion()
        evil.find("saml:Issuer", NS).addnext(signature)
        etree.SubElement(signature, f"{{{NS['ds']}}}Object").append(assertion)
        keys = [signing_key().certificate]
        failure = self.assertRaises(SignInRefused, signed_part, evil, keys, NOW)
        self.assertEqual(failure.reason, "the signature refers to another element")
        evil.set("ID", assertion.get("ID"))
        failure = self.assertRaises(SignInRefused, signed_part, evil, keys, NOW)
        self.assertEqual(failure.reason, "the signature does not verify")
        evil.find(".//ds:Reference", NS).set("URI", "#None")
        del evil.attrib["ID"]
        failure = self.assertRaises(SignInRefused, signed_part, evil, keys, NOW)
        self.assertEqual(failure.reason, "the signature refers to another element")

    def test_same_id(self):
        """A second element under the ID that was signed is refused, whatever it is."""
        for name in ("ID", "Id", "{http://www.w3.org/XML/1998/namespace}id"):
            response, _, _ = self.parted()
            response.find("samlp:Status", NS).set(name, "_assertion1")
            self.assert_refused(response, "two elements have the same ID")

    def test_hidden_original(self):
        """With the signed one renamed, so that one assertion is left, nothing is signed."""
        response, assertion, signature = self.parted()
        evil = self.evil_assertion()
        response.replace(assertion, evil)
        assertion.remove(signature)
        evil.find("saml:Issuer", NS).addnext(signature)
        assertion.tag = "original"
        etree.SubElement(signature, f"{{{NS['ds']}}}Object").append(assertion)
        self.assert_refused(response, "the signature refers to another element")

    def test_misplaced_signature(self):
        """A signature anywhere else is refused, and not searched for."""
        response, _, signature = self.parted()
        response.find("samlp:Status", NS).append(signature)
        self.assert_refused(response, "a signature is not where it belongs")

    def test_misplaced_assertion(self):
        """One assertion in another place is refused."""
        response, assertion, _ = self.parted()
        holder = etree.SubElement(response, f"{{{NS['samlp']}}}Extensions")
        holder.append(assertion)
        self.assert_refused(response, "the assertion is not where it belongs")


class MarkupTests(SignInCase):
    """XML that would do something while it is read."""

    def with_prologue(self, prologue, name=b"ann"):
        return prologue + answer().replace(b">ann<", b">%b<" % name)

    def test_external_entity(self):
        """A file of this machine does not become a user's name."""
        prologue = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        self.assert_refused(
            self.with_prologue(prologue, b"&x;"), "the XML declares a document type"
        )

    def test_entity_bomb(self):
        """Entities that grow are refused before one is expanded."""
        lines = ['<!ENTITY a0 "aaaaaaaaaa">']
        lines += [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)]
        prologue = f"<!DOCTYPE r [{''.join(lines)}]>".encode()
        self.assert_refused(
            self.with_prologue(prologue, b"&a11;"), "the XML declares a document type"
        )

    def test_document_type(self):
        """A document type is refused, though it declares nothing."""
        prologue = b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">'
        self.assert_refused(self.with_prologue(prologue), "the XML declares a document type")

    def test_other_encoding(self):
        """A document type does not pass in another encoding."""
        text = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE r []><r/>'
        self.assert_refused(text.encode("utf-16"), "the XML is not UTF-8")
        coded = b'<?xml version="1.0" encoding="utf-7"?>+ADw-!DOCTYPE r []+AD4-<r/>'
        self.assert_refused(coded, "the XML is not well-formed")

    def test_size(self):
        """A document over the limit is refused."""
        self.assert_refused(answer(name="a" * 600_000), "the XML is larger than 524288 bytes")

    def test_count(self):
        """A document of very many elements is refused."""
        self.assert_refused(
            b"<r>" + b"<a/>" * 30_000 + b"</r>", "the XML has more than 20000 elements"
        )

    def test_depth(self):
        """A document that is very deep is refused."""
        self.assert_refused(b"<a>" * 30_000, "the XML is not well-formed")
        deep = b"<a>" * 10_000 + b"</a>" * 10_000
        self.assert_refused(deep, "the XML is not well-formed")

    def declaring(self, count, prefix="x"):
        return " ".join(f'xmlns:{prefix}{n}="urn:x{n}"' for n in range(count)).encode()

    def test_namespaces(self):
        """Many namespaces at a time, whose canonical form takes the square of their number for
        each element, are refused; so many as real providers declare, again and again, are not.
        """
        reason = "more than 40 namespaces are declared at a time"
        document = answer()
        wide = document.replace(b"<samlp:Response ", b"<samlp:Response %b " % self.declaring(40))
        self.assert_refused(wide, reason)
        nested = b"".join(b'<a xmlns:x%d="urn:x">' % n for n in range(41)) + b"</a>" * 41
        nested = b'<a xmlns:x="urn:x"/>' * 10 + nested
        self.assert_refused(
            document.replace(b"</samlp:Status>", nested + b"</samlp:Status>"), reason
        )
        values = "".join(
            f'<saml:AttributeValue xmlns:xs="urn:a" xmlns:xsi="urn:b">{n}</saml:AttributeValue>'
            for n in range(100)
        )
        usual = (
            f'<saml:Attribute {self.declaring(30).decode()} Name="roles">{values}</saml:Attribute>'
        )
        identity = self.accepted(answer(attributes=[usual])).identity
        self.assertEqual(len(identity.groups), 100)

    def test_attributes(self):
        """Many attributes of one element, which are sorted for the canonical form, are refused."""
        many = b" ".join(b'x%d=""' % n for n in range(65))
        document = answer().replace(b"<samlp:Status>", b"<samlp:Status %b>" % many)
        self.assert_refused(document, "an element has more than 64 attributes")

    def test_other_message(self):
        """Something else in XML is refused."""
        self.assert_refused(b"<Response/>", "the message is not a Response")

    def test_encrypted(self):
        """An encrypted assertion is refused: the provider was given no key for that."""
        response, assertion = parts()
        assertion.tag = f"{{{NS['saml']}}}EncryptedAssertion"
        self.assert_refused(joined(response, assertion), "the assertion is encrypted")
        response, assertion = parts()
        assertion.find(".//saml:NameID", NS).tag = f"{{{NS['saml']}}}EncryptedID"
        self.assert_refused(joined(response, signed(assertion)), "the assertion is encrypted")
        for place in (".", "samlp:Status"):
            response, assertion = parts()
            etree.SubElement(
                response.find(place, NS), "{http://www.w3.org/2001/04/xmlenc#}EncryptedData"
            )
            self.assert_refused(joined(response, signed(assertion)), "the assertion is encrypted")

    def test_missing(self):
        """An arrival without a response is refused."""
        self.serve(provider())
        self.assertEqual(self.refusal({}, {"request": REQUEST}), "the response is missing")
        self.assert_refused(answer(), "the answer is to no request of ours", request="")

    def test_no_base64(self):
        """A message with other characters in it, or of more than any message has, is refused."""
        text = arrival(answer()).parameters["SAMLResponse"]
        for odd, reason in (
            (f"{text[:100]}*{text[100:]}", "the message is not base64"),
            (text[:-1], "the message is not base64"),
            ("A" * 1_500_000, "the message is too large"),
        ):
            self.serve(provider())
            self.assertEqual(self.refusal({"SAMLResponse": odd}, {"request": REQUEST}), reason)

    @given(st.one_of(st.text(), st.binary().map(lambda data: b64encode(data).decode())))
    def test_any_text(self, text):
        """Whatever else a browser brings is refused with a reason, which the audit log has."""
        self.serve(provider())
        self.assertTrue(self.refusal({"SAMLResponse": text}, {"request": REQUEST}))

    @given(st.data())
    def test_any_change(self, data):
        """A signed answer with any byte changed proves nobody else."""
        document = bytearray(answer())
        place = data.draw(st.integers(0, len(document) - 1))
        document[place] = data.draw(st.integers(0, 255))
        self.serve(provider())
        come = arrival(bytes(document))
        _, found = self.arrive(come.parameters, come.kept)
        told = self.told_since(0)
        if found is None:
            self.assertTrue(told[0])
            return
        self.assertEqual(told, [])
        self.assertEqual(found.identity.user_id, "saml_corp:ann")
        self.assertEqual(found.identity.groups, ())


class AddressTests(SynchronousTestCase):
    def test_ours(self):
        """The addresses of a provider's messages are below one path, named as in the setting."""
        self.assertEqual(OURS.metadata, "https://apps.example.com/_clace/sso/saml_corp/metadata")
        self.assertEqual(OURS.acs, "https://apps.example.com/_clace/sso/saml_corp/acs")
        self.assertEqual(OURS.slo, "https://apps.example.com/_clace/sso/saml_corp/slo")
