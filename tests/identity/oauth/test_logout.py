"""Tests for ``clace.identity.oauth.logout``: sign-outs that a provider tells of."""

from clace.errors import ProviderUnavailable
from clace.identity.oauth.entries import ProviderEntry
from clace.identity.oauth.logout import EVENT, LogoutTokens
from clace.interfaces import SessionChoice
from tests.support.openid import ISSUER, KEY, NOW, OTHER_KEY, FakeProvider, provider_of, signed
from tests.support.returning import ReturningCase, Visitor


class LogoutTests(ReturningCase):
    """Tokens at the flow of every sign-out, where two users have two sessions each."""

    def setUp(self):
        self.fake = FakeProvider()
        self.serve(provider_of(self.fake))
        self.number = 0

    def token(self, key=KEY, typ="logout+jwt", kid="one", **changed):
        self.number += 1
        claims = {
            "iss": ISSUER,
            "aud": "clace",
            "iat": NOW,
            "exp": NOW + 120,
            "jti": f"j-{self.number}",
            "events": {EVENT: {}},
            "sub": "u-1",
            "sid": "s-1",
            **changed,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return signed(kept, key, typ=typ, kid=kid)

    def end(self, token):
        form = {"logout_token": token}
        return self.leaving.ended_elsewhere(self.served.name, form, Visitor())

    def ended(self, token):
        """The sessions that a token ends, by user and number."""
        sessions = {
            self.session_of(subject, index): (subject, index)
            for subject in ("u-1", "u-2")
            for index in ("s-1", "s-2")
        }
        self.assertEqual(self.successResultOf(self.end(token)).status, 200)
        ended = {each for name, each in sessions.items() if name not in self.live()}
        self.successResultOf(self.sessions.end(SessionChoice(), "test"))
        return ended

    def reason(self, token):
        """The reason in the audit log for a token that ends nothing."""
        recorded = len(self.audit.events)
        session = self.session_of("u-1", "s-1")
        answer = self.successResultOf(self.end(token))
        self.assertEqual((answer.status, answer.body), (400, b""))
        self.assertIn(session, self.live())
        (reason,) = self.told_since(recorded)
        return reason

    def test_ends(self):
        """A logout token names a session, a user, or both."""
        one, other = ("u-1", "s-1"), ("u-1", "s-2")
        for token, ended in [
            (self.token(), {one}),
            (self.token(sid=None), {one, other}),
            (self.token(sub=None), {one, ("u-2", "s-1")}),
            (self.token(typ="JWT"), {one}),
        ]:
            self.assertEqual(self.ended(token), ended)
        self.assertEqual(self.told_since(0), [])

    def test_refusals(self):
        """Each changes one thing in a token that is accepted unchanged."""
        for token, reason in [
            (self.token(iss="https://evil.example"), "token: issuer"),
            (self.token(aud="other"), "token: audience"),
            (self.token(exp=NOW - 60), "token: expired"),
            (self.token(iat=NOW + 61), "token: issued in the future"),
            (self.token(iat=NOW - 301), "logout token: too old"),
            (self.token(events=None), "logout token: event"),
            (self.token(events={}), "logout token: event"),
            (self.token(events={EVENT: "x"}), "logout token: event"),
            (self.token(events=[EVENT]), "logout token: event"),
            (self.token(nonce="n"), "logout token: has a nonce, as ID tokens have"),
            (self.token(sub=None, sid=None), "logout token: names nobody"),
            (self.token(sub=1, sid=["x"]), "logout token: names nobody"),
            (self.token(jti=None), "logout token: used before"),
            (self.token(key=OTHER_KEY), "token: signature"),
            (self.token(typ="at+jwt"), "token: of another type"),
            ("", "token: malformed"),
        ]:
            self.assertEqual(self.reason(token), reason)
            self.ended(self.token())

    def test_once(self):
        """A token ends sessions once."""
        token = self.token()
        self.ended(token)
        self.assertEqual(self.reason(token), "logout token: used before")

    def test_of_a_while_ago(self):
        """A token counts for five minutes, and so many are remembered that none counts twice."""
        self.ended(self.token(iat=NOW - 300))
        reader = LogoutTokens(2)
        self.served._logout = reader
        tokens = [self.token() for _ in range(3)]
        for token in tokens:
            self.ended(token)
        for token in tokens[1:]:
            self.assertEqual(self.reason(token), "logout token: used before")
        # What is remembered is bounded.
        self.ended(tokens[0])

    def test_refused_token_is_not_used(self):
        """A token that was refused does not use up its identifier."""
        self.assertEqual(self.reason(self.token(jti="same", aud="other")), "token: audience")
        self.ended(self.token(jti="same"))

    def test_down(self):
        """Without the provider's keys nobody is signed out."""
        self.fake.answers["/keys"] = (503, {})
        self.failureResultOf(self.end(self.token()), ProviderUnavailable)

    def test_provider_without_issuer(self):
        """A provider of OAuth alone has no such tokens."""
        entry = ProviderEntry(name="github", key="k", secret="s", callback_url="https://a.example")
        self.serve(provider_of(self.fake, entry))
        self.assertEqual(self.reason(self.token()), "logout token: the provider has none")
