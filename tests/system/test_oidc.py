"""Sign-ins in a browser, at providers on this machine that are not ours."""

import json
import ssl
from contextlib import closing
from http.client import HTTPSConnection

from tests.support.browser import Browser, missing
from tests.support.oidc_peer import ANN, GitHubServer, OIDCPeer, free_port
from tests.system.cases import DaemonTestCase

TEAM = "team.localhost"
APP = {
    "app.star": """
def handler(req):
    return {
        "user": req.UserId,
        "subject": req.UserSubject,
        "email": req.UserEmail,
        "groups": req.UserGroups,
        "headers": req.Headers,
    }

app = ace.app("test", routes=[ace.api("/", handler=handler)])
"""
}


class ProviderTests(DaemonTestCase):
    """A server whose apps are on two domains, with one callback address on a third."""

    if missing():
        skip = missing()

    def setUp(self):
        self.peer = OIDCPeer(ANN, {"sub": "u-eve", "name": "Eve"})
        self.addCleanup(self.peer.end)
        self.github = GitHubServer()
        self.addCleanup(self.github.end)
        self.port = free_port()
        self.daemon = self.make_daemon(
            f'[https]\nport = {self.port}\n[security]\ncallback_url = "https://localhost:{self.port}"\n'
            f"{self.peer.config()}{self.github.config()}"
            '[auth.oidc_gone]\nkey = "k"\nsecret = "hunter2"\n'
            'discovery_url = "http://localhost:1/"\n'
        )
        self.daemon.start()
        folder = self.source(APP)
        self.daemon.install(folder, f"{TEAM}:/hello", auth="oidc")
        self.daemon.install(folder, "/hub", auth="github")
        self.daemon.install(folder, "/gone", auth="oidc_gone")
        self.daemon.install(folder, "/open", auth="none")

    def url(self, path, host="localhost"):
        return f"https://{host}:{self.port}{path}"

    def browser(self):
        return Browser(self.daemon.certificate, name=TEAM)

    def told(self, browser):
        """The user as the app sees it."""
        return json.loads(browser.find("body").text)

    def sign_in(self, browser, user="u-ann"):
        browser.open(self.url("/hello?x=1", TEAM))
        browser.find(f"button[value={user}]").click()
        browser.until(lambda: browser.url.startswith("https://team"), "not back at the app")

    def test_openid_connect(self):
        """A whole sign-in at an OpenID provider, of an app on another domain than the callback."""
        with self.browser() as browser:
            self.sign_in(browser)
            self.assertEqual(browser.url, self.url("/hello?x=1", TEAM))
            told = self.told(browser)
            self.assertEqual(told["user"], "oidc:ann@example.org")
            self.assertEqual(told["subject"], "u-ann")
            self.assertEqual(told["email"], "ann@example.org")
            self.assertEqual(told["groups"], ["staff"])
            self.assertEqual(told["headers"]["X-Clace-User"], ["oidc:ann@example.org"])
            self.assertNotIn("Cookie", told["headers"])
            # The session is there for the next page, and nobody asks the provider.
            browser.open(self.url("/hello", TEAM))
            self.assertEqual(self.told(browser)["user"], "oidc:ann@example.org")

    def test_denied(self):
        """A sign-in that is cancelled there ends at a page; this peer forgets the state."""
        with self.browser() as browser:
            browser.open(self.url("/hello", TEAM))
            browser.find("button[value=deny]").click()
            browser.until(lambda: "has expired" in browser.find("body").text, "no page")

    def test_user_without_address(self):
        """A user of whom the provider tells no address is named by the id."""
        with self.browser() as browser:
            self.sign_in(browser, "u-eve")
            self.assertEqual(self.told(browser)["user"], "oidc:u-eve")

    def test_github(self):
        """A whole sign-in at a server that answers as GitHub does."""
        with self.browser() as browser:
            browser.open(self.url("/hub"))
            told = self.told(browser)
            self.assertEqual(told["user"], "github:octocat@github.com")
            self.assertEqual(told["subject"], "1")
        self.assertEqual(
            self.github.asked,
            [
                "/login/oauth/authorize",
                "/login/oauth/access_token",
                "/api/v3/user",
                "/api/v3/user/emails",
            ],
        )

    def test_provider_down(self):
        """An app whose provider is down says so, in time; the others do not notice."""
        with self.browser() as browser:
            browser.open(self.url("/gone"))
            self.assertIn("sign-in provider at localhost cannot be used", browser.find("body").text)
            browser.open(self.url("/open"))
            self.assertEqual(self.told(browser)["user"], "anonymous")
            self.sign_in(browser)
            self.assertEqual(self.told(browser)["user"], "oidc:ann@example.org")

    def test_without_browser(self):
        """A client that is no browser is told to sign in, and not sent anywhere."""
        trust = ssl.create_default_context(cafile=self.daemon.certificate)
        with closing(HTTPSConnection("localhost", self.port, context=trust)) as connection:
            connection.request("GET", "/hub")
            self.assertEqual(connection.getresponse().status, 401)

    def test_nothing_secret_in_logs(self):
        """Neither code nor token, state nor secret is in any log."""
        with self.browser() as browser:
            browser.open(self.url("/hub"))
            self.told(browser)
            self.sign_in(browser)
        self.daemon.stop()
        logs = [file.read_text() for file in (self.daemon.home / "logs").glob("*")]
        logs.append(self.daemon.said())
        for secret in ("gho_16C7e42F", "hunter2", "code0", "eyJ"):
            self.assertFalse(any(secret in log for log in logs), secret)
