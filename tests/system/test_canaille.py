"""A sign-in at Canaille, a whole OpenID Connect server; skipped where it is not installed."""

import json
import sqlite3
from pathlib import Path

from tests.support.browser import Browser, missing
from tests.support.canaille import PASSWORD, PROGRAM, Canaille
from tests.support.local_servers import free_port
from tests.system.cases import DaemonTestCase
from tests.system.test_oidc import APP, TEAM


class CanailleTests(DaemonTestCase):
    if missing() or not PROGRAM:
        skip = missing() or "canaille is not installed: pip install canaille[oidc,server,front,sql]"

    def setUp(self):
        self.port = free_port()
        ours = f"https://localhost:{self.port}"
        self.peer = Canaille(Path(self.mktemp()).absolute(), ours)
        self.addCleanup(self.peer.end)
        self.daemon = self.make_daemon(
            f'[https]\nport = {self.port}\n[security]\ncallback_url = "{ours}"\n'
            f"{self.peer.config()}"
        )
        self.daemon.start()
        self.daemon.install(self.source(APP), f"{TEAM}:/hello", auth="oidc")
        self.app = f"https://{TEAM}:{self.port}/hello"

    def sign_in(self, browser):
        browser.open(self.app)
        browser.find("input[name=login]")
        browser.fill("input[name=login]", "ann")
        browser.find("form button[type=submit]").click()
        browser.find("input[name=password]")
        browser.fill("input[name=password]", PASSWORD)
        browser.find("form button[type=submit]").click()

    def arrive(self, browser, place):
        browser.until(lambda: browser.url.startswith(place), f"not at {place}")

    def reasons(self):
        audit = sqlite3.connect(self.daemon.home / "metadata" / "clace_audit.db")
        rows = audit.execute("select status, detail from audit where operation = 'sign_in'")
        return [detail for status, detail in rows if status != "Success"]

    def test_round_trip(self):
        """Sign-in, the user in the app, sign-out at the provider and back, and sign-in again."""
        with Browser(self.daemon.certificate, name=TEAM) as browser:
            self.sign_in(browser)
            self.arrive(browser, self.app)
            told = json.loads(browser.find("body").text)
            self.assertEqual(told["user"], "oidc:ann@example.org")
            browser.open(f"https://{TEAM}:{self.port}/_clace/logout")
            browser.find("form button").click()
            self.arrive(browser, f"https://localhost:{self.port}/_clace/logout?done=1")
            browser.open(self.app)
            self.arrive(browser, self.peer.url)
        self.assertEqual(self.reasons(), [])

    def test_token_for_nobody(self):
        """A token of a client that Canaille has no audience for is refused, with the reason."""
        self.peer.forget_audience()
        with Browser(self.daemon.certificate, name=TEAM) as browser:
            self.sign_in(browser)
            self.arrive(browser, f"https://localhost:{self.port}/_clace/auth/oidc/callback")
            self.assertIn("You are not signed in", "".join(browser.texts("body")))
        self.wait_until("it is in the audit log", self.reasons)
        self.assertEqual(self.reasons(), ["by oidc: token: audience"])
