"""Users of the server itself in a browser: a link, an account, codes and passkeys."""

import re
import time
from urllib.parse import urlsplit

import pyotp

from tests.support.browser import Browser, missing
from tests.system.cases import DaemonTestCase

APP = {
    "app.star": """
def handler(req):
    return req.UserId

app = ace.app("test", routes=[ace.api("/", handler=handler, type=ace.TEXT)])
"""
}
PASSWORD = "correct horse battery"
CODE = re.compile(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){3}")


class SecondFactorTests(DaemonTestCase):
    if missing():
        skip = missing()

    def setUp(self):
        self.daemon = self.make_daemon()
        self.daemon.start()
        self.daemon.install(self.source(APP), "/app", auth="builtin")

    def url(self, path, host="localhost"):
        return f"https://{host}:{self.daemon.ports['https']}{path}"

    def account(self):
        return self.url("/_clace/auth/account", "auth.localhost")

    def invited(self, browser):
        """Ann, who has set her password by the link that the command line printed."""
        said = self.daemon.must("user", "add", "--invite", "--groups", "staff", "ann")
        link = said.splitlines()[-1]
        self.assertEqual(urlsplit(link).hostname, "auth.localhost")
        browser.open(link)
        browser.fill("input[name=new]", PASSWORD)
        browser.fill("input[name=again]", PASSWORD)
        browser.find("form button").click()
        browser.until(lambda: "The password is set" in browser.find("h1").text, "not set")
        browser.open(link)
        self.assertIn("cannot be used", browser.find("h1").text)
        return urlsplit(link).query.removeprefix("token=")

    def open_account(self, browser):
        browser.open(self.account())
        browser.fill("input[name=builtin-username]", "ann")
        browser.fill("input[name=builtin-password]", f"{PASSWORD}\n")
        self.title(browser, "Your account")

    def press(self, browser, text):
        """Press a button with the keyboard: it may be out of sight."""
        browser.until(lambda: self.buttons(browser, text), f"no button {text}")[0].send_keys("\n")

    def buttons(self, browser, text):
        return [each for each in browser.all("button") if each.text == text]

    def title(self, browser, text):
        browser.until(lambda: browser.texts("h1") == [text], f"no page {text}")

    def arrives(self, browser):
        browser.until(lambda: browser.url == self.url("/app"), "not at the app")
        self.assertEqual(browser.find("body").text, "builtin:ann")

    def test_codes(self):
        """A link, a password, an authenticator app, a sign-in with its code and with a recovery
        code; nothing of them is in a log.
        """
        with Browser(self.daemon.certificate) as browser:
            token = self.invited(browser)
            self.open_account(browser)
            browser.click("Set up an authenticator app")
            self.title(browser, "Authenticator app")
            self.assertEqual(len(browser.all("svg")), 1)
            secret = browser.find("code").text.replace(" ", "")
            codes = [self.fresh_code(secret, 0)]
            browser.fill("input[name=code]", codes[0])
            self.press(browser, "Set up the app")
            self.title(browser, "Recovery codes")
            recovery = CODE.findall(browser.find("pre").text)
            self.assertEqual(len(recovery), 10)
            codes.append(self.second_step(browser, secret, codes[0]))
            browser.driver.delete_all_cookies()
            browser.open(self.url("/app"))
            browser.sign_in("ann", PASSWORD, "builtin")
            browser.fill("input[name=code]", codes[1])
            self.press(browser, "Go on")
            browser.until(lambda: browser.all(".error"), "the code was accepted twice")
            browser.fill("input[name=code]", recovery[0])
            self.press(browser, "Go on")
            self.arrives(browser)
            self.assertEqual(self.complaints(browser), [])
        self.daemon.stop()
        self.assert_not_logged(token, PASSWORD, secret, *codes, *recovery)

    def second_step(self, browser, secret, before):
        """Sign in at the app with a code that is not the one of before."""
        browser.open(self.url("/app"))
        browser.sign_in("ann", PASSWORD, "builtin")
        self.title(browser, "Second step")
        code = self.fresh_code(secret, before)
        browser.fill("input[name=code]", code)
        self.press(browser, "Go on")
        self.arrives(browser)
        return code

    def fresh_code(self, secret, before):
        """The code of the next half minute, which the server takes already."""
        codes = pyotp.TOTP(secret)
        now = time.time()
        return next(each for each in (codes.at(now), codes.at(now + 30)) if each != before)

    def test_passkey(self):
        """A passkey after the password, and alone; a page that asks for one has no other script."""
        with Browser(self.daemon.certificate) as browser:
            self.invited(browser)
            self.add_authenticator(browser)
            self.open_account(browser)
            browser.click("Set up a passkey")
            browser.fill("input[name=label]", "Key")
            self.press(browser, "Set up a passkey")
            self.title(browser, "Recovery codes")
            browser.open(self.url("/app"))
            browser.sign_in("ann", PASSWORD, "builtin")
            self.title(browser, "Second step")
            self.press(browser, "Use a passkey")
            self.arrives(browser)
            browser.driver.delete_all_cookies()
            browser.open(self.url("/app"))
            browser.click("Sign in with a passkey")
            self.press(browser, "Use a passkey")
            self.arrives(browser)
            self.assertEqual(self.complaints(browser), [])
            self.assertIn("passkey", self.daemon.must("user", "list", "--format", "table"))
            self.without_a_check_of_the_user(browser)

    def test_passkey_in_place_of_a_password(self):
        """An invited user does without a password, and signs in by the passkey."""
        link = self.daemon.must("user", "add", "--invite", "ann").splitlines()[-1]
        with Browser(self.daemon.certificate) as browser:
            self.add_authenticator(browser)
            browser.open(link)
            self.press(browser, "Use a passkey instead")
            self.title(browser, "The passkey is set")
            browser.open(self.url("/app"))
            browser.click("Sign in with a passkey")
            self.press(browser, "Use a passkey")
            self.arrives(browser)
            self.assertEqual(self.complaints(browser), [])

    def without_a_check_of_the_user(self, browser):
        """An authenticator that does not know its user is told so, and nobody is signed in."""
        browser.driver.set_user_verified(False)
        browser.driver.delete_all_cookies()
        browser.open(self.url("/app"))
        browser.click("Sign in with a passkey")
        self.press(browser, "Use a passkey")
        browser.until(lambda: browser.texts("#passkey-problem:not([hidden])"), "no problem told")
        self.assertIn("auth.localhost", browser.url)

    def add_authenticator(self, browser):
        from selenium.webdriver.common.virtual_authenticator import (  # noqa: PLC0415
            VirtualAuthenticatorOptions,
        )

        options = VirtualAuthenticatorOptions(
            protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
            transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True,
            has_user_verification=True,
            is_user_verified=True,
        )
        browser.driver.add_virtual_authenticator(options)

    def complaints(self, browser):
        """Complaints of the console, but for the icon that no app has, and the used link."""
        expected = ("favicon", "/_clace/auth/invite?token=")
        return [line for line in browser.complaints() if not any(one in line for one in expected)]

    def assert_not_logged(self, *secrets):
        logs = "".join(
            path.read_text("utf-8", "replace")
            for path in sorted((self.daemon.home / "logs").rglob("*"))
            if path.is_file()
        )
        self.assertIn("/_clace/auth/invite", logs)
        found = [each for each in secrets if each in logs + self.daemon.said()]
        self.assertEqual(found, [])
