"""Signing in at an OpenID provider, from the app and back, with reasons in the audit log."""

from urllib.parse import urlencode

from msgspec.structs import replace

from clace.audit.ration import RationedAudit
from clace.identity.oauth.logout import EVENT
from clace.interfaces import Departure
from clace.web.login.flow import MIXED_UP, OTHER_BROWSER
from tests.support.openid import (
    ENTRY,
    ISSUER,
    KEY,
    NOW,
    OTHER_KEY,
    FakeProvider,
    provider_of,
    signed,
)
from tests.support.openid_refusals import OpenIDRefusals
from tests.web.login.flow_case import APP, FlowCase


class OpenIDCase(FlowCase):
    setting = "oidc"

    def make_providers(self):
        # Each refusal is recorded here, however many there are in a minute.
        self.ration = RationedAudit(self.audit, self.clock, lambda: "i2", a_minute=0)
        self.fake = FakeProvider()
        self.entry = replace(ENTRY, callback_url=APP)
        other = replace(self.entry, name="oidc_other")
        return provider_of(self.fake, self.entry), provider_of(self.fake, other)

    def come_back(self, name="oidc", **parameters):
        """The answer to a browser that went to the provider and came back."""
        gone = self.browser.get(self.sent_to_sign_in().location)
        self.assertEqual(gone.status, 303)
        code = self.fake.authorize(Departure(gone.location))
        given = {"code": code, "state": gone.state, **parameters}
        query = urlencode({key: value for key, value in given.items() if value is not None})
        return self.browser.get(f"{APP}/_clace/auth/{name}/callback?{query}")

    def sign_in(self, **parameters):
        self.new_visitor()
        answer = self.come_back(**parameters)
        self.assertEqual(answer.status, 303, answer.text)
        self.assertEqual(self.browser.get(answer.location).location, "/a/x?y=1")

    def new_visitor(self):
        """A browser without a session, in the place of the one before."""
        self.browser = self.new_browser()

    def refusals(self):
        """The details of the refused sign-ins in the audit log."""
        return [
            event.detail.removeprefix("by oidc: ")
            for event in self.audit
            if event.operation == "sign_in" and event.status != "Success"
        ]

    def reason(self, **parameters):
        """The one reason in the audit log for a sign-in that is refused."""
        self.new_visitor()
        before = len(self.refusals())
        answer = self.come_back(**parameters)
        self.assertEqual(answer.status, 403)
        (reason,) = self.refusals()[before:]
        self.assertNotIn(reason, answer.text)
        return reason

    def is_signed_in(self):
        return self.browser.get(f"{APP}/a").status == 200


class SignInTests(OpenIDCase):
    def test_round_trip(self):
        """The user comes back to the page that was asked for, and the app knows who it is."""
        self.sign_in()
        self.assertTrue(self.is_signed_in())
        seen = self.apps.seen[-1]
        self.assertEqual(seen.user_id, "oidc:ann@example.org")
        self.assertEqual((seen.visitor.subject, seen.visitor.groups), ("u-1", ("staff",)))
        # Nobody pays for a token that nobody asked for.
        self.assertEqual(seen.visitor.token, "")

    def test_evidence_stays_here(self):
        """Neither tokens nor the verifier are in what a browser gets."""
        sent = self.sent_to_sign_in()
        gone = self.browser.get(sent.location)
        self.sign_in()
        (row,) = self.rows.all()
        evidence = self.successResultOf(self.sessions.evidence(row))
        self.assertTrue(evidence["refresh_token"])
        jars = str(self.browser.jars)
        for secret in evidence.values():
            self.assertNotIn(secret, jars + gone.location)

    def test_mix_up(self):
        """The answer of one provider is no use at the callback of another."""
        answer = self.come_back(name="oidc_other")
        self.assertIn("expired", answer.text)
        self.assertNotIn("/token", self.fake.paths())
        self.assertEqual(self.refused_sign_ins(), [f"by oidc_other: {MIXED_UP}"])

    def test_another_browser(self):
        """A sign-in that another browser began is not finished by this one."""
        gone = self.browser.get(self.sent_to_sign_in().location)
        code = self.fake.authorize(Departure(gone.location))
        query = urlencode({"code": code, "state": gone.state})
        victim = self.new_browser()
        proved = victim.get(f"{APP}/_clace/auth/oidc/callback?{query}")
        self.assertIn("expired", victim.get(proved.location).text)
        self.assertEqual(self.rows.all(), ())
        self.assertEqual(self.refusals(), [OTHER_BROWSER])

    def test_provider_down(self):
        """A provider that is down makes a page that says so, and the audit log has it."""
        gone = self.browser.get(self.sent_to_sign_in().location)
        code = self.fake.authorize(Departure(gone.location))
        self.fake.answers["/token"] = (503, {})
        query = urlencode({"code": code, "state": gone.state})
        answer = self.browser.get(f"{APP}/_clace/auth/oidc/callback?{query}")
        self.assertEqual(answer.status, 502)
        self.assertIn("login.example.com cannot be used at the moment", answer.text)
        self.assertEqual(self.refusals(), ["provider unavailable"])


class RefusalTests(OpenIDRefusals, OpenIDCase):
    """All that is refused, at the routes of the server."""


class SignOutTests(OpenIDCase):
    number = 0

    def setUp(self):
        super().setUp()
        self.sign_in()

    def logout_token(self, **changed):
        self.number += 1
        claims = {
            "iss": ISSUER,
            "aud": "clace",
            "iat": NOW,
            "exp": NOW + 120,
            "jti": f"j{self.number}",
            "events": {EVENT: {}},
            **changed,
        }
        return signed(claims, KEY, typ="logout+jwt")

    def told(self, token):
        """The answer to a provider that tells of a sign-out."""
        provider = self.new_browser()
        return provider.post(f"{APP}/_clace/auth/oidc/logout", {"logout_token": token})

    def test_at_the_provider(self):
        """A sign-out here leads on to that of the provider."""
        answer = self.browser.post(f"{APP}/_clace/logout", {}, Origin=APP)
        self.assertIn(f"{ISSUER}/logout?", answer.text.replace("&amp;", "&"))
        self.assertFalse(self.is_signed_in())

    def test_told_of_a_user(self):
        """A sign-out of the user at the provider ends the session here."""
        self.assertEqual(self.told(self.logout_token(sub="u-1")).status, 200)
        self.assertFalse(self.is_signed_in())

    def test_told_of_a_session(self):
        """A sign-out of one session at the provider ends that one here, and no other."""
        self.assertEqual(self.told(self.logout_token(sid="s-2")).status, 200)
        self.assertTrue(self.is_signed_in())
        self.assertEqual(self.told(self.logout_token(sid="s-1")).status, 200)
        self.assertFalse(self.is_signed_in())

    def test_told_by_somebody_else(self):
        """A message that is not the provider's ends nothing, and the audit log has the reason."""
        for token, reason in (
            (self.logout_token(sub="u-1", aud="other"), "token: audience"),
            (signed({"sub": "u-1"}, OTHER_KEY, kid="one"), "token: signature"),
            ("", "token: malformed"),
        ):
            answer = self.told(token)
            self.assertEqual(answer.status, 400)
            self.assertEqual(self.refusals()[-1], reason)
        self.assertTrue(self.is_signed_in())
