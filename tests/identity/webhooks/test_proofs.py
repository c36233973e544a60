"""Tests for ``clace.identity.webhooks.proofs``."""

import hashlib
import hmac
from io import BytesIO

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs, formatEvent, globalLogPublisher
from zope.interface.verify import verifyObject

from clace.errors import BadRequest, LockedOut, NotAuthenticated, TooManyCalls
from clace.identity.tokens import is_token
from clace.identity.webhooks.calls import A_MINUTE
from clace.interfaces import IWebhookProofs, WebhookCall, WebhookProof
from tests.identity.passwords.support import Told, ToldCase
from tests.support.memory_webhooks import MemoryWebhookRows, make_proofs
from tests.support.webhook_contract import APP, stored_webhook

BODY = b'{"ref": "refs/heads/main"}'


class ProofTests(ToldCase):
    by = "webhook"

    def setUp(self):
        self.rows = MemoryWebhookRows()
        self.kinds = {"reload", "promote"}
        self.told = Told()
        self.clock = Clock()
        self.proofs = make_proofs(self.rows, self.clock, self.told)
        self.token = self.put("hook_1", "reload", "bearer")
        self.secret = self.put("hook_2", "promote", "hmac")

    def put(self, webhook_id, kind, proof):
        made = self.successResultOf(self.proofs.make(proof, webhook_id))
        webhook = stored_webhook(webhook_id, kind=kind, proof=proof)
        self.rows.put(replace(webhook, digest=made.digest, sealed=made.sealed))
        return made.text

    def signed(self, body=BODY, secret=None):
        mac = hmac.new((secret or self.secret).encode(), body, hashlib.sha256)
        return WebhookProof(signature=mac.hexdigest())

    def prove(self, kind, proof, body=None, target=APP, address="192.0.2.1"):
        call = WebhookCall(kind=kind, target=target, shown="/a", address=address)
        return self.proofs.prove(call, proof, None if body is None else BytesIO(body))

    def refused(self, *given, **more):
        is_known = more.get("target", APP) == APP and given[0] in self.kinds
        reason = "wrong token or signature" if is_known else "unknown webhook"
        return self.refusal(self.prove(*given, **more), reason).message

    def test_fills_the_seam(self):
        """It has what the seam names."""
        verifyObject(IWebhookProofs, self.proofs)

    def test_made(self):
        """Tokens and secrets are random, told once, and no API tokens; of a token a digest is
        kept, a secret is sealed.
        """
        self.assertRegex(self.token, r"\Aclace_hook_[0-9A-Za-z]{49}\Z")
        self.assertNotEqual(self.token[-40:], self.secret[-40:])
        self.assertFalse(is_token(self.token))
        bearer, secret = self.rows.named("hook_1"), self.rows.named("hook_2")
        self.assertEqual(bearer.digest, hashlib.sha256(self.token.encode()).hexdigest())
        self.assertEqual((bearer.sealed, secret.digest), (b"", ""))
        self.assertNotIn(self.secret.encode(), secret.sealed)

    def test_right(self):
        """A right token or signature proves the webhook."""
        found = self.successResultOf(self.prove("reload", WebhookProof(token=self.token)))
        self.assertEqual(found.id, "hook_1")
        found = self.successResultOf(self.prove("promote", self.signed(), BODY))
        self.assertEqual(found.id, "hook_2")

    def test_too_often_is_logged(self):
        """One line in a minute tells which webhook is called too often, and from where."""
        right = WebhookProof(token=self.token)
        with capturedLogs() as events:
            for _ in range(2):
                for _ in range(A_MINUTE):
                    self.successResultOf(self.prove("reload", right))
                for _ in range(3):
                    self.failureResultOf(self.prove("reload", right), TooManyCalls)
                self.clock.advance(60)
        told = [formatEvent(event) for event in events if event["log_level"] is LogLevel.warn]
        self.assertEqual(len(told), 2)
        self.assertIn("Webhook hook_1 is called too often from 192.0.2.", told[0])
        self.assertNotIn(self.token, "".join(told))

    def test_too_often(self):
        """A leaked token is good for so many calls in each minute; those from elsewhere are not
        fewer.
        """
        self.clock.advance(30)
        right = WebhookProof(token=self.token)
        for _ in range(A_MINUTE):
            self.successResultOf(self.prove("reload", right))
        failure = self.failureResultOf(self.prove("reload", right), TooManyCalls)
        self.assertEqual(failure.value.message, "too many calls, try again in 30 seconds")
        self.assertEqual(failure.value.retry_after, 30)
        self.successResultOf(self.prove("reload", right, address="198.51.100.1"))
        self.successResultOf(self.prove("promote", self.signed(), BODY))
        self.clock.advance(30)
        for _ in range(A_MINUTE):
            self.successResultOf(self.prove("reload", right))
        failure = self.failureResultOf(self.prove("reload", right), TooManyCalls)
        self.assertEqual(failure.value.retry_after, 60)

    def test_wrong(self):
        """Another token, signature, body or kind of proof is refused, in one text for each."""
        token, signature = "Invalid bearer token", "invalid payload, signature match failed"
        for told, given in (
            (token, ("reload", WebhookProof(token="x"))),
            (token, ("reload", WebhookProof(token=self.secret))),
            (token, ("promote", WebhookProof(token=self.token))),
            (token, ("promote", WebhookProof(token=self.secret))),
            (signature, ("promote", self.signed(), BODY + b" ")),
            (signature, ("promote", self.signed(), None)),
            (signature, ("promote", self.signed(secret=self.token), BODY)),
            (signature, ("reload", self.signed(secret=self.token), BODY)),
        ):
            self.setUp()
            self.assertEqual(self.refused(*given), told, given)

    def test_unknown_looks_like_wrong(self):
        """A webhook that is not there is refused in the same words, after the same work."""
        for kind, proof, body in (
            ("reload", WebhookProof(token="x"), None),
            ("promote", self.signed(b"other"), BODY),
        ):
            told, work = [], []
            for target in (APP, "app_prd_9", ""):
                finds = self.rows.finds
                opened = self.opened()
                told.append(self.refused(kind, proof, body, target=target, address=f"{target}::1"))
                work.append((self.rows.finds - finds, self.opened() - opened))
            self.assertEqual(len(set(told)), 1, told)
            self.assertEqual(len(set(work)), 1, work)

    def opened(self):
        return self.proofs._sealing.opened + self.proofs._dummy_sealing.opened

    def test_client_has_left(self):
        """A body that was closed with its connection is no fault."""
        body = BytesIO(BODY)
        body.close()
        call = WebhookCall(kind="promote", target=APP, shown="/a", address="192.0.2.1")
        self.failureResultOf(self.proofs.prove(call, self.signed(), body), BadRequest)

    def test_at_the_same_time(self):
        """A signature that is being found right is not right for another body meanwhile."""
        gate = Deferred()

        async def in_thread(work):
            if work.func == self.proofs._is_right:
                await gate
            return work()

        self.proofs._in_thread = in_thread
        right, forged = (
            Deferred.fromCoroutine(self.prove("promote", self.signed(), body))
            for body in (BODY, b'{"ref": "refs/heads/evil"}')
        )
        self.assertNoResult(right)
        gate.callback(None)
        self.assertEqual(self.successResultOf(right).id, "hook_2")
        self.failureResultOf(forged, NotAuthenticated)

    def test_locked_calls_cost_nothing(self):
        """Nothing is looked up for who is locked out."""
        for number in range(5):
            self.refused("reload", WebhookProof(token=f"x{number}"))
        finds = self.rows.finds
        self.failureResultOf(self.prove("reload", WebhookProof(token=self.token)), LockedOut)
        self.assertEqual(self.rows.finds, finds)

    def test_guessing(self):
        """Whoever guesses is locked out, and then a right token from there is refused too."""
        for number in range(5):
            self.refused("reload", WebhookProof(token=f"x{number}"))
        self.failureResultOf(self.prove("reload", WebhookProof(token=self.token)), LockedOut)
        elsewhere = self.prove("reload", WebhookProof(token=self.token), address="198.51.100.1")
        self.successResultOf(elsewhere)
        for number in range(5):
            self.refused("reload", WebhookProof(token=f"x{number}"), target="", address="::1")
        again = self.prove("reload", WebhookProof(token="x"), target="", address="::1")
        self.failureResultOf(again, LockedOut)

    def test_lost_key(self):
        """A secret that does not open is refused as a wrong one, and the log says why."""
        sealed = self.rows.named("hook_2").sealed
        self.rows.put(replace(self.rows.named("hook_2"), sealed=sealed[:-1] + b"x"))
        logged = []
        globalLogPublisher.addObserver(logged.append)
        self.addCleanup(globalLogPublisher.removeObserver, logged.append)
        told = self.refused("promote", self.signed(), BODY)
        self.assertEqual(told, "invalid payload, signature match failed")
        (event,) = (each for each in logged if each["log_level"] is LogLevel.error)
        self.assertIn("Webhook hook_2 cannot be called", formatEvent(event))

    def test_replaced_meanwhile(self):
        """A webhook that is deleted proves nothing any more."""
        self.rows.delete("hook_1")
        self.kinds.remove("reload")
        self.assertEqual(
            self.refused("reload", WebhookProof(token=self.token)), "Invalid bearer token"
        )
