"""The visitors of apps with programs: what a program is told of them, and when they have to go."""

import contextlib
import http.client
import json
import socket
import time
from base64 import b64encode
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import KeySet

from clace.identity.signing import TokenRegistry
from clace.passwords import hash_password
from clace.private_files import replace_file
from tests.support.daemon import LOGIN
from tests.system.cases import DaemonTestCase
from tests.system.test_programs import APP

SERVER = """
import http.server, json, os

ENDED = []

class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.headers.get("Upgrade"):
            self.send_response(101)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", "echo")
            self.end_headers()
            self.listen("upgrade", echoes=True)
        elif self.path == "/stream":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"begun")
            self.listen("stream")
        elif self.path == "/ended":
            self.say(sorted(ENDED))
        else:
            path = os.environ["CL_IDENTITY_KEYS"]
            with open(path) as file:
                keys = json.load(file)
            own = os.environ["CL_APP_ID"]
            writable = os.access(path, os.W_OK) or os.access(os.path.dirname(path), os.W_OK)
            self.say({"headers": dict(self.headers), "keys": keys, "own": own, "writes": writable})

    def do_POST(self):
        self.listen("upload")

    def listen(self, what, echoes=False):
        self.close_connection = True
        try:
            while piece := self.rfile.read1(65536):
                if echoes:
                    self.wfile.write(piece)
        except OSError:
            pass
        ENDED.append(what)

    def say(self, said):
        text = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format, *args):
        pass

http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Page).serve_forever()
"""
PASSWORD = "tall trees of ann"
CONFIG = """
[security]
admin_over_tcp = true

[app_config]
security.api_tokens = true
"""
HEADS = {
    "upgrade": "GET /told/ HTTP/1.1\r\nUpgrade: echo\r\nConnection: Upgrade\r\n",
    "stream": "GET /told/stream HTTP/1.1\r\n",
    "upload": "POST /told/up HTTP/1.1\r\nContent-Length: 100000\r\n",
}


def sleeping():
    """Tell whether the command that a test began still runs."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if file.read_bytes() == b"sleep\0006543\0":
                return True
    return False


class ProgramVisitorTests(DaemonTestCase):
    def setUp(self):
        super().setUp()
        self.daemon = self.make_daemon(CONFIG)
        self.daemon.start()
        source = self.source({"app.star": APP, "server.py": SERVER})
        self.daemon.install(source, "/told", auth="system,builtin", approve=True)

    def told(self, login=LOGIN):
        answer = self.daemon.get("/told/", login=login)
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body)

    def test_identity(self):
        """A program without a network knows its visitor by a token that it checks with a file."""
        self.daemon.must("user", "add", "ann", "--hash", hash_password(PASSWORD), "-g", "staff")
        users = set()
        for login in (LOGIN, ("ann", PASSWORD), ("ann", PASSWORD)):
            told = self.told(login)
            keys, registry = KeySet.import_key_set(told["keys"]), TokenRegistry("EdDSA")
            token = told["headers"]["X-Clace-Identity"]
            claims = jwt.decode(token, keys, registry=registry).claims
            self.assertEqual(claims["aud"], told["own"])
            self.assertEqual(claims["sub"], told["headers"]["X-Clace-User"])
            self.assertEqual((claims["acr"], claims["exp"] - claims["iat"]), ("password", 60))
            self.assertFalse(told["writes"])
            self.assertNotIn("Authorization", told["headers"])
            users.add((claims["sub"], tuple(claims.get("groups", ())), claims["jti"]))
        self.assertEqual(len(users), 3)
        named = {user[:2] for user in users}
        self.assertEqual(named, {("admin", ()), ("builtin:ann", ("staff",))})
        published = json.loads(self.daemon.get("/_clace/jwks.json", login=None).body)
        self.assertEqual(told["keys"], published)

    def test_renewed_keys(self):
        """A program that runs sees the keys which are published later."""
        place = self.daemon.home / "run" / "identity" / "keys.json"
        replace_file(place, b'{"keys": [{"kid": "next"}]}', 0o644)
        self.assertEqual(self.told()["keys"], {"keys": [{"kid": "next"}]})

    def test_token_ends(self):
        """Upgrades, streams and uploads to a program end with the token that let them in."""
        made = self.daemon.cli("token", "create", "-g", "app:access")
        token, token_id = made.stdout.strip(), made.stderr.split()[1]
        connections = self.opened(f"Bearer {token}")
        self.assert_end(connections, "token", "revoke", token_id)

    def test_user_ends(self):
        """They end with the user."""
        self.daemon.must("user", "add", "ann", "--hash", hash_password(PASSWORD))
        basic = b64encode(f"ann:{PASSWORD}".encode()).decode()
        connections = self.opened(f"Basic {basic}")
        self.assert_end(connections, "user", "delete", "ann")

    def test_auth_changes(self):
        """They end when the app comes to admit people by another way."""
        basic = b64encode(":".join(LOGIN).encode()).decode()
        connections = self.opened(f"Basic {basic}")
        self.assert_end(connections, "app", "update-settings", "auth", "builtin", "/told")

    def test_commands_and_logs_end(self):
        """A command and a followed log over the network end with the token that began them."""
        made = self.daemon.cli("token", "create", "-g", "container:manage")
        token, token_id = made.stdout.strip(), made.stderr.split()[1]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = json.dumps({"command": ["sh", "-c", "echo begun; exec sleep 6543"]}).encode()
        asked = (
            ("POST", "/_clace/app_exec?appPath=/told", body),
            ("GET", "/_clace/app_log?appPath=/told&follow=true", None),
        )
        responses = []
        for method, path, sent in asked:
            pending = self.daemon.begin(
                method, path, login=None, headers=headers, body=sent, timeout=20
            )
            self.addCleanup(pending.connection.close)
            responses.append(pending.connection.getresponse())
            self.assertEqual(responses[-1].status, 200)
            self.assertTrue(responses[-1].readline())
        self.assertTrue(sleeping())
        self.daemon.must("token", "revoke", token_id)
        began = time.monotonic()
        for response in responses:
            with contextlib.suppress(ConnectionError, http.client.HTTPException):
                while response.read1(1000):
                    pass
        self.assertLess(time.monotonic() - began, 5)
        self.wait_until("the command was killed", lambda: not sleeping())

    def opened(self, authorization):
        """A connection of each kind, of which the program knows."""
        connections = {}
        for what, head in HEADS.items():
            connection = socket.create_connection(("127.0.0.1", self.daemon.ports["http"]), 20)
            self.addCleanup(connection.close)
            connection.sendall(
                f"{head}Host: localhost\r\nAuthorization: {authorization}\r\n\r\n".encode()
            )
            connection.sendall(b"echo")
            if what != "upload":
                self.read_until(connection, b"echo" if what == "upgrade" else b"begun")
            connections[what] = connection
        return connections

    def read_until(self, connection, wanted):
        seen = b""
        while wanted not in seen:
            piece = connection.recv(1000)
            self.assertTrue(piece, seen)
            seen += piece

    def assert_end(self, connections, *command):
        """All of them are cut within five seconds of the command, and the program is told."""
        self.daemon.must(*command)
        began = time.monotonic()
        for connection in connections.values():
            try:
                while connection.recv(1000):
                    pass
            except ConnectionError:
                pass
        self.assertLess(time.monotonic() - began, 5)
        self.daemon.must("app", "update-settings", "auth", "system", "/told")
        self.wait_until("all have ended", lambda: self.ended() == sorted(connections))

    def ended(self):
        return json.loads(self.daemon.get("/told/ended").body)
