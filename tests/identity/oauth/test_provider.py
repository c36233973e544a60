"""Tests for ``clace.identity.oauth.provider``: whole sign-ins at a provider in memory."""

from urllib.parse import parse_qs, urlsplit

from joserfc.jwk import ECKey
from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from clace.errors import ProviderUnavailable
from clace.identity.oauth.requests import AT_ONCE, MAX_ANSWER
from clace.interfaces import IBackChannelLogout, ISignInProvider
from clace.model.identity import Assurance
from tests.support.openid import (
    ENTRY,
    ISSUER,
    KEY,
    NOW,
    OTHER_KEY,
    RSA_KEY,
    UNKNOWN_KEY,
    FakeProvider,
    arrival,
    provider_of,
)
from tests.support.openid_refusals import OpenIDRefusals
from tests.support.returning import ReturningCase

TENANT = "9122040d-6c67-4c5b-b112-36a304b66dad"

UNAVAILABLE = (
    "the sign-in provider at login.example.com cannot be used at the moment; try again later"
)


class ProviderCase(ReturningCase):
    def setUp(self):
        self.fake = FakeProvider()
        self.open(provider_of(self.fake))

    def open(self, provider):
        """Sign in by another of ours from now on."""
        self.provider = provider
        self.serve(provider)

    def depart(self):
        return self.successResultOf(self.provider.begin("the-state"))

    def sign_in(self, **parameters):
        come = arrival(self.fake, self.depart(), **parameters)
        return self.lets_in(come.parameters, come.kept)

    def reason(self, **parameters):
        """The reason in the audit log for a sign-in that is refused."""
        come = arrival(self.fake, self.depart(), **parameters)
        return self.refusal(come.parameters, come.kept)

    def unavailable(self):
        """The reason in the log for a provider that fails; the audit log and the page say that."""
        come, recorded = arrival(self.fake, self.depart()), len(self.audit.events)
        with capturedLogs() as events:
            answer, signed_in = self.arrive(come.parameters, come.kept)
        self.assertEqual((answer.status, signed_in), (502, None))
        self.assertIn(UNAVAILABLE.partition("; ")[0].encode()[1:], answer.body)
        self.assertEqual(self.told_since(recorded), ["provider unavailable"])
        return "".join(each["reason"] for each in events)

    def reason_in_log(self, work):
        with capturedLogs() as events:
            error = self.failureResultOf(work, ProviderUnavailable).value
        self.assertEqual(error.message, UNAVAILABLE)
        return "".join(each["reason"] for each in events)


class SignInTests(ProviderCase):
    """Sign-ins that succeed."""

    def test_is_a_provider(self):
        """It fills the seams."""
        verifyObject(ISignInProvider, self.provider)
        verifyObject(IBackChannelLogout, self.provider)

    def test_departure(self):
        """A browser is sent with state, nonce and the hash of a verifier that stays here."""
        departure = self.depart()
        url, asked = urlsplit(departure.url), parse_qs(urlsplit(departure.url).query)
        self.assertEqual((url.netloc, url.path), ("login.example.com", "/authorize"))
        self.assertEqual(asked["tenant"], ["1"])
        self.assertEqual(asked["response_type"], ["code"])
        self.assertEqual(asked["client_id"], ["clace"])
        self.assertEqual(asked["state"], ["the-state"])
        self.assertEqual(asked["scope"], ["openid profile email"])
        self.assertEqual(asked["code_challenge_method"], ["S256"])
        self.assertEqual(asked["nonce"], [departure.kept["nonce"]])
        self.assertEqual(
            asked["redirect_uri"], ["https://apps.example.com/_clace/auth/oidc/callback"]
        )
        self.assertNotIn(departure.kept["verifier"], departure.url)

    def test_each_departure_is_new(self):
        """Verifier and nonce are new each time."""
        first, second = self.depart(), self.depart()
        self.assertNotEqual(first.kept["verifier"], second.kept["verifier"])
        self.assertNotEqual(first.kept["nonce"], second.kept["nonce"])

    def test_identity(self):
        """The user is named by the entry and the verified address; groups are the claim's."""
        identity = self.sign_in().identity
        self.assertEqual(identity.user_id, "oidc:ann@example.org")
        self.assertEqual(identity.subject, "u-1")
        self.assertEqual(identity.email, "ann@example.org")
        self.assertEqual(identity.name, "Ann")
        self.assertEqual(identity.groups, ("staff",))
        self.assertEqual(identity.assurance, Assurance.SSO)

    def test_secret_in_header(self):
        """The secret goes to the token endpoint, in a header, and nowhere else."""
        self.sign_in()
        shown = {path: header for _, path, _, header in self.fake.asked}
        self.assertEqual(shown["/token"], b"Basic Y2xhY2U6aHVudGVyMg==")
        self.assertTrue(shown["/userinfo"].startswith(b"Bearer access-"))
        self.assertIsNone(shown["/keys"])
        self.assertNotIn("hunter2", str([form for *_, form, _ in self.fake.asked]))

    def test_secret_in_form(self):
        """A provider that takes the secret only in the form gets it there."""
        self.fake.description = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        self.sign_in()
        form = next(form for _, path, form, _ in self.fake.asked if path == "/token")
        self.assertEqual((form["client_id"], form["client_secret"]), ("clace", "hunter2"))

    def test_hundreds_of_groups(self):
        """Five hundred groups are kept, in a token of any usual size."""
        groups = [f"a-group-with-quite-a-long-name-{number}" for number in range(500)]
        self.fake.claims = {"groups": groups}
        signed_in = self.sign_in()
        self.assertEqual(signed_in.identity.groups, tuple(groups))
        # The token itself would be a hint too long for a URL.
        self.assertNotIn("id_token", signed_in.evidence)

    def test_other_algorithms(self):
        """RSA keys are taken as elliptic ones are."""
        self.fake.keys, self.fake.key = [KEY, RSA_KEY], RSA_KEY
        for algorithm in ("RS256", "PS256"):
            self.fake.header = {"alg": algorithm}
            self.sign_in()

    def test_key_without_name(self):
        """A token without a key's name is checked with the only key that would do."""
        self.fake.keys = [KEY, RSA_KEY]
        self.fake.header = {"kid": None}
        self.sign_in()

    def test_clock_skew(self):
        """Clocks may differ by a minute."""
        for claims in ({"iat": NOW + 60, "nbf": NOW + 60}, {"exp": NOW - 59}):
            self.fake.claims = claims
            self.sign_in()

    def test_types(self):
        """A token says that it is a JWT, in any of the ways to write that, or nothing."""
        for kind in ("JWT", "jwt", "application/jwt", "application/JWT", None):
            self.fake.header = {"typ": kind}
            self.sign_in()

    def test_subjects(self):
        """A subject has up to 255 characters."""
        for subject in ("1", "x" * 255):
            self.fake.user = {"sub": subject}
            self.fake.profile = {"sub": subject}
            self.assertEqual(self.sign_in().identity.subject, subject)

    def test_several_audiences(self):
        """A token for others too is taken if it names this server as the authorized party."""
        self.fake.claims = {"aud": ["other", "clace"], "azp": "clace"}
        self.sign_in()

    def test_claims_come_first(self):
        """The signed claims go before what the profile says."""
        self.fake.profile["email"] = "eve@example.org"
        self.assertEqual(self.sign_in().identity.email, "ann@example.org")

    def test_without_profile(self):
        """A provider without a profile address is taken at its token's word."""
        self.fake.description = {"userinfo_endpoint": None}
        self.assertEqual(self.sign_in().identity.groups, ())
        self.assertNotIn("/userinfo", self.fake.paths())


class RefusalTests(OpenIDRefusals, ProviderCase):
    """All that is refused, at the flow of every sign-in."""

    def test_hosted_domain(self):
        """With hosted_domain the claim has to be that domain; an address in it is not enough."""
        entry = replace(ENTRY, hosted_domain="example.org")
        self.open(provider_of(self.fake, entry))
        self.assertIn("hd=example.org", self.depart().url)
        self.fake.claims = {"hd": "example.org"}
        for claims in ({}, {"hd": "evil.example"}, {"hd": ["example.org"]}):
            self.assert_refused("user: hosted domain", claims=claims)
        self.fake.claims = {}
        come = arrival(self.fake, self.depart())
        answer, _ = self.arrive(come.parameters, come.kept)
        self.assertIn(b"Sign in with an account of example.org.", answer.body)

    def test_nonce_that_was_lost(self):
        """Without the nonce of the departure no token is accepted, not even one with an empty."""
        come = arrival(self.fake, self.depart())
        self.lets_in(come.parameters, come.kept)
        self.fake.claims = {"nonce": ""}
        come = arrival(self.fake, self.depart())
        kept = {"verifier": come.kept["verifier"]}
        self.assertEqual(self.refusal(come.parameters, kept), "token: nonce")

    def test_injected_code(self):
        """A code is worth nothing with what is kept of another departure."""
        departure = self.depart()
        stolen = arrival(self.fake, departure)
        other = self.depart().kept
        self.assertEqual(self.refusal(stolen.parameters, other), "code: invalid_grant")
        come = arrival(self.fake, departure)
        self.lets_in(come.parameters, departure.kept)


class TenantTests(ProviderCase):
    """Microsoft, where each tenant is an issuer of its own."""

    def setUp(self):
        super().setUp()
        self.fake.description = {"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}
        place = "/organizations/v2.0/.well-known/openid-configuration"
        self.fake.answers[place] = (200, self.fake.described())
        entry = replace(ENTRY, name="azuread", discovery_url="")
        self.open(provider_of(self.fake, entry))
        self.good = {
            "tid": TENANT,
            "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
            "oid": "o-1",
        }

    def test_tenants(self):
        """The issuer has to be that of the tenant in the token, which has to be one."""
        for claims in (
            {"tid": None},
            {"tid": "common"},
            {"tid": f"{TENANT}/"},
            {"tid": TENANT.replace("9", "8")},
            {"iss": "https://login.microsoftonline.com/{tenantid}/v2.0"},
            {"iss": f"https://evil.example/{TENANT}/v2.0"},
        ):
            self.fake.claims = {**self.good, **claims}
            self.assertEqual(self.reason(), "token: issuer")
            self.fake.claims = self.good
            self.assertEqual(self.sign_in().identity.user_id, "azuread:o-1")


class KeyTests(ProviderCase):
    """Keys of the provider change."""

    def test_rotation(self):
        """A new key is fetched when a token has it, and at most once a minute."""
        self.sign_in()
        self.fake.clock.advance(61)
        self.sign_in()
        self.assertEqual(self.fake.paths().count("/keys"), 1)
        self.fake.keys, self.fake.key = [OTHER_KEY], OTHER_KEY
        self.sign_in()
        self.assertEqual(self.fake.paths().count("/keys"), 2)
        self.fake.header = {"kid": "unknown"}
        for _ in range(5):
            self.assertEqual(self.reason(), UNKNOWN_KEY)
        self.assertEqual(self.fake.paths().count("/keys"), 2)
        self.fake.clock.advance(61)
        self.assertEqual(self.reason(), UNKNOWN_KEY)
        self.assertEqual(self.fake.paths().count("/keys"), 3)

    def test_new_key_of_an_old_name(self):
        """A new key that has the name of an old one, or no name, is fetched as any other; forged
        tokens make the provider be asked once a minute.
        """
        for count, name in ((2, "one"), (3, "")):
            self.sign_in()
            self.fake.clock.advance(61)
            key = ECKey.generate_key("P-256", {"kid": name, "use": "sig"}, private=True)
            self.fake.keys, self.fake.key = [key], key
            self.sign_in()
            self.assertEqual(self.fake.paths().count("/keys"), count)
        self.fake.key = ECKey.generate_key("P-256", {"kid": "", "use": "sig"}, private=True)
        for seconds, count in ((0, 3), (61, 4), (0, 4), (61, 5)):
            self.fake.clock.advance(seconds)
            for _ in range(3):
                self.assertEqual(self.reason(), "token: signature")
            self.assertEqual(self.fake.paths().count("/keys"), count)

    def test_forged_while_keys_are_missing(self):
        """A forged token keeps nobody out, though the keys cannot be fetched anew."""
        self.sign_in()
        self.fake.clock.advance(61)
        self.fake.answers = {"/keys": (500, {})}
        self.fake.key = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}, private=True)
        self.unavailable()
        self.fake.key = KEY
        self.sign_in()


class DownTests(ProviderCase):
    """A provider that is down, or answers nonsense."""

    def test_silence(self):
        """A provider that does not answer is given ten seconds, whoever waits."""
        self.fake.hanging = True
        waiting = [Deferred.fromCoroutine(self.provider.begin("s")) for _ in range(3)]
        self.fake.clock.advance(9.9)
        self.assertNoResult(waiting[0])
        self.fake.clock.advance(0.2)
        for each in waiting:
            error = self.failureResultOf(each, ProviderUnavailable).value
            self.assertEqual(error.message, UNAVAILABLE)

    def test_flood(self):
        """However many sign in, few requests are under way; each has its ten seconds in all."""
        departures = [self.depart() for _ in range(AT_ONCE + 5)]
        arrivals = [arrival(self.fake, departure) for departure in departures]
        self.fake.hanging = True
        waiting = [Deferred.fromCoroutine(self.provider.finish(each)) for each in arrivals]
        self.assertEqual(self.fake.hung, AT_ONCE)
        self.fake.clock.advance(10)
        for each in waiting:
            self.failureResultOf(each, ProviderUnavailable)
        self.fake.hanging = False
        self.fake.clock.advance(5)
        self.sign_in()

    def test_failure_is_remembered(self):
        """A flood of sign-ins makes one request in five seconds; then it is tried again."""
        self.fake.answers["/.well-known/openid-configuration"] = (503, {})
        for _ in range(5):
            self.reason_in_log(self.provider.begin("s"))
        self.assertEqual(len(self.fake.asked), 1)
        self.fake.clock.advance(5)
        self.fake.answers.clear()
        self.sign_in()

    def test_other_parts(self):
        """A token endpoint, keys or a profile that fail are the provider's fault as well."""
        self.sign_in()
        for path in ("/token", "/userinfo"):
            self.fake.answers = {path: (500, {})}
            self.assertEqual(self.unavailable(), "status 500")
        self.fake.answers = {"/token": (401, {"error": "invalid_client"})}
        self.assertEqual(self.unavailable(), "no tokens for [auth.oidc]: invalid_client")
        self.fake.answers = {"/keys": (404, {"keys": [KEY.as_dict(private=False)]})}
        self.open(provider_of(self.fake))
        self.assertEqual(self.unavailable(), "no keys, status 404")

    def test_too_large(self):
        """An answer over a megabyte is not read."""
        self.fake.answers["/keys"] = (200, b" " * (MAX_ANSWER + 1))
        self.assertIn("the answer is too large", self.unavailable())

    def test_descriptions(self):
        """A description that cannot be right is not used."""
        for change, told in [
            ({"issuer": "https://evil.example"}, "its description is of another issuer"),
            ({"issuer": None}, "its description is of another issuer"),
            (
                {"token_endpoint": "http://login.example.com/token"},
                "its token_endpoint is not an https:// address",
            ),
            (
                {"jwks_uri": "http://localhost/keys"},
                "its jwks_uri is not an https:// address",
            ),
            (
                {"authorization_endpoint": "javascript:alert(1)"},
                "its authorization_endpoint is not an https:// address",
            ),
            (
                {"token_endpoint": "https://user@login.example.com/token"},
                "its token_endpoint is not an https:// address",
            ),
            ({"jwks_uri": None}, "its jwks_uri is not an https:// address"),
            ({"token_endpoint": 1}, "its token_endpoint is not an https:// address"),
            ({"token_endpoint_auth_methods_supported": 1}, "it takes no client secret"),
            (
                {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
                "it takes no client secret",
            ),
        ]:
            self.fake.description = change
            self.provider = provider_of(self.fake)
            self.assertEqual(self.reason_in_log(self.provider.begin("s")), told)

    def test_redirects(self):
        """A redirect is not followed."""
        self.fake.answers["/.well-known/openid-configuration"] = (302, {})
        reason = self.reason_in_log(self.provider.begin("s"))
        self.assertEqual(reason, "its description is missing, status 302")
        self.assertEqual(len(self.fake.asked), 1)


class RecheckTests(ProviderCase):
    """Sessions are looked at again."""

    def setUp(self):
        super().setUp()
        self.evidence = self.sign_in().evidence

    def recheck(self, evidence=None):
        return self.successResultOf(self.provider.recheck(evidence or self.evidence))

    def without_refresh(self):
        return {n: v for n, v in self.evidence.items() if n != "refresh_token"}

    def test_refresh(self):
        """A refresh token makes new evidence, and tells the groups of now."""
        self.fake.profile["groups"] = ["staff", "new"]
        checked = self.recheck()
        self.assertEqual(checked.groups, ("staff", "new"))
        self.assertNotEqual(checked.evidence["refresh_token"], self.evidence["refresh_token"])
        self.assertIsNotNone(self.recheck(checked.evidence))

    def test_refused(self):
        """A refresh token that the provider refuses ends the session."""
        self.fake.refreshes.clear()
        self.assertIsNone(self.recheck())

    def test_another_user(self):
        """Tokens that are suddenly of another user, or one with another name, end it."""
        for change in ({"sub": "u-2"}, {"email": "eve@example.org"}, {"iss": "https://x"}):
            evidence = self.sign_in().evidence
            self.fake.claims = change
            self.assertIsNone(self.recheck(evidence))
            self.fake.claims = {}

    def test_down(self):
        """A provider that is down says nothing about the session."""
        self.fake.answers["/token"] = (503, {})
        self.failureResultOf(self.provider.recheck(self.evidence), ProviderUnavailable)

    def test_profile_alone(self):
        """Without a refresh token the profile is asked for, as long as it can be."""
        self.fake.profile |= {"email": "ann@example.org"}
        self.assertEqual(self.recheck(self.without_refresh()).groups, ("staff",))
        self.fake.answers["/userinfo"] = (401, {})
        self.assertIsNone(self.recheck(self.without_refresh()))
        self.fake.answers.clear()
        self.fake.clock.advance(601)
        self.assertIsNone(self.recheck(self.without_refresh()))


class SignOutTests(ProviderCase):
    """Sign-out at the provider, begun here."""

    def test_end_session(self):
        """A browser is sent to end the provider's session, with the token as a hint."""
        evidence = self.sign_in().evidence
        departure = self.successResultOf(self.provider.sign_out(evidence))
        asked = parse_qs(urlsplit(departure.url).query)
        self.assertTrue(departure.url.startswith(f"{ISSUER}/logout?"))
        self.assertEqual(asked["id_token_hint"], [evidence["id_token"]])
        self.assertEqual(asked["client_id"], ["clace"])
        self.assertEqual(
            asked["post_logout_redirect_uri"], ["https://apps.example.com/_clace/logout?done=1"]
        )

    def test_without(self):
        """A provider without such an address ends nothing."""
        self.fake.description = {"end_session_endpoint": None}
        self.assertIsNone(self.successResultOf(self.provider.sign_out(self.sign_in().evidence)))
