"""Signing in by the form, in a browser and over real connections."""

import contextlib
import json
import signal
import socket
import ssl
import time
from threading import Thread
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

from tests.support.browser import AXE, Browser, missing
from tests.support.daemon import EXAMPLES, PASSWORD
from tests.support.upstreams import RawServer, proxying
from tests.support.visitor import Visitor
from tests.system.cases import DaemonTestCase

APP = {
    "app.star": """
def handler(req):
    return {"user": req.UserId, "headers": req.Headers}

app = ace.app("test", routes=[
    ace.api("/", handler=handler), ace.api("/up", handler=handler, method="POST"),
])
"""
}
SIZES = (320, 1280)
BROWSER = {"Accept": "text/html"}


def echo(connection):
    """Send back the cookies of the handshake with each message."""
    with contextlib.suppress(ConnectionClosed):
        for message in connection:
            connection.send(f"{message} {connection.request.headers.get('Cookie', '')}")


class SignInCase(DaemonTestCase):
    config = ""

    def setUp(self):
        self.daemon = self.make_daemon(self.config)
        self.daemon.start()
        self.daemon.install(self.source(APP), "/told", auth="system")

    def restart(self):
        self.daemon.stop()
        self.daemon.start()

    def url(self, path, scheme="https"):
        return f"{scheme}://localhost:{self.daemon.ports[scheme]}{path}"


class NamesTests(SignInCase):
    """Names that are in a Host header, and the address that the client connected to."""

    config = """[system]
default_domain = "apps.example.org"
fallback_unknown_domains = true
[security]
admin_hosts = ["192.0.2.7"]
callback_url = "https://sso.example.net"
"""

    def opened(self, host):
        headers = {**BROWSER, "Host": f"{host}:{self.daemon.ports['https']}"}
        answer = self.daemon.get("/told/", scheme="https", login=None, headers=headers)
        return answer.status, urlsplit(answer.headers["Location"] or "").hostname

    def test_only_ours_lead_to_the_page(self):
        """Whoever says that this server is theirs does not get the visitors who sign in here."""
        form = (303, "auth.apps.example.org")
        for host in ("apps.example.org", "127.0.0.1", "192.0.2.7", "sso.example.net"):
            self.assertEqual(self.opened(host), form, host)
        for host in ("198.51.100.66", "[2001:db8::66]", "evil.example", "127.0.0.2"):
            self.assertEqual(self.opened(host), (401, None), host)


class RevokedTests(SignInCase):
    def test_on_the_way_back(self):
        """A revocation ends a sign-in whose password was right and whose session has not begun."""
        app = self.url("/told")
        for revoked in ("--all", "--user=admin"):
            visitor = Visitor(stops=f"{self.url('')}/_clace/auth/login/complete")
            page = visitor.get(app)
            fields = {"state": page.field("state"), "system-username": "admin"}
            login = urljoin(page.url, "/_clace/auth/login/system")
            proved = visitor.post(login, fields | {"system-password": PASSWORD})
            self.assertIn("/complete?state=", proved.url)
            self.daemon.cli("session", "revoke", revoked)
            visitor = self.following(visitor)
            self.assertIn("expired", visitor.get(proved.url).text)
            self.assertIn('name="state"', visitor.get(app).text)

    def following(self, visitor):
        """The same browser, which follows all redirects."""
        other = Visitor()
        other.cookies = visitor.cookies
        return other


class BrowserSignInTests(SignInCase):
    if missing():
        skip = missing()

    def browser(self):
        return Browser(self.daemon.certificate)

    def told(self, browser):
        return json.loads(browser.find("body").text)

    def looks(self, browser, title):
        """The page is usable by everybody, on a phone and on a desk, light and dark."""
        self.assertEqual(browser.find("h1").text, title)
        if not AXE.exists():
            return
        for width in SIZES:
            for scheme in ("light", "dark"):
                browser.look(width, scheme)
                self.assertEqual(browser.barriers(), [], f"{title} at {width} px, {scheme}")
                fits = "return document.documentElement.scrollWidth <= innerWidth"
                self.assertTrue(browser.run(fits), f"{title} at {width} px")

    def test_round_trip(self):
        """Wrong and right password, the page that was asked for, and out again."""
        with self.browser() as browser:
            browser.open(self.url("/told?x=1"))
            self.assertEqual(urlsplit(browser.url).hostname, "auth.localhost")
            self.looks(browser, "Sign in")
            browser.fill("input[name=system-username]", "admin")
            browser.fill("input[name=system-password]", "wrong")
            browser.find("form button").click()
            self.assertEqual(browser.find("[role=alert]").text, "Invalid username or password")
            self.looks(browser, "Sign in")
            browser.sign_in("admin", PASSWORD)
            self.assertEqual(browser.url, self.url("/told?x=1"))
            told = self.told(browser)
            self.assertEqual(told["user"], "admin")
            self.assertNotIn("Cookie", told["headers"])
            self.assertEqual(browser.run("return document.cookie"), "")
            browser.open(self.url("/_clace/logout?redirect=/told"))
            self.looks(browser, "Sign out")
            browser.find("form button").click()
            out = ["You are signed out"]
            browser.until(lambda: browser.texts("h1") == out, "not signed out")
            self.looks(browser, "You are signed out")
            browser.click("Go back to the app")
            self.assertEqual(browser.find("h1").text, "Sign in")
            self.assertEqual(browser.complaints(), [])
            browser.open(self.url("/_clace/auth/login/complete?state=old"))
            self.looks(browser, "This sign-in has expired")

    def test_over_plain_http(self):
        """On the visitor's own machine the form works without TLS, with a session of its own."""
        with self.browser() as browser:
            browser.open(self.url("/told", "http"))
            browser.sign_in("admin", PASSWORD)
            self.assertEqual(self.told(browser)["user"], "admin")
            browser.open(self.url("/told"))
            self.assertEqual(browser.find("h1").text, "Sign in")

    def test_expired_during_htmx(self):
        """A click that finds the session ended leads to the form, and back to the page."""
        root = self.source({"large/film.bin": b"x" * 3000, "small.bin": b"x"})
        self.daemon.write_config(f'[node_config]\ndisk_usage_root = "{root}"\n')
        self.restart()
        self.daemon.install(EXAMPLES / "disk_usage", "/disk", auth="system", approve=True)
        with self.browser() as browser:
            browser.open(self.url("/disk"))
            browser.sign_in("admin", PASSWORD)
            page = browser.url
            revoked = self.daemon.must("session", "revoke", "--all")
            self.assertIn("1 session(s) revoked", revoked)
            browser.click("large/")
            browser.until(lambda: "auth.localhost" in browser.url, "the form did not come")
            browser.sign_in("admin", PASSWORD)
            self.assertEqual(browser.url, page)
            self.assertIn("large/", browser.texts("td a"))


def switching(connected):
    """Change the protocol, and send back whatever comes."""
    connected.head()
    connected.send(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
    )
    while data := connected.socket.recv(1000):
        connected.send(data)


class SessionTests(SignInCase):
    def ask(self, host, path, cookie="", body=None):
        headers = {"Host": f"{host}:{self.daemon.ports['http']}", **BROWSER}
        headers |= {"Cookie": cookie} if cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        method = "GET" if body is None else "POST"
        return self.daemon.ask(method, path, login=None, headers=headers, body=body)

    def sign_in(self):
        """The cookie of a new session."""
        sent = self.ask("localhost", "/told")
        nonce = sent.headers["set-cookie"].partition(";")[0]
        state = parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]
        form = {"state": state, "system-username": "admin", "system-password": PASSWORD}
        proved = self.ask("auth.localhost", "/_clace/auth/login/system", body=urlencode(form))
        back = urlsplit(proved.headers["location"])
        done = self.ask("localhost", f"{back.path}?{back.query}", nonce)
        return done.headers["set-cookie"].partition(";")[0]

    def status(self, cookie):
        return self.ask("localhost", "/told", cookie).status

    def test_survives_a_restart(self):
        """A session is good for another run of the server."""
        cookie = self.sign_in()
        self.assertEqual(self.status(cookie), 200)
        self.restart()
        self.assertEqual(self.status(cookie), 200)
        self.daemon.must("session", "revoke", "--all")
        self.assertEqual(self.status(cookie), 303)
        self.restart()
        self.assertEqual(self.status(cookie), 303)

    def test_changed_password(self):
        """A new password ends the sessions of the old one, at a signal and at a restart."""
        cookie = self.sign_in()
        listed = json.loads(self.daemon.must("session", "list", "-f", "json"))
        self.daemon.write_config(password="another one")
        self.daemon.process.send_signal(signal.SIGHUP)
        self.wait_until("the session has ended", lambda: self.status(cookie) == 303)
        self.assertEqual(json.loads(self.daemon.must("session", "list", "-f", "json")), [])
        why = "the user or the way to sign in has changed"
        ends = {(session["name"], why) for session in listed}
        self.wait_until("the end is recorded", lambda: ends <= self.recorded_ends())

    def recorded_ends(self):
        """The sessions that ended by the audit log, and why."""
        told = self.daemon.must("audit", "list", "--operation", "end_session", "-f", "json")
        return {(event["target"], event["detail"]) for event in json.loads(told)}

    def test_uploads_are_cut(self):
        """An upload is cut within five seconds after its session was revoked."""
        cookie = self.sign_in()
        with socket.create_connection(("127.0.0.1", self.daemon.ports["http"])) as connection:
            head = (
                "POST /told/up HTTP/1.1\r\nHost: localhost\r\n"
                f"Cookie: {cookie}\r\nContent-Length: 100000\r\n\r\n"
            )
            connection.sendall(head.encode() + b"x" * 1000)
            connection.settimeout(0.5)
            self.assertRaises(TimeoutError, connection.recv, 1)
            self.daemon.must("session", "revoke", "--all")
            began = time.monotonic()
            connection.settimeout(10)
            try:
                answer = connection.recv(1000)
            except ConnectionResetError:
                answer = b""
            self.assertEqual(answer, b"")
            self.assertLess(time.monotonic() - began, 5)

    def test_websockets_are_cut(self):
        """A WebSocket is cut within five seconds after its session was revoked."""
        server = RawServer(switching)
        self.addCleanup(server.close)
        self.daemon.install(self.source(proxying(server.url)), "/ws", auth="system", approve=True)
        cookie = self.sign_in()
        with socket.create_connection(("127.0.0.1", self.daemon.ports["http"])) as connection:
            head = (
                "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: echo\r\nConnection: Upgrade\r\n"
                f"Cookie: {cookie}\r\n\r\n"
            )
            connection.settimeout(10)
            connection.sendall(head.encode())
            self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 101 "))
            connection.sendall(b"echo")
            self.assertEqual(connection.recv(1000), b"echo")
            self.daemon.must("session", "revoke", "--all")
            began = time.monotonic()
            try:
                answer = connection.recv(1000)
            except ConnectionResetError:
                answer = b""
            self.assertEqual(answer, b"")
            self.assertLess(time.monotonic() - began, 5)

    def websocket(self, cookie):
        """An open WebSocket of an app that another server answers."""
        server = serve(echo, "127.0.0.1", 0)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        source = self.source(proxying(f"http://127.0.0.1:{server.socket.getsockname()[1]}"))
        self.daemon.install(source, "/ws", auth="system", approve=True)
        url = f"ws://localhost:{self.daemon.ports['http']}/ws/x"
        connection = connect(url, additional_headers={"Cookie": cookie})
        self.addCleanup(connection.close)
        return connection

    def test_websockets_are_closed(self):
        """A WebSocket is open as long as its session, and not five seconds longer."""
        connection = self.websocket(self.sign_in())
        connection.send("a")
        self.assertNotIn("clace_session", connection.recv())
        self.daemon.must("session", "revoke", "--user", "admin")
        began = time.monotonic()
        self.assertRaises(ConnectionClosed, connection.recv, timeout=10)
        self.assertLess(time.monotonic() - began, 5)

    def test_websockets_of_a_changed_password(self):
        """A new password closes the WebSockets of the old one."""
        connection = self.websocket(self.sign_in())
        self.daemon.write_config(password="another one")
        self.daemon.process.send_signal(signal.SIGHUP)
        began = time.monotonic()
        self.assertRaises(ConnectionClosed, connection.recv, timeout=10)
        self.assertLess(time.monotonic() - began, 5)

    def test_login_host(self):
        """No app is on the host where people sign in, nor can be."""
        self.assertEqual(self.ask("auth.localhost", "/told").status, 404)
        refused = self.daemon.cli("app", "create", self.source(APP), "auth.localhost:/x")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("where people sign in", refused.stderr)

    def test_app_of_before(self):
        """An app on a host that became the one to sign in is not served, and the log says so."""
        self.daemon.install(self.source(APP), "sso.localhost:/told", auth="none")
        self.assertEqual(self.ask("sso.localhost", "/told").status, 200)
        self.daemon.write_config('[security]\nauth_callback_domain = "sso.localhost"\n')
        self.restart()
        self.assertEqual(self.ask("sso.localhost", "/told").status, 404)
        log = (self.daemon.home / "logs" / "clace.json").read_text()
        self.assertIn("App sso.localhost:/told is not served: people sign in on", log)
        self.assertIn("//sso.localhost:", self.ask("localhost", "/told").headers["location"])

    def test_certificate(self):
        """The certificate that the server makes is for the login host, too."""
        context = ssl.create_default_context(cafile=self.daemon.certificate)
        address = "127.0.0.1", self.daemon.ports["https"]
        for name in ("localhost", "auth.localhost"):
            connection = socket.create_connection(address)
            with context.wrap_socket(connection, server_hostname=name) as secure:
                self.assertEqual(secure.version(), "TLSv1.3")

    def test_elsewhere_over_http(self):
        """Where the cookie could be read on the way, browsers are asked for the password."""
        answer = self.ask("192.0.2.1", "/told")
        self.assertEqual(answer.status, 401)
        self.assertIn("Basic", answer.headers["www-authenticate"])
