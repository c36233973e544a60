"""Sign-ins in a browser, at a SAML provider that is not ours."""

import json
from pathlib import Path

from tests.support import browser as browsers
from tests.support import saml_peer
from tests.support.browser import Browser
from tests.support.local_servers import free_port
from tests.support.saml_peer import SamlPeer
from tests.system.cases import DaemonTestCase

TEAM = "team.localhost"
# The name that pysaml2's provider sends for displayName.
DISPLAY_NAME = "urn:oid:2.16.840.1.113730.3.1.241"
APP = {
    "app.star": """
def handler(req):
    return {"user": req.UserId, "groups": req.UserGroups, "headers": req.Headers}

app = ace.app("test", routes=[ace.api("/", handler=handler)])
"""
}


class SamlTests(DaemonTestCase):
    """An app on a domain of its own, with the addresses of SAML on another."""

    if browsers.missing() or saml_peer.missing():
        skip = browsers.missing() or saml_peer.missing()

    def setUp(self):
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.peer = SamlPeer(folder)
        self.addCleanup(self.peer.end)
        self.port = free_port()
        self.daemon = self.make_daemon(
            f"[https]\nport = {self.port}\n[security]\n"
            f'callback_url = "https://localhost:{self.port}"\n'
            f'[saml.corp]\nmetadata_url = "{self.peer.url}/metadata"\nsp_key_file = "random"\n'
            f'[saml.post]\nmetadata_url = "{self.peer.url}/metadata"\nsp_key_file = "random"\n'
            "use_post = true\nforce_authn = true\n"
            f'groups_attr = "{DISPLAY_NAME}"\n'
            '[saml.gone]\nmetadata_url = "http://localhost:1/metadata"\n'
        )
        self.daemon.start()
        source = self.source(APP)
        self.daemon.install(source, f"{TEAM}:/hello", auth="saml_corp")
        self.daemon.install(source, "/post", auth="saml_post")
        self.daemon.install(source, "/gone", auth="saml_gone")
        self.daemon.install(source, "/open", auth="none")
        self.known("corp")

    def known(self, name):
        """Have the provider know this entry, as if its administrator had pasted its metadata."""
        self.peer.serves(self.url(f"/_clace/sso/saml_{name}/metadata"), self.daemon.certificate)

    def url(self, path, host="localhost"):
        return f"https://{host}:{self.port}{path}"

    def logged(self):
        files = (self.daemon.home / "logs").glob("*")
        return self.daemon.said() + "".join(file.read_text() for file in files)

    def browser(self):
        return Browser(self.daemon.certificate, name=TEAM)

    def told(self, browser):
        """The user as the app sees it."""
        return json.loads(browser.find("body").text)

    def sign_in(self, browser, user="ann"):
        browser.open(self.url("/hello?x=1", TEAM))
        browser.find(f"button[value={user}]").click()
        browser.until(lambda: browser.url.startswith("https://team"), "not back at the app")

    def test_journey(self):
        """A whole sign-in by a signed redirect, of an app on another domain than the addresses."""
        with self.browser() as browser:
            self.sign_in(browser)
            self.assertEqual(browser.url, self.url("/hello?x=1", TEAM))
            told = self.told(browser)
            self.assertEqual(told["user"], "saml_corp:ann")
            self.assertEqual(told["groups"], ["staff", "cn=ops,dc=example"])
            self.assertNotIn("Cookie", told["headers"])
            self.assertEqual(self.peer.asked, [("HTTP-Redirect", False)])
            # The session is there for the next page, and nobody asks the provider.
            browser.open(self.url("/hello", TEAM))
            self.assertEqual(self.told(browser)["user"], "saml_corp:ann")
            self.assertEqual(len(self.peer.asked), 1)

    def test_form(self):
        """A whole sign-in by a signed form, in which the user is asked anew."""
        self.known("post")
        with self.browser() as browser:
            browser.open(self.url("/post"))
            browser.find("button").click()
            browser.find("button[value=eve]").click()
            browser.until(lambda: browser.url == self.url("/post"), "not back at the app")
            told = self.told(browser)
            self.assertEqual((told["user"], told["groups"]), ("saml_post:eve", ["Eve"]))
            self.assertEqual(self.peer.asked, [("HTTP-POST", True)])

    def test_ended_there(self):
        """A sign-out at the provider ends the session here, and the provider is answered."""
        with self.browser() as browser:
            self.sign_in(browser)
            browser.open(f"{self.peer.url}/end?user=ann")
            browser.until(lambda: "signed out everywhere" in browser.find("body").text, "no end")
            self.assertEqual(self.peer.asked[1:], [("LogoutResponse", True)])
            browser.open(self.url("/hello", TEAM))
            self.assertTrue(browser.url.startswith(self.peer.url), browser.url)

    def test_ended_here(self):
        """A sign-out here ends the session at the provider too."""
        with self.browser() as browser:
            self.sign_in(browser)
            browser.open(self.url("/_clace/logout", TEAM))
            browser.find("form button").click()
            browser.until(lambda: "signed out" in browser.find("body").text, "no end")
            self.assertEqual(self.peer.asked[1:], [("LogoutRequest", "ann")])
            browser.open(self.url("/hello", TEAM))
            self.assertTrue(browser.url.startswith(self.peer.url), browser.url)

    def test_provider_down(self):
        """An app whose provider is down says so, the log says why; the others do not notice."""
        with self.browser() as browser:
            browser.open(self.url("/gone"))
            text = browser.find("body").text
            self.assertIn("Signing in with saml_gone is not possible at the moment.", text)
            browser.open(self.url("/open"))
            self.assertEqual(self.told(browser)["user"], "anonymous")
        self.assertIn("Cannot use the SAML provider saml_gone", self.logged())

    def test_nothing_secret_in_logs(self):
        """Neither assertion nor state is in any log."""
        with self.browser() as browser:
            self.sign_in(browser)
        self.daemon.stop()
        for secret in ("SAMLResponse=", "SAMLRequest=", "PHNhbWxw", "RelayState=", "state="):
            self.assertNotIn(secret, self.logged())
