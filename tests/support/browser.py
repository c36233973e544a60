"""A headless Chromium as Debian has it, driven through its own driver; nothing is downloaded."""

import base64
import hashlib
import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

CHROMIUM = Path("/usr/bin/chromium")
DRIVER = Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Not even by mistake is anybody asked but this machine.
NAMES = (
    "MAP *.localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1,"
    " EXCLUDE *.localhost"
)
SECONDS = 20
AXE = Path(sys.prefix) / "axe/node_modules/axe-core/axe.min.js"
SERIOUS = ("moderate", "serious", "critical")


def missing():
    """What has to be installed before there is a browser; empty if nothing."""
    wanted = {
        "chromium": CHROMIUM.exists(),
        "chromium-driver": DRIVER.exists(),
        "selenium": find_spec("selenium") is not None,
    }
    names = [name for name, is_there in wanted.items() if not is_there]
    return f"{' and '.join(names)} not installed" if names else ""


class Browser:
    """One window, which trusts the certificate of one server; as a context manager it closes.

    ``name`` is one more name of this machine, besides localhost.
    """

    def __init__(self, certificate, *, name=""):
        self.names = f"MAP {name} 127.0.0.1, {NAMES}" if name else NAMES
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        self.certificate = certificate
        self.driver = None

    def __enter__(self):
        from selenium.webdriver import Chrome, ChromeOptions, ChromeService  # noqa: PLC0415

        options = ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for flag in FLAGS:
            options.add_argument(flag)
        options.add_argument(f"--host-resolver-rules={self.names}")
        options.add_argument(f"--user-data-dir={self.profile}")
        pin = key_pin(self.certificate)
        options.add_argument(f"--ignore-certificate-errors-spki-list={pin}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        environment = {**os.environ, "HOME": self.profile, "NO_PROXY": "*", "SE_OFFLINE": "true"}
        service = ChromeService(str(DRIVER), env=environment)
        self.driver = Chrome(options, service)
        self.driver.set_page_load_timeout(SECONDS)
        return self

    def __exit__(self, *_):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    @property
    def url(self):
        return self.driver.current_url

    def open(self, url):
        self.driver.get(url)

    def back(self):
        self.driver.back()

    def find(self, selector):
        """The element, as soon as it is there."""
        return self.until(lambda: self.all(selector), f"no {selector}")[0]

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def texts(self, selector):
        """What is to be read in the elements that are there now."""
        script = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)"
        return self.driver.execute_script(script, selector)

    def run(self, script):
        """What a script in the page returns."""
        return self.driver.execute_script(script)

    def click(self, text):
        """Click the link with this text."""
        self.driver.find_element("link text", text).click()

    def fill(self, selector, text):
        """Type a text into a field in place of the one that is there."""
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def sign_in(self, user, password, kind="system"):
        """Send the form to sign in that is shown, and wait for the answer."""
        form = self.find("form")
        self.fill(f"input[name={kind}-username]", user)
        self.fill(f"input[name={kind}-password]", password)
        self.find("form button").click()
        self.until(lambda: self.all("form") != [form] and "/login" not in self.url, "not signed in")

    def look(self, width, scheme):
        """From now on the window has this width, and its reader prefers this colour scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def barriers(self):
        """What axe-core finds in the page that somebody could not use, see or hear."""
        self.driver.execute_script(AXE.read_text("utf-8"))
        script = "axe.run(document).then(r => arguments[0](r.violations))"
        found = self.driver.execute_async_script(script)
        return [
            f"{one['id']} ({one['impact']}): {node['html'][:200]}"
            for one in found
            if one["impact"] in SERIOUS
            for node in one["nodes"]
        ]

    def until(self, true, problem):
        from selenium.common.exceptions import (  # noqa: PLC0415
            StaleElementReferenceException,
        )
        from selenium.webdriver.support.wait import WebDriverWait  # noqa: PLC0415

        # A page may go while it is looked at; the next one is looked at then.
        going = (StaleElementReferenceException,)
        waiting = WebDriverWait(self.driver, SECONDS, 0.05, ignored_exceptions=going)
        return waiting.until(lambda _: true(), problem)

    def complaints(self):
        """What the browser wrote to its console since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


def key_pin(certificate):
    """The hash of the certificate's key by which Chromium is told to trust it, and no other."""
    key = load_pem_x509_certificate(Path(certificate).read_bytes()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()
