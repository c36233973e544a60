"""Secrets, from the command that stores one to the program that gets it."""

import hashlib
import json
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.system.cases import DaemonTestCase

VALUE = "hunter2/é&"
PROPERTIES = "database = sqlite:$CL_HOME/metadata/elsewhere.db\nwho = jo\n"
CONFIG = """
[secret.prop]
file_name = "$CL_HOME/secrets.properties"

[metadata]
db_connection = '{{secret_from "prop" "database"}}'

[node_config]
greeting = 'hello {{secret_from "prop" "who"}}'
"""
APP = """
load("exec.in", "exec")
TOKEN = '{{secret_from "db" "token"}}'
HASH = ["-c", "printf %s $0 | sha256sum"]

def told(call):
    return {"value": call.value} if not call.error else {"error": call.error}

def handler(req):
    args = HASH + [TOKEN]
    hashed = exec.run("sh", args)
    echoed = exec.run("printf", ["%s", TOKEN])
    missing = exec.run("printf", ['{{secret_from "db" "none"}}'])
    return {
        "greeting": ace.config("greeting", ""),
        "hashed": told(hashed),
        "echoed": told(echoed),
        "missing": told(missing),
        "args": args[-1],
    }

def forbidden(req):
    return exec.run("printf", ["%s", '{{secret_from "prop" "who"}}']).value

app = ace.app("Secrets",
    routes=[ace.api("/", handler), ace.api("/forbidden", forbidden)],
    permissions=[
        ace.permission("exec.in", "run", secrets=[["from:db", "token"], ["from:db", "none"]]),
    ],
)
"""


ELSEWHERE = """
[secret.env]

[secret.vault]
address = "http://127.0.0.1:{port}"
token = '{{{{secret "TOKEN"}}}}'

[secret.asm]
endpoint = "http://127.0.0.1:{port}"
region = "eu-west-1"

[node_config]
of_aws = '{{{{secret_from "asm" "team" "pw"}}}}'
"""
ELSEWHERE_APP = """
load("exec.in", "exec")
PASSWORD = '{{secret_from "vault" "kv/team" "pw"}}'

def handler(req):
    hashed = exec.run("sh", ["-c", "printf %s $0 | sha256sum", PASSWORD])
    return {"of_vault": hashed.value[0], "of_aws": ace.config("of_aws", "")}

app = ace.app("Secrets", routes=[ace.api("/", handler)],
    permissions=[ace.permission("exec.in", "run", secrets=[["from:vault", "kv/team", "pw"]])])
"""


class Services(BaseHTTPRequestHandler):
    """Vault and AWS Secrets Manager, each with one secret."""

    def do_GET(self):
        if self.headers["X-Vault-Token"] != "t":
            return self.answer(403, {"errors": []})
        if self.path == "/v1/sys/internal/ui/mounts/kv/team/pw":
            engine = {"path": "kv/", "type": "kv", "options": {"version": "2"}}
            return self.answer(200, {"data": engine})
        found = self.path == "/v1/kv/data/team/pw"
        return self.answer(200 if found else 404, {"data": {"data": {"x": VALUE}}})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        signed = self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
        found = signed and asked == {"SecretId": "team/pw"}
        return self.answer(200 if found else 400, {"SecretString": "of aws"})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Quietly."""


class SecretTests(DaemonTestCase):
    def start(self):
        daemon = self.make_daemon(CONFIG)
        text = PROPERTIES.replace("$CL_HOME", str(daemon.home))
        (daemon.home / "secrets.properties").write_text(text)
        return daemon.start()

    def answer(self, daemon):
        return json.loads(daemon.get("/secrets/").body)

    def files_with(self, daemon, value):
        """The files of the server that hold the value, however they got it."""
        return [
            file.relative_to(daemon.home).as_posix()
            for file in daemon.home.rglob("*")
            if file.is_file() and value in file.read_bytes()
        ]

    def test_secrets(self):
        """Programs get the value that was stored, and neither the app nor any file shows it."""
        daemon = self.start()
        self.assertTrue((daemon.home / "metadata" / "elsewhere.db").exists())
        said = daemon.must("secret", "create", "--name", "token", "--value", VALUE)
        self.assertIn('{{secret_from "db" "token"}}', said)
        daemon.install(self.source({"app.star": APP}), "/secrets", approve=True)
        answer = self.answer(daemon)
        self.assertEqual(answer["greeting"], "hello jo")
        self.assertEqual(
            answer["hashed"]["value"][0].split()[0], hashlib.sha256(VALUE.encode()).hexdigest()
        )
        self.assertEqual(answer["echoed"]["value"], ['{{secret_from "db" "token"}}'])
        self.assertEqual(answer["args"], '{{secret_from "db" "token"}}')
        self.assertEqual(
            answer["missing"]["error"], "secret none of provider db: there is no such secret"
        )
        forbidden = daemon.get("/secrets/forbidden")
        self.assertEqual(forbidden.status, 500)
        self.assertEqual(daemon.must("secret", "show", "--reveal", "token"), VALUE)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(self.files_with(daemon, VALUE.encode()), [])

    def test_keys(self):
        """After a change of the key all can be read without the old one; without any, none."""
        daemon = self.start()
        daemon.must("secret", "create", "--name", "a", "--value", VALUE)
        file = daemon.home / "config" / "secret.key"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        new = f"new:{b64encode(bytes(32)).decode()}\n"
        file.write_text(new + file.read_text())
        said = daemon.must("secret", "rekey")
        self.assertEqual(said, "Secrets re-encrypted: 1 rekeyed, 0 skipped\n")
        daemon.stop()
        file.write_text(new)
        daemon.start()
        self.assertEqual(daemon.must("secret", "show", "--reveal", "a"), VALUE)
        daemon.stop()
        file.write_text(f"new:{b64encode(b'x' * 32).decode()}\n")
        daemon.start()
        refused = daemon.cli("secret", "show", "--reveal", "a")
        self.assertIn("secret provider db is disabled: the key is not the one", refused.stderr)
        self.assertIn("disabled", (daemon.home / "logs" / "clace.json").read_text())

    def test_elsewhere(self):
        """Secrets of Vault and AWS are fetched over HTTP, at the start and when an app calls."""
        services = ThreadingHTTPServer(("127.0.0.1", 0), Services)
        Thread(target=services.serve_forever, daemon=True).start()
        self.addCleanup(services.server_close)
        self.addCleanup(services.shutdown)
        daemon = self.make_daemon(ELSEWHERE.format(port=services.server_port))
        keys = {"TOKEN": "t", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s"}
        environment = {**daemon.environment(), **keys}
        daemon.environment = lambda: environment
        daemon.start()
        daemon.install(self.source({"app.star": ELSEWHERE_APP}), "/secrets", approve=True)
        answer = self.answer(daemon)
        self.assertEqual(answer["of_aws"], "of aws")
        self.assertEqual(answer["of_vault"].split()[0], hashlib.sha256(VALUE.encode()).hexdigest())
        self.assertEqual(self.files_with(daemon, VALUE.encode()), [])

    def test_missing(self):
        """A server whose configuration names a secret that there is not does not start."""
        daemon = self.make_daemon(CONFIG)
        (daemon.home / "secrets.properties").write_text("who = jo")
        code, said = daemon.refusal()
        self.assertEqual(code, 1)
        self.assertIn("[metadata] db_connection: secret database of provider prop", said)
