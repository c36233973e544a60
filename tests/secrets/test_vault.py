"""Tests for ``clace.secrets.vault``, against a double that speaks Vault's HTTP API."""

import json
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NoSuchSecret, SecretFailed
from clace.secrets.vault import VaultProvider, connect
from tests.support.secret_contract import SecretProviderContract

TOKEN = "hvs.right"


class VaultServer(BaseAdapter):
    """Vault as far as reading goes: engines at their mounts, and secrets in them."""

    def __init__(self):
        super().__init__()
        self.mounts = {
            "old/": {"type": "kv", "options": None},
            "secret/": {"type": "kv", "options": {"version": "2"}},
            "pki/": {"type": "pki", "options": None},
        }
        self.kept = {}
        self.answers = {}
        self.asked = []

    def send(self, request, **options):
        self.asked.append((request, options))
        path = unquote(urlsplit(request.url).path).removeprefix("/v1/")
        response = requests.Response()
        response.request, response.url = request, request.url
        status, answer = self.answers.get(path) or self.answer(request, path)
        response.status_code = status
        response.headers["Content-Type"] = "application/json"
        response._content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return response

    def answer(self, request, path):
        if request.headers.get("X-Vault-Token") != TOKEN:
            return 403, {"errors": ["permission denied"]}
        inner = path.removeprefix("sys/internal/ui/mounts/")
        if inner != path:
            for mount, engine in self.mounts.items():
                if (inner + "/").startswith(mount):
                    return 200, {"data": {"path": mount, **engine}}
            return 403, {"errors": ["preflight capability check returned 403"]}
        if path.startswith("secret/data/"):
            data = self.kept.get(path.replace("/data/", "/", 1))
            whole = data and {"data": data, "metadata": {"version": 3}}
        else:
            whole = self.kept.get(path)
        return (200, {"data": whole}) if whole else (404, {"errors": []})

    def close(self):
        """Nothing is open."""


class VaultTests(SecretProviderContract, SynchronousTestCase):
    def setUp(self):
        self.server = VaultServer()

    def vault(self, token=TOKEN):
        session = requests.Session()
        session.mount("https://vault.example:8200", self.server)
        client = connect("https://vault.example:8200", token, "team", session=session)
        return VaultProvider(client)

    def make_provider(self, name, value):
        self.server.mounts[""] = {"type": "kv", "options": {}}
        self.server.kept[name] = {"value": value}
        return self.vault()

    def failing(self, name, kind=SecretFailed):
        return self.assertRaises(kind, self.vault().value, name).message

    def test_both_versions(self):
        """The engine is found by the path; how its version keeps secrets is no matter."""
        self.server.kept |= {"old/a/b": {"x": "1"}, "secret/a/b c": {"y": "2"}}
        self.assertEqual(self.vault().value("old/a/b"), "1")
        self.assertEqual(self.vault().value("secret/a/b c"), "2")
        self.assertEqual(self.vault().value("/secret/a/b c/"), "2")

    def test_how_it_asks(self):
        """With token and namespace, a limit of time, and never to where it is redirected."""
        self.server.kept["old/a"] = {"x": "1"}
        self.vault().value("old/a")
        for request, options in self.server.asked:
            self.assertEqual(request.headers["X-Vault-Token"], TOKEN)
            self.assertEqual(request.headers["X-Vault-Namespace"], "team")
            self.assertEqual(options["timeout"], 10)
            self.assertTrue(options["verify"])
        self.server.answers["old/a"] = (307, b"")
        self.failing("old/a")

    def test_exactly_one_text(self):
        """A path with several values, none, or no text is refused, and nothing of it told."""
        for data in ({"a": "hunter2", "b": "2"}, {"a": 1}, {"a": {"b": "hunter2"}}, ["hunter2"]):
            self.server.kept["secret/a"] = data
            self.assertEqual(self.failing("secret/a"), "expected exactly one text at this path")

    def test_missing(self):
        """No such path, no such engine, and a path that the token may not see are one."""
        super().test_missing()
        for name in ("secret/none", "none/a"):
            self.assertIn("no such path", self.failing(name, NoSuchSecret))
        wrong = self.vault("hvs.wrong")
        self.assertRaises(NoSuchSecret, wrong.value, "secret/a")

    def test_deleted_version(self):
        """A secret whose newest version was deleted is missing."""
        deleted = {"data": {"data": None, "metadata": {"deletion_time": "2026", "version": 1}}}
        self.server.answers["secret/data/a"] = (404, deleted)
        self.failing("secret/a", NoSuchSecret)

    def test_paths_stay_where_they_are(self):
        """A path that could lead elsewhere is refused before Vault is asked."""
        for name in ("secret/../sys/raw", "secret/./a", "secret//a", "", "..", "secret/..."):
            self.assertIn("a path has no empty segments", self.failing(name))
        self.assertEqual(self.server.asked, [])

    def test_odd_characters(self):
        """What means something in an URL is part of the name."""
        self.server.kept |= {"old/a?b#c%2e": {"x": "1"}, "secret/a?b#c%2e": {"x": "2"}}
        self.assertEqual(self.vault().value("old/a?b#c%2e"), "1")
        self.assertEqual(self.vault().value("secret/a?b#c%2e"), "2")

    def test_other_engines(self):
        """Only engines for keys and values have secrets."""
        self.assertIn("an engine of the type pki", self.failing("pki/cert"))
        self.assertIn("a whole engine", self.failing("secret"))

    def test_failures(self):
        """A Vault that is sealed, odd or out of reach is an error that does not repeat it."""
        for answer, reason in [
            ((503, {"errors": ["Vault is sealed"]}), "Vault refused: VaultDown"),
            ((500, {"errors": ["hunter2"]}), "Vault refused: InternalServerError"),
            ((200, b"<html>hunter2"), "Vault"),
            ((200, {"other": 1}), "Vault cannot be asked: KeyError"),
            ((200, []), "Vault"),
        ]:
            self.server.answers["sys/internal/ui/mounts/secret/a"] = answer
            message = self.failing("secret/a")
            self.assertIn(reason, message)
            self.assertNotIn("hunter2", message)

        def send(request, **options):
            raise requests.ConnectionError("Connection refused")

        self.server.send = send
        self.assertEqual(self.failing("secret/a"), "Vault cannot be asked: ConnectionError")
