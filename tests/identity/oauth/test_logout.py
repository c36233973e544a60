"""Tests for ``clace.identity.oauth.logout``: sign-outs that a provider tells of."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ProviderUnavailable, SignInRefused
from clace.identity.oauth.entries import ProviderEntry
from clace.identity.oauth.logout import EVENT
from clace.interfaces import EndedElsewhere
from tests.support.openid import ISSUER, KEY, NOW, OTHER_KEY, FakeProvider, provider_of, signed


class LogoutTests(SynchronousTestCase):
    def setUp(self):
        self.fake = FakeProvider()
        self.provider = provider_of(self.fake)
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
        return self.provider.ended({"logout_token": token})

    def reason(self, token):
        return self.failureResultOf(self.end(token), SignInRefused).value.reason

    def test_ends(self):
        """A logout token names a session, a user, or both."""
        for token, ended in [
            (self.token(), EndedElsewhere(subject="u-1", index="s-1")),
            (self.token(sid=None), EndedElsewhere(subject="u-1")),
            (self.token(sub=None), EndedElsewhere(index="s-1")),
            (self.token(typ="JWT"), EndedElsewhere(subject="u-1", index="s-1")),
        ]:
            self.assertEqual(self.successResultOf(self.end(token)), ended)

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

    def test_once(self):
        """A token ends sessions once."""
        token = self.token()
        self.successResultOf(self.end(token))
        self.assertEqual(self.reason(token), "logout token: used before")

    def test_refused_token_is_not_used(self):
        """A token that was refused does not use up its identifier."""
        self.reason(self.token(jti="same", aud="other"))
        self.successResultOf(self.end(self.token(jti="same")))

    def test_down(self):
        """Without the provider's keys nobody is signed out."""
        self.fake.answers["/keys"] = (503, {})
        self.failureResultOf(self.end(self.token()), ProviderUnavailable)

    def test_provider_without_issuer(self):
        """A provider of OAuth alone has no such tokens."""
        entry = ProviderEntry(name="github", key="k", secret="s", callback_url="https://a.example")
        self.provider = provider_of(self.fake, entry)
        self.assertEqual(self.reason(self.token()), "logout token: the provider has none")
