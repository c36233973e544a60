"""Tests for ``clace.identity.oauth.signatures``: no header of a token brings a key in."""

import hashlib
import json
from base64 import urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace import base64url
from clace.identity.oauth.id_tokens import half_hash
from clace.identity.oauth.signatures import ALGORITHMS
from tests.support.openid import (
    KEY,
    OTHER_KEY,
    RSA_KEY,
    UNKNOWN_KEY,
    FakeProvider,
    arrival,
    provider_of,
    segment,
    signed,
)
from tests.support.returning import ReturningCase

REASONS = {
    UNKNOWN_KEY,
    "token: algorithm not allowed",
    "token: header not allowed",
    "token: malformed",
    "token: malformed header",
    "token: of another type",
    "token: signature",
    "tokens: no ID token",
}
PUBLIC = OTHER_KEY.as_dict(private=False)
SECRETS = (
    KEY.as_pem(private=False),
    RSA_KEY.as_pem(private=False),
    json.dumps(KEY.as_dict(private=False)).encode(),
    b"hunter2",
    b"",
)
kids = st.one_of(
    st.sampled_from(
        [
            "one",
            "two",
            "rsa",
            "",
            "ONE",
            "one\0",
            " one",
            "../../dev/null",
            "https://evil.example/keys",
            "' OR 1=1 --",
            None,
            1,
            ["one"],
            {"one": 1},
        ]
    ),
    st.text(max_size=8),
)
values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just(PUBLIC))
headers = st.fixed_dictionaries(
    {},
    optional={
        "kid": kids,
        "typ": st.sampled_from(["JWT", "jwt", "application/jwt", "at+jwt", "JOSE", "", None, 1]),
        "jwk": st.one_of(st.just(PUBLIC), values),
        "jku": st.just("https://evil.example/keys"),
        "x5u": st.just("https://evil.example/cert"),
        "x5c": st.just(["AAAA"]),
        "x5t": st.text(max_size=8),
        "crit": st.sampled_from([[], ["b64"], ["exp"], "exp", None]),
        "b64": st.booleans(),
        "cty": st.text(max_size=4),
    },
)


class HeaderTests(ReturningCase):
    """Property tests of headers, at the flow of every sign-in."""

    def setUp(self):
        self.fake = FakeProvider()
        self.fake.keys = [KEY, RSA_KEY]
        self.provider = provider_of(self.fake)
        self.serve(self.provider)

    def come_back(self):
        return arrival(self.fake, self.successResultOf(self.provider.begin("s")))

    def bring(self, token):
        """A browser that comes back from a provider whose token is this one."""
        self.fake.id_token = lambda _nonce, _access: token
        return self.come_back()

    def assert_refused(self, token):
        """The audit log has a reason that says what was wrong with the token, and holds none of it.

        No claim was looked at: claims of a token that is not the provider's say nothing.
        """
        come = self.bring(token)
        self.assertIn(self.refusal(come.parameters, come.kept), REASONS)

    def test_accepted(self):
        """The sign-in whose token the others replace is accepted, with either key."""
        for key, header in ((KEY, {}), (RSA_KEY, {"alg": "RS256"})):
            self.fake.key, self.fake.header = key, header
            come = self.come_back()
            self.lets_in(come.parameters, come.kept)

    @given(headers)
    def test_foreign_key(self, header):
        """A token signed by a foreign key is refused, whatever else its header says."""
        self.assert_refused(signed({"a": 1}, OTHER_KEY, **header))

    @given(headers, st.sampled_from(SECRETS), st.sampled_from(["HS256", "HS384", "HS512"]))
    def test_hmac(self, header, secret, algorithm):
        """A token with an HMAC is refused, whether of a public key, the secret or nothing."""
        self.assert_refused(signed({"a": 1}, secret, **{**header, "alg": algorithm}))

    @given(
        headers,
        st.one_of(
            st.sampled_from(["none", "None", "NONE", "nOnE", "", "RSA1_5", "dir", "ES256K"]),
            st.sampled_from(sorted(ALGORITHMS)),
            values,
        ),
        st.binary(max_size=80),
    )
    def test_any_algorithm(self, header, algorithm, signature):
        """Without a signature of a published key no algorithm makes a token count."""
        made = urlsafe_b64encode(signature).rstrip(b"=").decode()
        self.assert_refused(f"{segment({**header, 'alg': algorithm})}.{segment({'a': 1})}.{made}")

    @given(headers)
    def test_right_key(self, header):
        """A token of a published key is read or refused, and the key is never one it brought."""
        self.fake.header = header
        come = self.come_back()
        said = {name for name, value in header.items() if value is not None}
        is_typed = header.get("typ") in (None, "JWT", "jwt", "application/jwt")
        is_good = is_typed and not {"jwk", "jku", "x5u", "crit", "b64"} & said
        if is_good and header.get("kid") in (None, "", "one"):
            self.lets_in(come.parameters, come.kept)
        else:
            self.assertIn(self.refusal(come.parameters, come.kept), REASONS)

    @given(st.one_of(st.text(), st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True)))
    def test_any_text(self, token):
        """A text that is no token is refused without a fault."""
        self.assert_refused(token)


class HalfHashTests(SynchronousTestCase):
    def test_by_the_algorithm(self):
        """The hash of an access token is half of the one that the token's algorithm is made with,
        and of the longest where that names none.
        """
        for algorithm, digest, size in (
            ("ES256", hashlib.sha256, 16),
            ("PS384", hashlib.sha384, 24),
            ("RS512", hashlib.sha512, 32),
            ("EdDSA", hashlib.sha512, 32),
        ):
            half = digest(b"token").digest()[:size]
            self.assertEqual(base64url.decoded(half_hash("token", algorithm)), half, algorithm)
