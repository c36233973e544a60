"""Providers of sign-ins on this machine: one that is not ours, and one that answers as GitHub."""

import json
import os
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import urlopen

from tests.support.local_servers import free_port

ANN = {
    "sub": "u-ann",
    "name": "Ann",
    "email": "ann@example.org",
    "email_verified": True,
    "groups": ["staff"],
}


class OIDCPeer:
    """``oidc-provider-mock`` in a process of its own; its page has a button for each user."""

    def __init__(self, *users, options=()):
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        told = [part for user in users for part in ("--user-claims", json.dumps(user))]
        command = (sys.executable, "-W", "ignore", "-m", "oidc_provider_mock")
        self.process = subprocess.Popen(
            (*command, "--port", str(self.port), *told, *options),
            env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def _wait(self):
        limit = time.monotonic() + 30
        while True:
            try:
                urlopen(f"{self.url}/.well-known/openid-configuration", timeout=5).close()
            except OSError:
                if time.monotonic() > limit or self.process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def config(self, name="oidc"):
        """The entry for it in a configuration."""
        return (
            f'[auth.{name}]\nkey = "clace"\nsecret = "hunter2"\n'
            f'discovery_url = "{self.url}/.well-known/openid-configuration"\n'
        )

    def end(self):
        self.process.terminate()
        self.process.wait(10)


class GitHubServer:
    """Answers as GitHub documents; everybody who comes is the octocat at once."""

    def __init__(self):
        self.asked = []
        self.challenges = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://localhost:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def config(self, name="github"):
        return f'[auth.{name}]\nkey = "Iv1.0"\nsecret = "hunter2"\norg_url = "{self.url}"\n'

    def end(self):
        self._server.shutdown()
        self._server.server_close()

    def authorize(self, query):
        """The address that a browser is sent back to."""
        code = f"code{len(self.challenges)}"
        self.challenges[code] = query["code_challenge"]
        answer = urlencode({"code": code, "state": query["state"]})
        return f"{query['redirect_uri']}?{answer}"

    def token(self, form):
        challenge = self.challenges.pop(form.get("code"), None)
        made = sha256(form.get("code_verifier", "").encode()).digest()
        if urlsafe_b64encode(made).rstrip(b"=").decode() != challenge:
            return {"error": "bad_verification_code", "error_description": "…"}
        if (form["client_id"], form["client_secret"]) != ("Iv1.0", "hunter2"):
            return {"error": "incorrect_client_credentials"}
        return {"access_token": "gho_16C7e42F", "scope": "read:user", "token_type": "bearer"}

    def api(self, path, authorization):
        if authorization != "Bearer gho_16C7e42F":
            return 401, {"message": "Requires authentication"}
        if path == "/api/v3/user":
            return 200, {"login": "octocat", "id": 1, "name": "monalisa octocat", "email": None}
        if path == "/api/v3/user/emails":
            known = {"email": "octocat@github.com", "verified": True, "primary": True}
            return 200, [{**known, "visibility": "private"}]
        return 404, {"message": "Not Found"}

    def _handler(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                parts = urlsplit(self.path)
                server.asked.append(parts.path)
                if parts.path == "/login/oauth/authorize":
                    self.send_response(302)
                    place = server.authorize(dict(parse_qsl(parts.query)))
                    self.send_header("Location", place)
                    self.end_headers()
                    return
                self.answer(*server.api(parts.path, self.headers.get("Authorization")))

            def do_POST(self):
                server.asked.append(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                assert self.headers["Accept"] == "application/json"
                self.answer(200, server.token(dict(parse_qsl(body))))

            def answer(self, status, value):
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.end_headers()
                self.wfile.write(json.dumps(value).encode())

            def log_message(self, *_):
                """Say nothing."""

        return Handler
