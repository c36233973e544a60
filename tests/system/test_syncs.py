"""Syncs of a real repository, by a real server."""

import hashlib
import hmac
import json
from pathlib import Path

from tests.support.repositories import Repository
from tests.system.cases import DaemonTestCase


def app_files(text):
    """An app that answers with a text, and the file that declares it."""
    source = f"""
def handler(req):
    return "{text}"

app = ace.app("Synced", routes = [ace.api("/", type = ace.TEXT)])
"""
    return {"one/app.star": source.encode()}


class SyncTests(DaemonTestCase):
    def test_within_a_period(self):
        """A push is served within a period, although the server is killed and started again."""
        repository = Repository(Path(self.mktemp()).absolute())
        declared = f'app("/one", "{repository.url}//one", auth="none")\n'.encode()
        repository.commit({"apps.ace": declared, **app_files("one")})
        daemon = self.make_daemon().start()
        file = f"{repository.url}/apps.ace"
        said = daemon.must("sync", "schedule", "--minutes", "1", "--promote", file)
        sync_id = said.split()[-1]
        self.assertEqual(daemon.get("/one").body, "one")
        commit = repository.commit({"apps.ace": declared, **app_files("two")})
        daemon.process.kill()
        daemon.process.wait()
        daemon.start()
        self.assertEqual(daemon.get("/one").body, "one")
        self.wait_until("two is served", lambda: daemon.get("/one").body == "two", seconds=70)
        self.wait_until(
            "the run has ended", lambda: self.entry(daemon)["status"]["commit_id"] == commit
        )
        self.assertIn(f"{sync_id}  Enabled   1 (mins)", daemon.must("sync", "list"))
        repository.path.rename(repository.path.with_name("gone"))
        self.assertIn("cannot fetch", daemon.refused("sync", "run", sync_id))
        self.assertRegex(daemon.must("sync", "list"), rf"{sync_id}  Failing .*cannot fetch")
        daemon.must("sync", "delete", sync_id)
        self.assertEqual(daemon.get("/one").body, "two")

    def entry(self, daemon):
        (found,) = json.loads(daemon.must("sync", "list", "--format", "json"))
        return found


class SyncWebhookTests(DaemonTestCase):
    def test_pushed(self):
        """A push that a git host tells of is served at once."""
        repository = Repository(Path(self.mktemp()).absolute())
        declared = f'app("/one", "{repository.url}//one", auth="none")\n'.encode()
        repository.commit({"apps.ace": declared, **app_files("one")})
        daemon = self.make_daemon().start()
        file = f"{repository.url}/apps.ace"
        said = daemon.must("sync", "schedule", "--webhook", "hmac", "--promote", file)
        secret, url = (line.partition(": ")[2] for line in said.splitlines()[-2:])
        commit = repository.commit({"apps.ace": declared, **app_files("two")})
        body = json.dumps({"ref": "refs/heads/main", "after": commit}).encode()
        answer = daemon.ask(
            "POST",
            url.removeprefix(f"https://localhost:{daemon.ports['https']}"),
            scheme="https",
            login=None,
            body=body,
            headers={"X-GitHub-Event": "push", "X-Hub-Signature-256": signature(secret, body)},
        )
        self.assertEqual(answer.status, 202, answer.body)
        self.wait_until("two is served", lambda: daemon.get("/one").body == "two")
        place = json.loads(answer.body)["status_url"]
        done = ("done", f"applied commit {commit}")
        self.wait_until("the work has ended", lambda: state(daemon, place) == done)


def signature(secret, body):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def state(daemon, place):
    told = json.loads(daemon.get(place, login=None).body)
    return told["state"], told["detail"]
