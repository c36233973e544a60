"""Sign-ins in a browser, at providers on this machine that are not ours."""

import json
import re
import ssl
from contextlib import closing
from http.client import HTTPSConnection

from joserfc import jwt
from joserfc.jwk import KeySet

from clace.identity.signing import TokenRegistry
from tests.support.browser import Browser, missing
from tests.support.local_servers import free_port
from tests.support.oidc_peer import ANN, GitHubServer, OIDCPeer
from tests.support.upstreams import RawServer, proxying, whole
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


def echoing(connected):
    """Answers each request with its head."""
    while head := connected.request()[0]:
        connected.send(whole(head, b"Content-Type: text/plain"))


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
            '[auth.oidc_forged]\nkey = "k"\nsecret = "hunter2"\n'
            f'discovery_url = "https://localhost:{self.port}/open"\n'
        )
        self.daemon.start()
        folder = self.source(APP)
        self.daemon.install(folder, f"{TEAM}:/hello", auth="oidc")
        self.daemon.install(folder, "/hub", auth="github")
        self.daemon.install(folder, "/gone", auth="oidc_gone")
        self.daemon.install(folder, "/forged", auth="oidc_forged")
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
            browser.until(lambda: "has expired" in "".join(browser.texts("body")), "no page")

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
            # Nobody vouches for the certificate of this one: it is the server's own.
            browser.open(self.url("/forged"))
            self.assertIn("sign-in provider at localhost cannot", browser.find("body").text)
            self.assertIn("certificate verify failed", self.daemon.said())
            browser.open(self.url("/open"))
            self.assertEqual(self.told(browser)["user"], "anonymous")
            self.sign_in(browser)
            self.assertEqual(self.told(browser)["user"], "oidc:ann@example.org")

    def test_sign_out(self):
        """A sign-out leads on to the provider's page and back; the session is over."""
        with self.browser() as browser:
            self.sign_in(browser)
            browser.open(self.url("/_clace/logout", TEAM))
            browser.find("form button").click()
            browser.until(lambda: browser.url.startswith(self.peer.url) or browser.all("form"), "")
            while not browser.url.startswith(self.peer.url):
                browser.find("form button").click()
            browser.find("form button").click()
            browser.until(lambda: browser.url.startswith("https://localhost"), "not back")
            self.assertIn("signed out", "".join(browser.texts("body")))
            browser.open(self.url("/hello", TEAM))
            browser.until(lambda: browser.url.startswith(self.peer.url), "still signed in")

    def test_identity_tokens(self):
        """Servers behind the proxy and apps that want it get a token that the keys check."""
        server = RawServer(echoing)
        self.addCleanup(server.close)
        self.daemon.install(self.source(proxying(server.url)), "/behind", auth="oidc", approve=True)
        self.daemon.must(
            "app",
            "update-metadata",
            "conf",
            "--promote",
            'security.identity_token="always"',
            "/hub",
        )
        with self.browser() as browser:
            browser.open(self.url("/hub"))
            told = self.told(browser)["headers"]["X-Clace-Identity"][0]
            browser.open(self.url("/behind"))
            browser.find("button[value=u-ann]").click()
            browser.until(lambda: browser.url.startswith("https://"), "not back at the app")
            tokens = [told]
            for _ in range(2):
                browser.open(self.url("/behind"))
                text = browser.find("body").text
                tokens.append(re.search(r"X-Clace-Identity: (\S+)", text)[1])
        status, published = self.ask("/_clace/jwks.json")
        file = (self.daemon.home / "run" / "identity" / "keys.json").read_text()
        self.assertEqual((status, published), (200, file))
        keys = KeySet.import_key_set(json.loads(published))
        read = [jwt.decode(each, keys, registry=TokenRegistry("EdDSA")).claims for each in tokens]
        users = [claims["sub"] for claims in read]
        self.assertEqual(
            users, ["github:octocat@github.com", "oidc:ann@example.org", "oidc:ann@example.org"]
        )
        self.assertEqual(len({claims["jti"] for claims in read}), 3)
        self.assertEqual(len({claims["aud"] for claims in read}), 2)
        self.assertTrue(all(claims["sid"].startswith("ses_") for claims in read))
        self.assertTrue(all(claims["exp"] - claims["iat"] == 60 for claims in read))

    def ask(self, path):
        trust = ssl.create_default_context(cafile=self.daemon.certificate)
        with closing(HTTPSConnection("localhost", self.port, context=trust)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def test_without_browser(self):
        """A client that is no browser is told to sign in, and not sent anywhere."""
        self.assertEqual(self.ask("/hub")[0], 401)

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
