"""A real server behind proxies and under several names, as its browsers and proxies see it."""

import http.client
import socket
from base64 import b64encode

from tests.support.daemon import PASSWORD
from tests.system.cases import DaemonTestCase

APP = {
    "app.star": """
def handler(req):
    return req.RemoteIP

app = ace.app("x", routes = [ace.api("/", type=ace.TEXT)])
"""
}


class UnixProxyTests(DaemonTestCase):
    def setUp(self):
        self.daemon = self.make_daemon()
        self.socket = self.daemon.home / "apps.sock"
        self.daemon.write_config(
            '[security]\ntrusted_proxies = ["unix:"]\n'
            "[http]\nport = 0\nredirect_to_https = true\n"
            f'[[listen]]\nendpoint = "unix:{self.socket}:mode=600"\n'
        )
        self.daemon.start()
        self.daemon.install(self.source(APP), "/x")

    def ask(self, address, password, scheme="https"):
        """What a visitor from ``address`` gets through a proxy that connects to the socket."""
        connection = http.client.HTTPConnection("localhost", timeout=30)
        self.addCleanup(connection.close)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.socket))
        login = b64encode(f"admin:{password}".encode()).decode()
        headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": scheme}
        connection.request("GET", "/x", headers={**headers, "Authorization": f"Basic {login}"})
        return connection.getresponse()

    def test_locks_out_the_visitor(self):
        """Wrong passwords through a proxy lock out the address that sent them, and no other."""
        statuses = [self.ask("203.0.113.9", "a guess").status for _ in range(6)]
        self.assertEqual(statuses, [401] * 5 + [429])
        answer = self.ask("203.0.113.10", PASSWORD)
        self.assertEqual((answer.status, answer.read()), (200, b"203.0.113.10"))

    def test_scheme(self):
        """The proxy says how its visitor came: over HTTPS there is nowhere to be sent to."""
        self.assertEqual(self.ask("203.0.113.10", PASSWORD).status, 200)
        answer = self.ask("203.0.113.10", PASSWORD, "http")
        self.assertEqual((answer.status, answer.headers["Location"]), (308, "https://localhost/x"))


class NamesTests(DaemonTestCase):
    def test_names(self):
        """An open app answers under addresses and its own names; a stranger's name gets 404."""
        daemon = self.make_daemon('[system]\ndefault_domain = "apps.example.com"\n').start()
        daemon.install(self.source(APP), "/x", auth="none")
        port = daemon.ports["http"]
        for host, status in (
            (f"127.0.0.1:{port}", 200),
            (f"localhost:{port}", 200),
            ("apps.example.com", 200),
            ("[::1]", 200),
            (f"rebind.evil:{port}", 404),
            ("localhost.evil.example", 404),
        ):
            headers = {"Host": host, "Origin": f"http://{host}"}
            self.assertEqual(daemon.get("/x", headers=headers, login=None).status, status, host)
        self.assertEqual(daemon.get("/_clace/health", headers={"Host": "x"}).status, 200)

    def test_fallback(self):
        """An operator may have all names lead to the apps of the default domain."""
        daemon = self.make_daemon("[system]\nfallback_unknown_domains = true\n").start()
        daemon.install(self.source(APP), "/x", auth="none")
        answer = daemon.get("/x", headers={"Host": "anything.example"}, login=None)
        self.assertEqual(answer.status, 200)

    def test_redirects_to_the_same_host(self):
        """A browser that came by address or by localhost is sent to the port of HTTPS there."""
        daemon = self.make_daemon("[http]\nport = 0\nredirect_to_https = true\n").start()
        http_port, https_port = daemon.ports["http"], daemon.ports["https"]
        for host in ("127.0.0.1", "localhost", "[::1]"):
            answer = daemon.get("/x?y=z", headers={"Host": f"{host}:{http_port}"}, login=None)
            self.assertEqual(answer.headers["Location"], f"https://{host}:{https_port}/x?y=z")
        answer = daemon.get("/x", headers={"Host": f"evil.example:{http_port}"}, login=None)
        self.assertEqual((answer.status, answer.headers["Location"]), (404, None))
