"""Webhooks of apps from a real repository, called over TCP."""

import hashlib
import hmac
import json
from pathlib import Path

from tests.support.repositories import Repository
from tests.system.cases import DaemonTestCase

LISTED = ("app-webhook", "list", "/one", "--format", "json")


def app_star(text, wait=0):
    loop = f"[n for n in range({wait}) if n < 0]" if wait else "[]"
    return f"""
waited = {loop}

def handler(req):
    return "{text}"

app = ace.app("Pushed", routes = [ace.api("/", type = ace.TEXT)])
""".encode()


class WebhookTests(DaemonTestCase):
    def setUp(self):
        self.repository = Repository(Path(self.mktemp()).absolute())
        self.repository.commit({"app.star": app_star("one")})
        self.daemon = self.make_daemon().start()
        self.daemon.must("app", "create", "--auth", "none", self.repository.url, "/one")

    def create(self, *arguments):
        """The token or secret, and the path of the URL."""
        said = self.daemon.must("app-webhook", "create", *arguments, "/one").splitlines()
        token, url = (line.partition(": ")[2] for line in said)
        return token, url.removeprefix(f"https://localhost:{self.daemon.ports['https']}")

    def call(self, path, body, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.daemon.ask("POST", path, login=None, body=body, headers=sent)

    def body_of(self, commit):
        return json.dumps({"ref": "refs/heads/main", "after": commit}).encode()

    def test_git_hosts(self):
        """GitHub, Gitea and GitLab let a push be served, although the admin API is not on TCP."""
        self.assertEqual(self.daemon.get("/_clace/apps").status, 404)
        secret, signed_path = self.create("--hmac", "reload_promote")
        token, path = self.create("promote")
        self.assertNotIn(token, self.daemon.must(*LISTED))
        for host in ("GitHub", "Gitea"):
            commit = self.repository.commit({"app.star": app_star(host)})
            body = self.body_of(commit)
            digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            proof = (
                {"X_Hub_Signature_256": f"sha256={digest}"}
                if host == "GitHub"
                else {"X_Gitea_Signature": digest}
            )
            answer = self.call(signed_path, body, **{f"X_{host}_Event": "push"}, **proof)
            self.assertEqual(answer.status, 202, answer.body)
            self.wait_until(
                f"{host} is served",
                lambda host=host: self.daemon.get("/one").body == host,
                seconds=30,
            )
        self.repository.commit({"app.star": app_star("staged")})
        self.daemon.must("app", "reload", "/one")
        self.assertEqual(self.daemon.get("/one").body, "Gitea")
        answer = self.call(path, b"{}", X_Gitlab_Token=token, X_Gitlab_Event="Release Hook")
        self.assertEqual(answer.status, 202, answer.body)
        self.wait_until("staged is served", lambda: self.daemon.get("/one").body == "staged")

    def test_killed(self):
        """What was answered with 202 is done, although the server is killed in the middle."""
        token, path = self.create("reload_promote")
        commit = self.repository.commit({"app.star": app_star("two", wait=3_000_000)})
        answer = self.call(path, self.body_of(commit), Authorization=f"Bearer {token}")
        self.assertEqual(answer.status, 202, answer.body)
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.daemon.start()
        self.wait_until("two is served", lambda: self.daemon.get("/one").body == "two", seconds=30)
        place = json.loads(answer.body)["status_url"]
        self.wait_until(
            "the work has ended",
            lambda: json.loads(self.daemon.get(place).body)["state"] == "done",
        )

    def test_public_address(self):
        """Behind a proxy the URL begins with the address that others know."""
        config = '[security]\ncallback_url = "https://apps.example.org"\n'
        daemon = self.make_daemon(config).start()
        daemon.must("app", "create", self.repository.url, "/one")
        said = daemon.must("app-webhook", "create", "--dry-run", "promote", "/one")
        url = "https://apps.example.org/_clace_webhook/promote?appPath=%2Fone"
        self.assertEqual(said.splitlines()[0], f"Url  : {url}")

    def test_refused(self):
        """Whoever has no token learns nothing, and changes nothing."""
        _, path = self.create("reload_promote")
        self.repository.commit({"app.star": app_star("two")})
        there = self.call(path, b"{}", Authorization="Bearer x")
        missing = self.call(path.replace("one", "two"), b"{}", Authorization="Bearer x")
        self.assertEqual((there.status, there.body), (missing.status, missing.body))
        self.assertEqual(there.status, 401)
        self.assertEqual(self.daemon.get("/one").body, "one")
        self.assertEqual(json.loads(self.daemon.must(*LISTED))[0]["deliveries"], [])
