"""Tests for ``clace.identity.webhooks.presented``."""

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NotAuthenticated
from clace.identity.webhooks.presented import presented
from clace.interfaces import WebhookProof

DIGITS = "0123456789abcdef" * 4
NAMES = (
    *("authorization", "x-gitlab-token", "x-hub-signature-256"),
    *("x-gitea-signature", "x-forgejo-signature", "x-gogs-signature"),
)


class PresentedTests(SynchronousTestCase):
    def proof(self, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return presented(named.get)

    def test_tokens(self):
        """A bearer token may be in either of two headers."""
        token = WebhookProof(token="clace_hook_1")
        self.assertEqual(self.proof(authorization="Bearer clace_hook_1"), token)
        self.assertEqual(self.proof(authorization=" bearer  clace_hook_1 "), token)
        self.assertEqual(self.proof(x_gitlab_token="clace_hook_1"), token)

    def test_signatures(self):
        """Each host has its own header for the same signature."""
        signature = WebhookProof(signature=DIGITS)
        self.assertEqual(self.proof(x_hub_signature_256=f"sha256={DIGITS}"), signature)
        for name in ("x_gitea_signature", "x_forgejo_signature", "x_gogs_signature"):
            self.assertEqual(self.proof(**{name: DIGITS.upper()}), signature, name)

    def test_precedence(self):
        """An Authorization header is the proof, whatever else there is."""
        proof = self.proof(
            authorization="Bearer a", x_gitlab_token="b", x_hub_signature_256=f"sha256={DIGITS}"
        )
        self.assertEqual(proof, WebhookProof(token="a"))

    def test_refused(self):
        """What is missing or malformed is told in the words of 2025."""
        bearer = "Authorization header with bearer token is required"
        for told, headers in (
            ("No auth header and no signature found", {}),
            ("No auth header and no signature found", {"x_gitlab_token": " \r "}),
            (bearer, {"authorization": "Basic abc"}),
            (bearer, {"authorization": "Bearer "}),
            (bearer, {"authorization": "Bearer " + "x" * 9000}),
            ("invalid signature header", {"x_hub_signature_256": DIGITS}),
            ("invalid signature header", {"x_hub_signature_256": f"sha1={DIGITS}"}),
        ):
            refusal = self.assertRaises(NotAuthenticated, self.proof, **headers)
            self.assertEqual((refusal.message, refusal.scheme), (told, "Bearer"))

    def test_malformed_signature(self):
        """What is no signature is one that is wrong, as in 2025."""
        for digits in ("12", DIGITS + "0", "é" * 64, ""):
            proof = self.proof(x_hub_signature_256=f"sha256={digits}")
            self.assertEqual(proof, WebhookProof(signature="malformed"), digits)

    def test_shows_nothing(self):
        """A proof in a log or a traceback does not tell the token."""
        self.assertNotIn("hunter2", repr(WebhookProof(token="hunter2")))

    @example({"x-gitlab-token": "\r"})
    @given(st.dictionaries(st.sampled_from(NAMES), st.text()))
    def test_anything(self, headers):
        """Whatever headers say, there is one proof or a refusal."""
        try:
            proof = presented(headers.get)
        except NotAuthenticated:
            return
        self.assertEqual(bool(proof.token) + bool(proof.signature), 1)
