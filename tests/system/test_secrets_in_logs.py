"""No log and no database holds what proves who somebody is, however they signed in."""

import hashlib
import hmac
import re
import time
import zlib
from base64 import b64decode, b64encode
from urllib.parse import parse_qs, urlsplit

import pyotp

from tests.support import saml
from tests.support.daemon import PASSWORD
from tests.support.leaks import databases_of, holding, leaks, logs_of
from tests.support.local_servers import free_port
from tests.support.oidc_peer import ANN, OIDCPeer
from tests.support.visitor import Visitor
from tests.system.cases import DaemonTestCase

APP = {
    "app.star": """
def handler(req):
    return {"user": req.UserId}

app = ace.app("test", routes=[ace.api("/", handler=handler), ace.api("/", handler, method="POST")])
"""
}
ANNS = "a horse that is correct"
WRONG = "a battery that is wrong"


class SecretsInLogsTests(DaemonTestCase):
    def setUp(self):
        self.peer = OIDCPeer(ANN)
        self.addCleanup(self.peer.end)
        self.port = free_port()
        self.own = f"https://localhost:{self.port}"
        self.login = f"https://auth.localhost:{self.port}/_clace/auth"
        metadata = self.source({"idp.xml": saml.metadata()}) / "idp.xml"
        self.daemon = self.make_daemon(
            f"[https]\nport = {self.port}\n"
            f'[security]\nadmin_over_tcp = true\ncallback_url = "{self.own}"\n'
            f'{self.peer.config()}[saml.corp]\nmetadata_file = "{metadata}"\n'
        )
        self.daemon.start()
        folder = self.source(APP)
        for setting in ("system", "builtin", "oidc", "saml_corp"):
            self.daemon.install(folder, f"/{setting}", auth=setting)
        self.visitor = Visitor(stops=saml.SIGN_IN)
        self.secrets = self.visitor.secrets
        self.secrets |= {PASSWORD, ANNS, WRONG}

    def test_every_kind_of_sign_in(self):
        """Form, Basic, invitation, code, token, OpenID Connect and SAML, right and wrong."""
        self.by_basic()
        self.by_form()
        self.by_invitation()
        self.by_code()
        self.by_token()
        self.by_openid_connect()
        self.by_saml()
        told = self.daemon.must("audit", "export")
        for kind in ("by system: ", "by builtin: ", "by oidc: sso", "by saml_corp: sso"):
            self.assertIn(kind, told)
        self.daemon.stop()
        self.assertGreater(len(self.secrets), 25)
        self.assertEqual(leaks(self.daemon), [])
        self.assertTrue(holding(logs_of(self.daemon), ("/_clace/sso/saml_corp/acs",)))
        self.assertTrue(holding(databases_of(self.daemon), ("saml_corp:ann",)))
        self.assertEqual(holding(logs_of(self.daemon), self.secrets), [])
        self.assertEqual(holding(databases_of(self.daemon), self.secrets), [])
        self.assertEqual([one for one in self.secrets if one in told], [])

    def is_in(self, page, user):
        self.assertEqual((page.status, page.text), (200, f'{{"user":"{user}"}}\n'))

    def by_basic(self):
        for password, status in ((PASSWORD, 200), (WRONG, 401)):
            basic = b64encode(f"admin:{password}".encode()).decode()
            self.secrets.add(basic)
            page = Visitor().get(f"{self.own}/system", Authorization=f"Basic {basic}", Accept="*/*")
            self.assertEqual(page.status, status)

    def by_form(self):
        page = self.visitor.get(f"{self.own}/system")
        for password in (WRONG, PASSWORD):
            page = self.sent(page, "system", "admin", password)
        self.is_in(page, "admin")

    def sent(self, page, setting, user, password):
        fields = {f"{setting}-username": user, f"{setting}-password": password}
        state = page.field("state")
        self.secrets.add(state)
        return self.visitor.post(f"{self.login}/login/{setting}", {"state": state, **fields})

    def by_invitation(self):
        said = self.daemon.must("user", "add", "--invite", "ann")
        link = re.search(r"https?://\S+", said)[0]
        page = self.visitor.get(link.replace(urlsplit(link).netloc, urlsplit(self.login).netloc))
        fields = {"token": page.field("token"), "password": ANNS, "again": ANNS}
        names = re.findall(r'name="(\w+)" type="password"', page.text)
        fields.update(dict.fromkeys(names, ANNS))
        self.secrets.add(fields["token"])
        done = self.visitor.post(f"{self.login}/invite", fields)
        self.assertLess(done.status, 400, done.text)

    def by_code(self):
        page = self.sent(self.visitor.get(f"{self.own}/builtin"), "builtin", "ann", ANNS)
        self.is_in(page, "builtin:ann")
        page = self.visitor.get(f"{self.login}/account")
        if 'name="state"' in page.text:
            self.sent(page, "builtin", "ann", ANNS)
        page = self.visitor.get(f"{self.login}/account/codes")
        secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)[1].replace(" ", "")
        self.secrets |= {secret, page.field("ticket")}
        app = pyotp.TOTP(secret)
        fields = {"ticket": page.field("ticket"), "code": app.now()}
        page = self.visitor.post(f"{self.login}/account/codes", fields)
        recovery = re.search(r"<pre>([^<]*)</pre>", page.text)[1].split()
        self.secrets |= set(recovery)
        visitor, self.visitor = self.visitor, Visitor()
        page = self.sent(self.visitor.get(f"{self.own}/builtin"), "builtin", "ann", ANNS)
        fields = {"state": page.field("state"), "code": recovery[0]}
        self.is_in(self.visitor.post(f"{self.login}/factor/code", fields), "builtin:ann")
        self.secrets |= self.visitor.secrets | {fields["state"]}
        self.visitor = visitor

    def by_token(self):
        said = self.daemon.must("token", "create", "--grant", "app:read")
        token = re.search(r"clace_\w+", said)[0]
        for text in (token, token[:-1] + "x"):
            self.secrets.add(text)
            Visitor().get(f"{self.own}/_clace/apps", Authorization=f"Bearer {text}", Accept="*/*")

    def by_openid_connect(self):
        page = self.visitor.get(f"{self.own}/oidc")
        self.is_in(self.visitor.post(page.url, {"sub": "u-ann"}), "oidc:ann@example.org")

    def by_saml(self):
        for name in ("ann", "eve"):
            sent = parse_qs(urlsplit(self.visitor.get(f"{self.own}/saml_corp").url).query)
            if "SAMLRequest" not in sent:
                self.fail("not sent to the provider")
            request = zlib.decompress(b64decode(sent["SAMLRequest"][0]), -15).decode()
            here, now = f"{self.own}/_clace/sso/saml_corp", time.time()
            document = saml.answer(
                name=name,
                request=re.search(r'ID="([^"]+)"', request)[1],
                recipient=f"{here}/acs",
                destination=f"{here}/acs",
                audience=f"{here}/metadata" if name == "ann" else "somebody else",
                now=saml.at(now),
                start=saml.at(now - 30),
                end=saml.at(now + 300),
            )
            text, state = b64encode(document).decode(), sent["RelayState"][0]
            self.secrets |= {text[:60], state, "<saml:Assertion"}
            fields = {"SAMLResponse": text, "RelayState": state}
            page = self.visitor.post(f"{here}/acs", fields, Origin="https://idp.example.com")
            if name == "ann":
                self.is_in(page, "saml_corp:ann")
                self.visitor.cookies.clear()
            else:
                self.assertGreaterEqual(page.status, 400)


REPEATER = """
import http.server, os, sys

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("starts with", dict(os.environ), flush=True)
        print("key", os.environ["API_KEY"], file=sys.stderr, flush=True)
        print("all written", flush=True)
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer(("", int(os.environ["PORT"])), Page).serve_forever()
"""
REPEATING = """
load("process.in", "process")
load("proxy.in", "proxy")

app = ace.app("Repeating",
    container = process.config(
        command = ["/usr/bin/python3", "server.py"], port = 8000, secrets = ["API_KEY"]),
    routes = [ace.proxy("/", proxy.config(process.URL))],
    permissions = [
        ace.permission("process.in", "config"),
        ace.permission("proxy.in", "config", ["<CONTAINER_URL>"]),
    ])
"""
PARAMS = 'param("API_KEY", default = \'{{secret_from "db" "api"}}\')'


class OtherSecretsTests(DaemonTestCase):
    """What the server keeps for apps, webhooks, git hosts and backups."""

    secrets = ("value of the app", "password of git", "a passphrase for the backup")

    def setUp(self):
        value, password, _ = self.secrets
        self.daemon = self.make_daemon(
            f'[git_auth.ours]\nuser_id = "bot"\npassword = "{password}"\n'
        )
        self.daemon.start()
        self.daemon.must("secret", "create", "--name", "api", "--value", value)
        files = {"app.star": REPEATING, "server.py": REPEATER, "params.star": PARAMS}
        self.daemon.install(self.source(files), "/told", approve=True)

    def test_rest(self):
        """Neither right nor wrong use leaves one in a log, an answer of the audit log, or in the
        clear in a database.
        """
        self.assertEqual(self.daemon.get("/told").status, 200)
        written = self.wait_for_log()
        self.by_webhook()
        said = self.daemon.refused(
            *("app", "create", "--git-auth", "ours", "https://localhost:9/o/r.git", "/git")
        )
        key = self.source({"key": self.secrets[2]}) / "key"
        key.chmod(0o600)
        file = key.parent / "backup"
        self.daemon.must("backup", "create", "--key", str(key), str(file))
        told = self.daemon.must("audit", "export") + said + written
        self.daemon.stop()
        found = [*self.secrets, *self.made]
        self.assertEqual([one for one in found if one in told], [])
        self.assertIn("starts with", written)
        self.assertEqual(holding(logs_of(self.daemon), found), [])
        self.assertEqual(holding((self.daemon.home / "logs" / "apps").glob("*"), found), [])
        self.assertEqual(holding(databases_of(self.daemon), found), [])
        self.assertEqual(holding([file], found), [])

    def wait_for_log(self):
        """The log of the program, once it has written all."""
        self.wait_until("it has written", lambda: "all written" in self.log(), 60)
        return self.log()

    def log(self):
        return self.daemon.must("app", "logs", "/told")

    def by_webhook(self):
        """Make webhooks, and call them with a token and a signature, right and wrong."""
        self.made = []
        for options in ((), ("--hmac",)):
            said = self.daemon.must("app-webhook", "create", *options, "reload", "/told")
            secret, url = (line.partition(": ")[2] for line in said.splitlines())
            self.made += [secret, secret[:-1] + "x"]
            path = url.partition(urlsplit(url).netloc)[2]
            for text in self.made[-2:]:
                digest = hmac.new(text.encode(), b"{}", hashlib.sha256).hexdigest()
                self.made.append(digest)
                proofs = {"Authorization": f"Bearer {text}"}
                if options:
                    proofs = {"X-Hub-Signature-256": f"sha256={digest}", "X-GitHub-Event": "push"}
                answer = self.daemon.ask("POST", path, login=None, body=b"{}", headers=proofs)
                self.assertEqual(answer.status == 202, text == secret, answer.body)
