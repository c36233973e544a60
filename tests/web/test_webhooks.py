"""Calls of webhooks, through HTTP, the proofs and the work."""

import hashlib
import hmac
import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.webhooks import CREATE_WEBHOOK, CreateWebhook
from clace.identity.webhooks.calls import A_MINUTE
from clace.identity.webhooks.presented import presented
from clace.operations.deliveries import REST
from clace.web.login.reactor_turns import ReactorTurns
from clace.web.login.routes import OurRoutes
from clace.web.root import RootResource
from clace.web.webhooks import WebhookSteps
from tests.operations.house import House, app_star
from tests.support.administration_contract import NONE
from tests.support.threads import at_once
from tests.support.web import Served, SiteTreq

GIT = "https://git.example.com/team/tools"
MAIN = b'{"ref": "refs/heads/main"}'
HOST = "http://apps.example"


class Answer:
    def __init__(self, response, body):
        self.status, self.text = response.code, body.decode()
        self.headers = response.headers

    @property
    def told(self):
        return json.loads(self.text)

    def header(self, name):
        return ", ".join(self.headers.getRawHeaders(name) or [])


class WebhookCase(SynchronousTestCase):
    def setUp(self):
        self.house = House()
        self.push("one")
        self.successResultOf(self.house.create("/a", GIT))
        self.successResultOf(self.house.create("/tools/b", GIT))
        self.house.deliveries.startService()
        self.addCleanup(self.house.deliveries.stopService)
        steps = WebhookSteps(
            presented,
            self.house.proofs,
            self.house.deliveries,
            self.house.installed,
            at_once,
            self.house.unique,
        )
        routes = OurRoutes(steps.steps(), "auth.localhost", lambda: "i1", ReactorTurns(Clock()))
        self.served = Served(RootResource(None, None, routes))
        self.token = self.create("/a", "reload_promote")
        self.secret = self.create("/a", "reload", auth="hmac")

    def push(self, body):
        return self.house.sources.put_commit(GIT, {"app.star": app_star(NONE, body)})

    def create(self, path, kind, **options):
        query = CreateWebhook(path, kind, **options)
        performed = self.house.administration.perform(CREATE_WEBHOOK, query)
        return self.successResultOf(performed).token

    def ask(self, method, path, body=b"", **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Content-Type", "application/json")
        treq = SiteTreq(self.served.site)
        asked = treq.request(method, HOST + path, headers=sent, data=body)
        treq.flush()
        response = self.successResultOf(asked)
        return Answer(response, self.successResultOf(response.content()))

    def call(self, body=MAIN, kind="reload_promote", target="appPath=%2Fa", **headers):
        return self.ask("POST", f"/_clace_webhook/{kind}?{target}", body, **headers)

    def by_token(self, body=MAIN, token=None, **headers):
        return self.call(body, Authorization=f"Bearer {token or self.token}", **headers)

    def signature(self, body):
        return hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()

    def signed(self, body=MAIN, **headers):
        signature = f"sha256={self.signature(body)}"
        return self.call(body, kind="reload", X_Hub_Signature_256=signature, **headers)

    def answer(self, path="/a"):
        return self.successResultOf(self.house.answer(path))


class CallTests(WebhookCase):
    def test_token(self):
        """A call with the token is taken at once, and tells where its state is."""
        self.push("two")
        answer = self.by_token(X_GitHub_Event="push", X_GitHub_Delivery="d1")
        self.assertEqual((answer.status, answer.told["state"]), (202, "queued"))
        self.assertEqual(self.answer(), "two")
        place = answer.told["status_url"]
        self.assertEqual(answer.header("location"), place)
        self.assertEqual(answer.header("cache-control"), "no-store")
        state = self.ask("GET", place)
        self.assertEqual((state.status, state.told["state"]), (200, "done"))
        self.assertEqual(state.told["id"], answer.told["id"])

    def test_signature(self):
        """A call with a signature is as good; each git host has its headers."""
        self.push("two")
        answer = self.signed(X_GitHub_Event="push")
        self.assertEqual(answer.status, 202)
        self.assertEqual(self.answer("/a_cl_stage"), "two")
        for number, host in enumerate(("Gitea", "Forgejo", "Gogs")):
            body = json.dumps({"ref": "refs/heads/main", "number": number}).encode()
            headers = {f"X_{host}_Signature": self.signature(body), f"X_{host}_Event": "push"}
            self.assertEqual(self.call(body, kind="reload", **headers).status, 202, host)

    def test_gitlab(self):
        """GitLab sends the token in a header of its own."""
        self.push("two")
        answer = self.call(
            X_Gitlab_Token=self.token,
            X_Gitlab_Event="Push Hook",
            X_Gitlab_Event_UUID="1",
        )
        self.assertEqual(answer.status, 202)
        self.assertEqual(self.answer(), "two")

    def test_ci_job(self):
        """A job without an event and a body is taken too."""
        self.push("two")
        self.assertEqual(self.by_token(b"").status, 202)
        self.assertEqual(self.answer(), "two")

    def test_ignored(self):
        """What is not for the webhook is answered with the reason, and begins nothing."""
        self.push("two")
        answer = self.by_token(b'{"ref": "refs/heads/dev"}', X_GitHub_Event="push")
        self.assertEqual((answer.status, answer.told["state"]), (200, "ignored"))
        self.assertEqual(answer.told["detail"], "branch dev is not main")
        self.assertIn("a ping", self.by_token(b"{}", X_GitHub_Event="ping").told["detail"])
        self.assertEqual(self.answer(), "one")

    def test_replayed(self):
        """The same signed body, or the same delivery by token, counts once."""
        first = self.signed(X_GitHub_Delivery="d1")
        self.push("two")
        again = self.signed(X_GitHub_Delivery="d2")
        self.assertEqual((again.status, again.told["is_repeated"]), (200, True))
        self.assertEqual(again.told["id"], first.told["id"])
        self.by_token(X_GitHub_Delivery="d1")
        self.push("three")
        self.assertTrue(self.by_token(X_GitHub_Delivery="d1").told["is_repeated"])
        self.assertEqual(self.answer("/a_cl_stage"), "two")
        self.assertEqual(self.by_token().status, 202)
        self.house.clock.advance(REST)
        self.assertEqual(self.answer("/a_cl_stage"), "three")

    def test_too_often(self):
        """Calls beyond what is taken in a minute are told when to come again, before their body is
        read.
        """
        for _ in range(A_MINUTE):
            self.assertEqual(self.by_token().status, 202)
        answer = self.by_token(b"{")
        self.assertEqual((answer.status, answer.told["error"]), (429, "too_many_calls"))
        self.assertEqual(answer.header("retry-after"), "60")
        self.assertEqual(self.by_token(token="clace_hook_x").status, 401)

    def test_malformed(self):
        """A payload that is none is refused, after the proof."""
        answer = self.by_token(b"{")
        self.assertEqual((answer.status, answer.told["error"]), (400, "bad_request"))
        self.assertEqual(self.call(b"{", Authorization="Bearer x").status, 401)

    @given(st.binary(max_size=300))
    def test_any_payload(self, body):
        """No payload of whoever knows the secret makes a fault."""
        self.assertIn(self.signed(body).status, {200, 202, 400})


class RefusalTests(WebhookCase):
    """Nobody learns which apps and webhooks are there."""

    def test_one_answer(self):
        """A call that proves nothing is answered the same, whatever it names."""
        told = set()
        targets = ("%2Fa", "%2Fmissing", "%2Ftools%2Fb", "%2Fa_cl_stage", "%2F_clace", "..", "%20")
        for number, target in enumerate(targets):
            for headers in (
                {"Authorization": "Bearer x"},
                {"X_Hub_Signature_256": f"sha256={'0' * 64}"},
            ):
                target_headers = headers | {"X_Number": str(number)}
                for kind in ("reload", "promote"):
                    answer = self.call(kind=kind, target=f"appPath={target}", **target_headers)
                    told.add((tuple(headers), answer.status, answer.text))
                    self.assertEqual(answer.header("www-authenticate"), "Bearer")
                    self.house.proofs._sign_ins.lockout.clear_lockouts("", "")
        self.assertEqual(len(told), 2, told)

    def test_without_proof(self):
        """Without a proof the words are those of 2025."""
        for told, headers in (
            ("No auth header and no signature found", {}),
            ("Authorization header with bearer token is required", {"Authorization": "Basic x"}),
            ("invalid signature header", {"X_Hub_Signature_256": "x"}),
            ("Invalid bearer token", {"Authorization": "Bearer x"}),
            (
                "invalid payload, signature match failed",
                {"X_Hub_Signature_256": f"sha256={'0' * 64}"},
            ),
        ):
            answer = self.call(**headers)
            self.assertEqual((answer.status, answer.told["message"]), (401, told))
            self.assertEqual(answer.told["error"], "not_authenticated")
        self.assertEqual(self.answer(), "one")

    def test_guessing(self):
        """After some wrong tokens the address has to wait; the answer says how long."""
        for _ in range(5):
            self.assertEqual(self.by_token(token="x").status, 401)
        answer = self.by_token()
        self.assertEqual((answer.status, answer.told["error"]), (429, "locked_out"))
        self.assertEqual(answer.header("retry-after"), "900")

    def test_methods(self):
        """Anything but POST is refused, as is a kind that is unknown and a call without target."""
        self.assertEqual(self.ask("GET", "/_clace_webhook/reload?appPath=/a").status, 405)
        self.assertEqual(self.call(kind="reboot").status, 404)
        for kind, name in (("reload", "appPath"), ("sync", "id")):
            answer = self.call(kind=kind, target="")
            self.assertEqual((answer.status, answer.told["message"]), (400, f"{name} is required"))
        for path in ("/_clace_webhook", "/_clace_webhook/", "/_clace_webhook/a/b"):
            self.assertEqual(self.ask("POST", path).status, 404, path)

    def test_status(self):
        """An id that was never given is not found."""
        self.assertEqual(self.ask("GET", "/_clace_webhook/status/x").status, 404)
        self.assertEqual(self.ask("POST", "/_clace_webhook/status/x").status, 405)

    def test_browsers(self):
        """A page cannot let its visitor call a webhook, whatever it knows."""
        for headers in (
            {"Origin": "https://evil.example"},
            {"Sec_Fetch_Site": "none"},
            {"Cookie": "a=b"},
            {"Referer": HOST},
        ):
            self.assertEqual(self.by_token(**headers).status, 403, headers)
        self.assertEqual(self.house.delivery_rows.unfinished(), ())

    def test_large(self):
        """A body over ten megabytes is refused by its length; of a wrong token nothing is read."""
        large = str(10 * 1024 * 1024 + 1)
        for line in (
            f"Authorization: Bearer {self.token}",
            f"X-Hub-Signature-256: sha256={'0' * 64}",
        ):
            answer = self.head_only(line, large)
            self.assertIn(b" 413 ", answer, line)
        self.assertIn(b" 401 ", self.head_only("Authorization: Bearer x", large))

    def head_only(self, proof, length):
        """The first line of the answer to a head whose body does not come."""
        head = (
            f"POST /_clace_webhook/reload_promote?appPath=/a HTTP/1.1\r\nHost: apps.example\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n{proof}\r\n\r\n"
        )
        connection = self.served.ask(head.encode())
        return connection.value().partition(b"\r\n")[0]

    def test_a_fault(self):
        """A fault of the server is an incident, and tells nothing else."""

        def broken(*_given):
            raise ZeroDivisionError

        self.house.webhook_rows.find = broken
        answer = self.by_token()
        self.assertEqual(answer.status, 500)
        self.assertEqual(answer.text, "the server could not answer")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
