"""Apps of real frameworks from PyPI on a real server, and what a browser does with them."""

import os
import shutil
import socket
import tempfile
from pathlib import Path

from tests.support.browser import Browser, missing
from tests.support.daemon import PASSWORD
from tests.system.cases import DaemonTestCase

APPS = Path(__file__).parent / "apps"
HOSTS = ("pypi.org", "files.pythonhosted.org")
CHOSEN = os.environ.get("FRAMEWORKS", "").split()
# Packages that were fetched once stay for the next run; another server builds environments anew.
STORE = Path(tempfile.gettempdir()) / "clace-frameworks"
_SECONDS = 600
# Gradio takes five seconds of a processor to be imported, which a busy machine gives in a minute.
_ATTEMPTS = 150


def addresses():
    """The addresses of the index; none if it is not reached."""
    try:
        found = [socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM) for host in HOSTS]
        address = found[0][0][4]
        socket.create_connection(address[:2], 5).close()
    except OSError:
        return ()
    return tuple(dict.fromkeys(one[4][0] for each in found for one in each if ":" not in one[4][0]))


def is_chosen(name):
    """Tell a framework that was asked for."""
    return name in CHOSEN or "all" in CHOSEN


def why_not(name):
    """Why the app of a framework is not tried; empty if it is."""
    if not is_chosen(name):
        return f"make frameworks FRAMEWORKS={name} runs it"
    return "" if addresses() else "PyPI is not reached"


class FrameworkCase(DaemonTestCase):
    """Each test has a server, with the app of one framework at a path and at a domain."""

    timeout = 900

    def make_daemon(self, config="", **options):
        hosts = ", ".join(f'"{host}"' for host in (*HOSTS, *addresses()))
        daemon = super().make_daemon(
            f"[app_config]\ncontainer.health_attempts_after_startup = {_ATTEMPTS}\n"
            f"[python]\nallowed_hosts = [{hosts}]\n{config}",
            **options,
        )
        STORE.mkdir(exist_ok=True)
        (daemon.home / "environments").symlink_to(STORE)
        return daemon

    def install(self, name, source=None):
        """Install the app twice: where it shares a host, and where it has one to itself."""
        self.daemon = self.make_daemon()
        self.daemon.start()
        source = source or str(APPS / name)
        self.urls = []
        for place in (f"/{name}", f"{name}.localhost:/"):
            done = self.daemon.cli("app", "create", "-a", source, place, seconds=_SECONDS)
            self.assertEqual(done.returncode, 0, done.stderr)
        port = self.daemon.ports["https"]
        self.urls = [f"https://localhost:{port}/{name}/", f"https://{name}.localhost:{port}/"]

    def browse(self, look):
        """Do the same with the app in both places, as somebody who has signed in."""
        if missing():
            raise self.skip_because(missing())
        for url in self.urls:
            with Browser(self.daemon.certificate) as browser:
                browser.open(url)
                if "/login" in browser.url:
                    browser.sign_in("admin", PASSWORD)
                browser.open(url)
                look(browser)

    def skip_because(self, reason):
        from twisted.trial.unittest import SkipTest  # noqa: PLC0415

        return SkipTest(reason)

    def memory(self):
        """The memory of the server itself, in megabytes."""
        status = Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def shows(browser, text):
    """Wait until the page has a text."""
    browser.until(lambda: text in browser.run("return document.body.innerText"), f"no {text!r}")


def forget():
    """Remove the packages of earlier runs."""
    shutil.rmtree(STORE, ignore_errors=True)
