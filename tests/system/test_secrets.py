"""Secrets, from the command that stores one to the program that gets it."""

import hashlib
import json
from base64 import b64encode

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

    def test_missing(self):
        """A server whose configuration names a secret that there is not does not start."""
        daemon = self.make_daemon(CONFIG)
        (daemon.home / "secrets.properties").write_text("who = jo")
        code, said = daemon.refusal()
        self.assertEqual(code, 1)
        self.assertIn("[metadata] db_connection: secret database of provider prop", said)
