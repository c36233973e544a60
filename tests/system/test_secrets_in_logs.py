"""No log and no database holds what proves who somebody is, however they signed in."""

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
