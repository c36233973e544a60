"""Tests for ``clace.identity.saml.provider``: ways to the provider and back."""

import gc
import zlib
from base64 import b64decode, b64encode
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512
from lxml import etree
from signxml import XMLVerifier
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import ProviderUnavailable, SignInRefused
from clace.identity.saml import SamlKey
from clace.identity.saml.keys import self_signed
from clace.interfaces import EndedElsewhere, ISignInProvider, ISingleSignOut, SignOutNotice
from tests.support.returning import ReturningCase, Visitor
from tests.support.saml import (
    BINDINGS,
    ENTITY,
    NOW,
    NS,
    OURS,
    SIGN_IN,
    SIGN_OUT,
    Fetched,
    answer,
    arrival,
    at,
    certificate_text,
    metadata,
    provider,
    signed,
    signing_key,
)

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
LOGOUT = (
    f'<samlp:{{kind}} xmlns:samlp="{NS["samlp"]}" xmlns:saml="{NS["saml"]}" ID="{{number}}" '
    'Version="2.0" IssueInstant="{now}" Destination="{to}"{more}>'
    "<saml:Issuer>{issuer}</saml:Issuer>{body}</samlp:{kind}>"
)


UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
SIGN_INS = f'<md:SingleSignOnService Binding="{BINDINGS}:HTTP-Redirect" Location="{SIGN_IN}"/>'


def in_full(signature, bits):
    """The numbers of a signature in DER, one after the other."""
    size = (bits + 7) // 8
    return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(signature))


def single_logout(binding, more=""):
    """The services of a provider with one address for sign-outs."""
    return (
        f'<md:SingleLogoutService Binding="{BINDINGS}:HTTP-{binding}" Location="{SIGN_OUT}"{more}/>'
        f"{SIGN_INS}"
    )


def packed(document):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return b64encode(packer.compress(document) + packer.flush()).decode()


def from_url(url, name):
    """The message of an URL, and its query."""
    query = urlsplit(url).query
    text = parse_qs(query)[name][0]
    return etree.fromstring(zlib.decompress(b64decode(text), -zlib.MAX_WBITS)), query


def sign_out(kind="LogoutRequest", **changes):
    """A message about a sign-out, as the provider writes it."""
    body = "<saml:NameID>ann</saml:NameID><samlp:SessionIndex>session1</samlp:SessionIndex>"
    if kind == "LogoutResponse":
        code = "urn:oasis:names:tc:SAML:2.0:status:Success"
        body = f'<samlp:Status><samlp:StatusCode Value="{code}"/></samlp:Status>'
    values = {
        "number": "_notice1",
        "now": at(NOW),
        "to": OURS.slo,
        "more": "",
        "issuer": ENTITY,
        "body": body,
        **changes,
    }
    return LOGOUT.format(kind=kind, **values)


def by_form(document, key=None, name="SAMLRequest", **relay):
    text = etree.tostring(signed(etree.fromstring(document), key))
    return SignOutNotice(parameters={name: b64encode(text).decode(), **relay})


def by_url(document, key=None, name="SAMLRequest", algorithm=RSA_SHA256, digest=SHA256, **relay):
    sign = (key or signing_key()).key.sign
    fields = {name: packed(document.encode()), **relay}
    return signed_url(fields, algorithm, lambda text: sign(text, padding.PKCS1v15(), digest()))


def signed_url(fields, algorithm, sign):
    query = urlencode({**fields, "SigAlg": algorithm})
    query += "&" + urlencode({"Signature": b64encode(sign(query.encode())).decode()})
    return url_notice(query)


def url_notice(query):
    parameters = {key: values[0] for key, values in parse_qs(query).items()}
    return SignOutNotice(parameters=parameters, query=query.encode())


class InterfaceTests(SynchronousTestCase):
    def test_seams(self):
        """It is a provider of sign-ins, and one that signs out."""
        verifyObject(ISignInProvider, provider())
        verifyObject(ISingleSignOut, provider())

    def test_titles(self):
        """The setting names it in full, and visitors see the name of the entry."""
        self.assertEqual((provider().name, provider().title), ("saml_corp", "corp"))


class MessageCase(SynchronousTestCase):
    def assert_head(self, message, kind, place):
        """A message is of this server, of now, and for its place alone."""
        self.assertEqual(message.tag, f"{{{NS['samlp']}}}{kind}")
        self.assertEqual(message.get("Version"), "2.0")
        self.assertEqual(message.get("IssueInstant"), at(NOW))
        self.assertEqual(message.get("Destination"), place)
        self.assertEqual(message.find("saml:Issuer", NS).text, OURS.metadata)


class BeginTests(MessageCase):
    """The way to the provider."""

    def begun(self, state="state1", **options):
        return self.successResultOf(provider(**options).begin(state))

    def test_redirect(self):
        """The request is in the URL, with the state; its number is kept for the answer."""
        way = self.begun()
        self.assertTrue(way.url.startswith(f"{SIGN_IN}?SAMLRequest="))
        request, query = from_url(way.url, "SAMLRequest")
        self.assertEqual(parse_qs(query)["RelayState"], ["state1"])
        self.assertEqual(dict(way.kept), {"request": request.get("ID")})
        self.assertEqual(request.get("AssertionConsumerServiceURL"), OURS.acs)
        self.assert_head(request, "AuthnRequest", SIGN_IN)
        self.assertEqual(request.get("ProtocolBinding"), f"{BINDINGS}:HTTP-POST")
        policy = request.find("samlp:NameIDPolicy", NS)
        self.assertEqual(dict(policy.attrib), {"Format": UNSPECIFIED, "AllowCreate": "true"})
        self.assertIsNone(request.get("ForceAuthn"))
        self.assertEqual(set(parse_qs(query)), {"SAMLRequest", "RelayState"})

    def test_form(self):
        """Without a key the form has the request as it is."""
        way = self.begun(use_post=True)
        fields = dict(way.fields)
        self.assertEqual((way.url, set(fields)), (SIGN_IN, {"SAMLRequest", "RelayState"}))
        request = etree.fromstring(b64decode(fields["SAMLRequest"]))
        self.assert_head(request, "AuthnRequest", SIGN_IN)
        self.assertEqual(request.findall("ds:Signature", NS), [])

    def test_numbers_differ(self):
        """No two requests have the same number."""
        ours = provider()
        first = self.successResultOf(ours.begin("a")).kept
        self.assertNotEqual(first, self.successResultOf(ours.begin("b")).kept)

    def test_force(self):
        """``force_authn`` has the provider ask the user anew."""
        request, _ = from_url(self.begun(force_authn=True).url, "SAMLRequest")
        self.assertEqual(request.get("ForceAuthn"), "true")

    def test_signed_redirect(self):
        """With a key the URL is signed, over the text as it is sent."""
        key = signing_key("ours")
        _, query = from_url(self.begun(key=key).url, "SAMLRequest")
        text, _, signature = query.rpartition("&Signature=")
        self.assertEqual(parse_qs(text)["SigAlg"], [RSA_SHA256])
        decoded = b64decode(parse_qs(f"s={signature}")["s"][0])
        key.certificate.public_key().verify(decoded, text.encode(), padding.PKCS1v15(), SHA256())

    def test_signed_form(self):
        """With ``use_post`` the request is in a form, and signed inside."""
        key = signing_key("ours")
        way = self.begun(key=key, use_post=True)
        fields = dict(way.fields)
        self.assertEqual((way.url, fields["RelayState"]), (SIGN_IN, "state1"))
        document = b64decode(fields["SAMLRequest"])
        found = XMLVerifier().verify(document, x509_cert=key.certificate).signed_xml
        self.assertEqual(found.get("ID"), way.kept["request"])
        # The schema of SAML has the signature there, and SAML says how it refers to the message.
        signature = etree.fromstring(document)[1]
        self.assertEqual(signature.tag, f"{{{NS['ds']}}}Signature")
        reference = signature.find(".//ds:Reference", NS)
        self.assertEqual(reference.get("URI"), f"#{found.get('ID')}")
        method = signature.find(".//ds:CanonicalizationMethod", NS).get("Algorithm")
        self.assertEqual(method, "http://www.w3.org/2001/10/xml-exc-c14n#")
        shown = signature.find(".//ds:X509Certificate", NS).text
        self.assertEqual("".join(shown.split()), certificate_text(key))

    def test_address_with_query(self):
        """A query that the provider's address has already is kept."""
        service = (
            f'<md:SingleSignOnService Binding="{BINDINGS}:HTTP-Redirect" '
            f'Location="{SIGN_IN}?tenant=1"/>'
        )
        way = self.begun(fetched=Fetched(metadata(services=service)))
        self.assertTrue(way.url.startswith(f"{SIGN_IN}?tenant=1&SAMLRequest="))

    def test_missing_binding(self):
        """A provider that does not take what is configured is told by name."""
        service = f'<md:SingleSignOnService Binding="{BINDINGS}:HTTP-POST" Location="{SIGN_IN}"/>'
        began = provider(fetched=Fetched(metadata(services=service))).begin("a")
        failure = self.failureResultOf(began, ProviderUnavailable)
        self.assertEqual(failure.value.message, "corp has no address for HTTP-Redirect")

    def test_wants_signed(self):
        """A provider that takes signed requests only is not sent others."""
        fetched = Fetched(metadata(more='WantAuthnRequestsSigned="true"'))
        failure = self.failureResultOf(provider(fetched=fetched).begin("a"), ProviderUnavailable)
        self.assertIn("set sp_key_file", failure.value.message)
        self.assertTrue(self.begun(fetched=fetched, key=signing_key("ours")).url)

    def test_tells_the_operator(self):
        """A refusal that only an operator can mend is in the log: from the look ahead on, once."""
        ours = provider(fetched=Fetched(metadata(more='WantAuthnRequestsSigned="true"')))
        with capturedLogs() as events:
            ours.look()
            gc.collect()
            for _ in range(2):
                self.failureResultOf(ours.begin("a"), ProviderUnavailable)
        (event,) = events
        self.assertEqual(event["log_level"].name, "error")
        self.assertEqual(event["reason"], "corp takes signed requests only: set sp_key_file")


class SessionTests(MessageCase):
    """What becomes of a session later."""

    def test_recheck(self):
        """A session holds until the end that the provider named, if it named one."""
        clock = Clock()
        clock.rightNow = NOW
        ours = provider(clock)
        document = answer(session=f' SessionNotOnOrAfter="{at(NOW + 3600)}"')
        evidence = self.successResultOf(ours.finish(arrival(document))).evidence
        self.assertEqual(self.successResultOf(ours.recheck(evidence)).evidence, evidence)
        clock.advance(3600)
        self.assertIsNone(self.successResultOf(ours.recheck(evidence)))
        self.assertIsNotNone(self.successResultOf(ours.recheck({})))

    def test_sign_out(self):
        """The provider is asked to end the session that it named."""
        ours = provider()
        evidence = self.successResultOf(ours.finish(arrival(answer()))).evidence
        way = self.successResultOf(ours.sign_out(evidence))
        request, _ = from_url(way.url, "SAMLRequest")
        self.assertTrue(way.url.startswith(f"{SIGN_OUT}?"))
        self.assertEqual(way.url.partition("=")[0], f"{SIGN_OUT}?SAMLRequest")
        self.assertNotIn("&", way.url)
        self.assert_head(request, "LogoutRequest", SIGN_OUT)
        self.assertEqual(request.find("saml:NameID", NS).text, "ann")
        self.assertEqual(dict(request.find("saml:NameID", NS).attrib), {"Format": UNSPECIFIED})
        self.assertEqual(request.find("samlp:SessionIndex", NS).text, "session1")

    def test_sign_out_by_name(self):
        """The user is named as the provider did, with or without an index of a session."""
        evidence = {"name_id": "ann", "qualifier": "idp", "sp_qualifier": "sp"}
        way = self.successResultOf(provider().sign_out(evidence))
        request, _ = from_url(way.url, "SAMLRequest")
        named = dict(request.find("saml:NameID", NS).attrib)
        self.assertEqual(named, {"NameQualifier": "idp", "SPNameQualifier": "sp"})
        self.assertEqual(request.findall("samlp:SessionIndex", NS), [])
        self.assertIsNone(self.successResultOf(provider().sign_out({"index": "session1"})))

    def test_sign_out_the_other_way(self):
        """A provider is told by the binding that it has, be it not the configured one."""
        for has, use_post in (("Redirect", True), ("POST", False)):
            way = self.successResultOf(
                provider(
                    fetched=Fetched(metadata(services=single_logout(has))), use_post=use_post
                ).sign_out({"name_id": "ann"})
            )
            self.assertEqual(bool(way.fields), has == "POST")

    def test_sign_out_elsewhere(self):
        """A provider without single logout is not asked."""
        ours = provider(fetched=Fetched(metadata(services=SIGN_INS)))
        self.assertIsNone(self.successResultOf(ours.sign_out({"name_id": "ann"})))


class NoticeTests(MessageCase, ReturningCase):
    """Single logout that begins at the provider."""

    def received(self, notice, **options):
        return self.successResultOf(provider(**options).receive(notice))

    def answered(self, notice):
        """The answer of the flow of every sign-out to a message."""
        visitor = Visitor(method="POST" if notice.query is None else "GET")
        return self.successResultOf(
            self.leaving.single("saml_corp", notice.parameters, notice.query or b"", visitor)
        )

    def assert_refused(self, notice, reason, ours=None):
        """The session lives on, and the audit log has the reason; the next message ends it."""
        self.serve(ours or provider())
        session = self.session_of("ann", "session1")
        self.assertEqual(self.answered(notice).status, 403)
        self.assertEqual(self.told_since(0), [reason])
        self.assertEqual(self.live(), {session})
        self.answered(by_url(sign_out(number="_next")))
        self.assertEqual(self.live(), set())
        self.assertEqual(self.told_since(0), [reason])

    def test_by_url(self):
        """A signed URL ends the session it names, and is answered with the same state."""
        found = self.received(by_url(sign_out(), RelayState="r1"))
        self.assertEqual(found.ended, (EndedElsewhere(subject="ann", index="session1"),))
        answered, query = from_url(found.answer.url, "SAMLResponse")
        self.assert_head(answered, "LogoutResponse", SIGN_OUT)
        self.assertEqual(answered.get("InResponseTo"), "_notice1")
        self.assertEqual(answered.find("samlp:Status/samlp:StatusCode", NS).get("Value"), SUCCESS)
        self.assertEqual(parse_qs(query)["RelayState"], ["r1"])
        bare = self.received(by_url(sign_out()))
        self.assertNotIn("RelayState", bare.answer.url)

    def test_answers_elsewhere(self):
        """The answer goes where the provider wants answers, or nowhere if it takes none."""
        place = "https://idp.example.com/answers"
        for services, url in (
            (single_logout("Redirect", f' ResponseLocation="{place}"'), place),
            (SIGN_INS, None),
        ):
            fetched = Fetched(metadata(services=services))
            found = self.received(by_url(sign_out()), fetched=fetched)
            self.assertEqual(found.ended, (EndedElsewhere(subject="ann", index="session1"),))
            answered = found.answer and found.answer.url.partition("?")[0]
            self.assertEqual(answered, url)

    def test_curves(self):
        """A key on a curve signs too, whichever of the provider's keys it is."""
        key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        pair, stranger = (SamlKey(each, self_signed(each, "curve", NOW)) for each in (key, other))
        for digest, bits in ((SHA256, 256), (SHA384, 384), (SHA512, 512)):
            notice = signed_url(
                {"SAMLRequest": packed(sign_out().encode())},
                f"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha{bits}",
                lambda text, digest=digest: key.sign(text, ec.ECDSA(digest())),
            )
            for keys in ((signing_key(), pair), (pair, signing_key())):
                found = self.received(notice, fetched=Fetched(metadata(*keys)))
                self.assertEqual(found.ended[0].subject, "ann")
            self.assert_refused(notice, "the signature does not verify")
        for keys in ((signing_key(), pair), (pair, signing_key())):
            found = self.received(by_url(sign_out()), fetched=Fetched(metadata(*keys)))
            self.assertEqual(found.ended[0].subject, "ann")
        for known, refused in ((pair, by_url(sign_out())), (stranger, notice)):
            received = provider(fetched=Fetched(metadata(known))).receive(refused)
            failure = self.failureResultOf(received, SignInRefused)
            self.assertEqual(failure.value.reason, "the signature does not verify")

    def test_numbers_of_curves(self):
        """XML signatures have both numbers of ECDSA in full; many senders write them in DER."""
        for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()):
            key = ec.generate_private_key(curve)
            known = provider(fetched=Fetched(metadata(SamlKey(key, self_signed(key, "c", NOW)))))
            notice = signed_url(
                {"SAMLRequest": packed(sign_out().encode())},
                "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
                lambda text, key=key: in_full(key.sign(text, ec.ECDSA(SHA256())), key.key_size),
            )
            found = self.successResultOf(known.receive(notice))
            self.assertEqual(found.ended[0].subject, "ann")
            self.assert_refused(notice, "the signature does not verify")

    def test_by_form(self):
        """A signed form ends the session it names; the answer is a form if that is configured."""
        key = signing_key("ours")
        found = self.received(by_form(sign_out()), use_post=True, key=key)
        self.assertEqual(found.ended, (EndedElsewhere(subject="ann", index="session1"),))
        document = b64decode(dict(found.answer.fields)["SAMLResponse"])
        answered = XMLVerifier().verify(document, x509_cert=key.certificate).signed_xml
        self.assertEqual(answered.get("InResponseTo"), "_notice1")

    def test_all_sessions(self):
        """Without an index all sessions of the user end."""
        found = self.received(by_url(sign_out(body="<saml:NameID>ann</saml:NameID>")))
        self.assertEqual(found.ended, (EndedElsewhere(subject="ann"),))

    def test_answer_to_ours(self):
        """The answer to a request of ours ends nothing more, and is not answered."""
        for notice in (
            by_url(sign_out("LogoutResponse"), name="SAMLResponse"),
            by_form(sign_out("LogoutResponse"), name="SAMLResponse"),
        ):
            found = self.received(notice)
            self.assertEqual((found.ended, found.answer), ((), None))

    def test_unsigned(self):
        """A message that anybody could have written is refused."""
        text = packed(sign_out().encode())
        query = urlencode({"SAMLRequest": text}).encode()
        self.assert_refused(
            SignOutNotice(parameters={"SAMLRequest": text}, query=query),
            "the message is not signed",
        )
        bare = b64encode(sign_out().encode()).decode()
        self.assert_refused(
            SignOutNotice(parameters={"SAMLRequest": bare}), "the message is not signed"
        )

    def test_half_signed(self):
        """A message without a signature, or without its algorithm, is not signed."""
        query = by_url(sign_out()).query.decode()
        for name in ("Signature", "SigAlg"):
            left = "&".join(each for each in query.split("&") if not each.startswith(f"{name}="))
            self.assert_refused(url_notice(left), "the message is not signed")
        odd = url_notice(query.replace("&Signature=", "&Signature=*"))
        self.assert_refused(odd, "the signature is not base64")

    def test_not_deflated(self):
        """A message in an URL is deflated."""
        text = b64encode(sign_out().encode()).decode()
        sign = signing_key().key.sign
        notice = signed_url(
            {"SAMLRequest": text}, RSA_SHA256, lambda text: sign(text, padding.PKCS1v15(), SHA256())
        )
        self.assert_refused(notice, "the message is not deflated")

    def test_head(self):
        """A message without a number, of another version or without a time is refused."""
        head = "the message has no ID, or its version is not 2.0"
        for before, after, reason in (
            ('ID="_notice1"', "", head),
            ('Version="2.0"', 'Version="1.1"', head),
            (f'IssueInstant="{at(NOW)}"', "", "the message is too old, or from the future"),
        ):
            self.assert_refused(by_url(sign_out().replace(before, after)), reason)

    def test_names(self):
        """A message that names nobody, or whom nobody here can read, ends nothing."""
        for body, reason in (
            ("<saml:NameID> </saml:NameID>", "the NameID is empty"),
            ("<saml:EncryptedID/>", "the name of the user is encrypted"),
            (
                "<saml:NameID>ann</saml:NameID><saml:EncryptedID/>",
                "the name of the user is encrypted",
            ),
            ("<saml:NameID>ann</saml:NameID>" * 2, "expected one saml:NameID, found 2"),
        ):
            self.assert_refused(by_url(sign_out(body=body)), reason)

    def test_slow_to_sign(self):
        """What a stranger would have put into canonical form, before it is known that the signature
        is not the provider's, is refused if that would take long.
        """
        declared = " ".join(f'xmlns:x{n}="urn:x{n}"' for n in range(4000))
        document = signed(etree.fromstring(sign_out()))
        method = document.find(".//ds:CanonicalizationMethod", NS)
        method.set("Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
        within = f"<ds:Object>{'<x/>' * 15_000}</ds:Object></ds:CanonicalizationMethod>"
        text = etree.tostring(document).decode()
        text = text.replace("<samlp:LogoutRequest ", f"<samlp:LogoutRequest {declared} ")
        text = text.replace('REC-xml-c14n-20010315"/>', f'REC-xml-c14n-20010315">{within}')
        self.assertIn(within, text)
        notice = SignOutNotice(parameters={"SAMLRequest": b64encode(text.encode()).decode()})
        self.assert_refused(notice, "more than 40 namespaces are declared at a time")

    def test_other_key(self):
        """A message that somebody else signed is refused."""
        self.assert_refused(
            by_url(sign_out(), signing_key("mallory")), "the signature does not verify"
        )
        self.assert_refused(
            by_form(sign_out(), signing_key("mallory")), "the signature does not verify"
        )

    def test_weak(self):
        """SHA-1 is refused in URLs too."""
        notice = by_url(
            sign_out(), algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1", digest=SHA1
        )
        self.assert_refused(notice, "the signature algorithm is too weak or unknown")
        more = "http://www.w3.org/2001/04/xmldsig-more#"
        for odd in ("rsa-sha256", f"{more}hmac-sha256", f"{more}rsa-sha224", f"{more}rsa", more):
            notice = by_url(sign_out(), algorithm=odd)
            self.assert_refused(notice, "the signature algorithm is too weak or unknown")

    def test_changed_state(self):
        """The state is a part of what was signed."""
        notice = by_url(sign_out(), RelayState="r1")
        changed = SignOutNotice(
            parameters=notice.parameters, query=notice.query.replace(b"=r1", b"=r2")
        )
        self.assert_refused(changed, "the signature does not verify")

    def test_parameter_twice(self):
        """A parameter that is there twice is refused: one was signed, the other would be read."""
        notice = by_url(sign_out())
        twice = SignOutNotice(
            parameters=notice.parameters, query=notice.query + b"&SAMLRequest=AAAA"
        )
        self.assert_refused(twice, "a parameter is given twice")

    def test_encoded_name(self):
        """A parameter whose name is encoded is refused: it would be read, and not be a part of what
        was signed.
        """
        notice = by_url(sign_out())
        for name in (b"SAML%52equest", b"Relay%53tate"):
            changed = SignOutNotice(
                parameters=notice.parameters, query=notice.query + b"&" + name + b"=AAAA"
            )
            self.assert_refused(changed, "the name of a parameter is encoded")
        query = notice.query.partition(b"&")[2]
        bare = SignOutNotice(parameters=notice.parameters, query=query)
        self.assert_refused(bare, "the message is not signed")

    def test_replay(self):
        """The same message is of use once: the user may have signed in again."""
        ours = provider()
        self.successResultOf(ours.receive(by_url(sign_out())))
        self.assert_refused(by_url(sign_out()), "the message came before", ours)

    def test_replay_until_the_last_moment(self):
        """A message came before for as long as it is not too old."""
        clock = Clock()
        clock.rightNow = NOW
        ours = provider(clock)
        notice = by_url(sign_out(now=at(NOW + 60)))
        self.successResultOf(ours.receive(notice))
        for seconds, reason in ((659, "the message came before"), (1, "the message is too old")):
            clock.advance(seconds)
            failure = self.failureResultOf(ours.receive(notice), SignInRefused)
            self.assertIn(reason, failure.value.reason)

    def test_times(self):
        """Old messages, and those from the future, are refused."""
        old = "the message is too old, or from the future"
        self.assert_refused(by_url(sign_out(now=at(NOW - 601))), old)
        self.assert_refused(by_url(sign_out(now=at(NOW + 61))), old)
        ended = sign_out(more=f' NotOnOrAfter="{at(NOW - 60)}"')
        self.assert_refused(by_url(ended), "the message has expired")
        within = sign_out(more=f' NotOnOrAfter="{at(NOW - 59)}"')
        self.assertEqual(self.received(by_url(within)).ended[0].subject, "ann")

    def test_for_others(self):
        """Messages of another provider, or to another address, are refused."""
        self.assert_refused(
            by_url(sign_out(issuer="https://other.example.com")),
            "the message is from another issuer",
        )
        self.assert_refused(
            by_url(sign_out(to="https://other.example.com/slo")),
            "the message is for another destination",
        )

    def test_other_kinds(self):
        """An assertion's response, or an answer in the place of a request, ends nothing."""
        self.assert_refused(
            by_url(sign_out("LogoutResponse")), "the message is not a LogoutRequest"
        )
        self.assert_refused(
            by_form(sign_out(), name="SAMLResponse"), "the message is not a LogoutResponse"
        )
        self.assert_refused(SignOutNotice(parameters={}), "the message is missing")

    def test_bomb(self):
        """A small message that unpacks to a large one is refused."""
        notice = by_url("a" * 5_000_000)
        self.assertLess(len(notice.query), 10_000)
        self.assert_refused(notice, "the message is too large")
