"""One contract of all that is wrong with a sign-in at an OpenID provider, for each way in."""

from typing import Any

from tests.support.openid import (
    KEY,
    OTHER_KEY,
    REFUSED_CLAIMS,
    REFUSED_HEADERS,
    RSA_KEY,
    UNKNOWN_KEY,
    FakeProvider,
    segment,
    signed,
)

HOUR = 3601


class OpenIDRefusals:
    """Each changes one thing in a sign-in that is accepted unchanged.

    A case has a ``fake`` provider, ``sign_in`` for one that is accepted, and ``reason`` for the
    one in the audit log; parameters of both are of what the browser brings.
    """

    fake: FakeProvider
    sign_in: Any
    reason: Any
    assertEqual: Any

    def assert_refused(self, reason: str, brought: Any = None, **changes: Any) -> None:
        """The audit log has the reason; the next sign-in, without the change, is accepted."""
        before = {name: getattr(self.fake, name) for name in changes}
        vars(self.fake).update(changes)
        self.assertEqual(self.reason(**(brought or {})), reason)
        vars(self.fake).update(before)
        self.sign_in()

    def assert_keys_refused(self, reason: str, **changes: Any) -> None:
        """The same for what the provider publishes, which is fetched once an hour."""
        self.fake.clock.advance(HOUR)
        before = {name: getattr(self.fake, name) for name in changes}
        vars(self.fake).update(changes)
        self.assertEqual(self.reason(), reason)
        vars(self.fake).update(before)
        self.fake.clock.advance(HOUR)
        self.sign_in()

    def test_claims(self):
        """Each claim is checked, with a reason of its own."""
        for claims, reason in REFUSED_CLAIMS:
            self.assert_refused(reason, claims=claims)

    def test_headers(self):
        """No header makes another key or another algorithm count."""
        for header, reason in REFUSED_HEADERS:
            self.assert_refused(reason, header=header)

    def test_public_key_as_secret(self):
        """A token whose HMAC was made with the published key is refused for its algorithm."""
        self.assert_refused(
            "token: algorithm not allowed",
            key=KEY.as_pem(private=False),
            header={"alg": "HS256", "kid": "one"},
        )

    def test_algorithm_of_another_key(self):
        """A published key is used with its own algorithms alone."""
        self.fake.keys = [KEY, RSA_KEY]
        self.assert_refused(UNKNOWN_KEY, key=RSA_KEY, header={"alg": "RS256", "kid": "one"})

    def test_another_key(self):
        """A signature by another key under the name of the right one is worth nothing."""
        self.assert_refused("token: signature", key=OTHER_KEY, header={"kid": "one"})

    def test_changed_after_signing(self):
        """A token whose claims were changed, or whose signature was cut, is refused."""
        true = self.fake.id_token

        def changed(nonce: str, access: str) -> str:
            head, body, signature = true(nonce, access).split(".")
            return f"{head}.{body[:-2]}AA.{signature}"

        def cut(nonce: str, access: str) -> str:
            return true(nonce, access)[:-4]

        def none(nonce: str, access: str) -> str:
            return f"eyJhbGciOiJub25lIn0.{true(nonce, access).split('.')[1]}."

        for made, reason in [
            (changed, "token: signature"),
            (cut, "token: signature"),
            (none, "token: malformed"),
            (lambda *_: "x", "token: malformed"),
            (lambda *_: "x" * 300_000, "tokens: no ID token"),
            (lambda *_: "", "tokens: no ID token"),
        ]:
            self.assert_refused(reason, id_token=made)

    def test_malformed(self):
        """A token whose header or claims are no JSON object is refused, its signature in place."""
        good, key = segment({"alg": "ES256"}), {"kid": "one"}
        for token, reason in [
            (f"{good[:-2]}.{segment({})}.AAAA", "token: malformed header"),
            (f"{segment([1])}.{segment({})}.AAAA", "token: malformed header"),
            (f"{segment('x')}.{segment({})}.AAAA", "token: malformed header"),
            (signed([1], KEY, **key), "token: malformed claims"),
            (signed("x", KEY, **key), "token: malformed claims"),
        ]:
            self.assert_refused(reason, id_token=lambda *_, token=token: token)

    def test_answers(self):
        """A browser's answer needs a code, and an error in it is one."""
        for brought, reason in [
            ({"code": None}, "answer: no code"),
            ({"code": ""}, "answer: no code"),
            ({"code": "x" * 5000}, "answer: no code"),
            ({"error": "access_denied"}, "answer: cancelled"),
            ({"error": "server_error"}, "answer: error server_error"),
            ({"error": "<script>"}, "answer: error"),
            ({"error": "x" * 65}, "answer: error"),
            ({"error": "ошибка"}, "answer: error"),
            ({"iss": "https://evil.example"}, "answer: issuer"),
        ]:
            self.assert_refused(reason, brought)

    def test_answer_without_its_issuer(self):
        """A provider that names itself in its answers has to, and by its name."""
        self.fake.description = {"authorization_response_iss_parameter_supported": True}
        for brought in ({}, {"iss": "https://evil.example"}):
            self.assertEqual(self.reason(**brought), "answer: issuer")
            self.sign_in(iss=self.fake.issuer)

    def test_codes(self):
        """A code is worth something once, and only with the verifier of the same departure."""
        self.sign_in()
        self.assert_refused("code: invalid_grant", {"code": f"code-{self.fake.given}"})
        self.fake.codes["stolen"] = ("nonce", "challenge of another departure")
        self.assert_refused("code: invalid_grant", {"code": "stolen"})

    def test_tokens(self):
        """An answer without a bearer token is none."""
        for change in ({"access_token": ""}, {"token_type": "mac"}, {"access_token": "a\nb"}):
            self.assert_refused("tokens: no bearer token", token=change)

    def test_profile(self):
        """A profile that is not shown, or is no profile, ends the sign-in."""
        for answer, reason in [
            ((401, {}), "user: the provider does not show the profile"),
            ((302, {}), "user: the profile is malformed"),
            ((200, b"<html>"), "user: the profile is malformed"),
            ((200, ["x"]), "user: the profile is malformed"),
            ((200, {"sub": "u-2"}), "user: the profile is of another user"),
            ((200, {"name": "Ann"}), "user: the profile is of another user"),
        ]:
            self.assert_refused(reason, answers={"/userinfo": answer})

    def test_names(self):
        """A user whose only name reads as somebody's address, or has a space, is not let in."""
        for subject, reason in [
            ("boss@example.org", "user: no usable name"),
            ('"a"@example.org', "user: no usable name"),
            ("a b", "user: subject"),
            ("a\u2028b", "user: subject"),
        ]:
            # A nickname is chosen by its user, and names nobody.
            user = {"sub": subject, "nickname": "u-1", "preferred_username": "u-1"}
            self.assert_refused(reason, user=user, profile={"sub": subject})

    def test_keys_of_another(self):
        """A token is refused once its key is published no more, within an hour."""
        self.sign_in()
        self.assert_keys_refused(UNKNOWN_KEY, keys=[OTHER_KEY])

    def test_key_without_name(self):
        """A token without a key's name is refused where two keys would do."""
        self.fake.header = {"kid": None}
        self.assert_keys_refused(UNKNOWN_KEY, keys=[KEY, OTHER_KEY])

    def test_unfit_keys(self):
        """Keys for encryption, and ones with another algorithm or curve, check nothing."""
        public = KEY.as_dict(private=False)
        for key in (
            {**public, "use": "enc"},
            {**public, "alg": "ES384"},
            {**public, "crv": "P-384"},
            {"kty": "oct", "k": "aGVsbG8", "kid": "one"},
        ):
            published = {"/keys": (200, {"keys": [key, "x", None]})}
            self.assert_keys_refused(UNKNOWN_KEY, answers=published)

    def test_weak_key(self):
        """A published key of RSA that could be broken checks nothing."""
        self.fake.key, self.fake.keys = RSA_KEY, [RSA_KEY]
        self.fake.header = {"alg": "RS256"}
        public = RSA_KEY.as_dict(private=False)
        weak = {**public, "n": public["n"][:340]}
        self.assert_keys_refused(UNKNOWN_KEY, answers={"/keys": (200, {"keys": [weak]})})

    def test_malformed_key(self):
        """A key that is none, under the right name, makes a refusal and no fault."""
        key = {"kty": "EC", "crv": "P-256", "kid": "one", "x": 1, "y": "é"}
        self.assert_keys_refused("token: signature", answers={"/keys": (200, {"keys": [key]})})
