"""Apps that another server answers, through the whole server."""

import contextlib
import http.client
import shutil
import socket
import ssl
import tempfile
from pathlib import Path
from threading import Event
from urllib.parse import quote

from tests.support.daemon import FOREGROUND
from tests.support.upstreams import RawServer, always, proxying, whole
from tests.system.cases import SharedDaemonTestCase

OK = b"HTTP/1.1 200 OK\r\n"


class ProxyCase(SharedDaemonTestCase):
    """Servers to pass requests on to, and apps in front of them."""

    def serve(self, talk, path, more="", **options):
        """A server that talks so, and an app at a path that proxies it."""
        server = RawServer(talk)
        self.addCleanup(server.close)
        self.create(path, proxying(server.url, more=more), approve=True, **options)
        return server


class JourneyTests(ProxyCase):
    def test_behind_sign_in(self):
        """A proxied app answers through the server, and only those whom the sign-in admits."""
        self.serve(always(whole(b"from there", b"X-Own: yes")), "/signed")
        refused = self.daemon.get("/signed/x", login=None)
        self.assertEqual(refused.status, 401)
        answer = self.daemon.get("/signed/x")
        self.assertEqual((answer.status, answer.body), (200, "from there"))
        self.assertEqual(answer.headers["X-Own"], "yes")
        self.assertEqual(answer.headers["X-Frame-Options"], "SAMEORIGIN")

    def test_needs_approval(self):
        """An app that was not approved passes nothing on, and says what it lacks."""
        server = RawServer(always(whole()))
        self.addCleanup(server.close)
        folder = self.source(proxying(server.url))
        self.daemon.install(folder, "/unapproved", auth="none")
        answer = self.daemon.get("/unapproved")
        self.assertEqual(answer.status, 500)
        self.assertEqual(server.connections, 0)
        self.daemon.must("app", "approve", "/unapproved", "--promote")
        self.assertEqual(self.daemon.get("/unapproved").body, "hello")


class StreamTests(ProxyCase):
    def test_large_bodies(self):
        """A large upload and a large download pass through, and the server's memory stays flat."""
        size = 64 << 20
        seen = []

        def talk(connected):
            while head := connected.head():
                if head.startswith(b"PUT"):
                    seen.append(sum(len(connected.exactly(1 << 16)) for _ in range(size >> 16)))
                    return
                connected.send(OK + b"Content-Length: %d\r\n\r\n" % size)
                for _ in range(size >> 16):
                    connected.send(bytes(1 << 16))

        self.serve(talk, "/large", auth="none")
        before = self.peak()
        self.assertEqual(len(self.daemon.get("/large").body), size)
        connection = socket.create_connection(("127.0.0.1", self.daemon.ports["http"]))
        self.addCleanup(connection.close)
        connection.sendall(
            b"PUT /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size
        )
        for _ in range(size >> 16):
            connection.sendall(bytes(1 << 16))
        self.wait_until("all arrived", lambda: seen)
        self.assertEqual(seen, [size])
        self.assertLess(self.peak() - before, 16)

    def peak(self):
        """The most memory that the server has had, in megabytes."""
        text = Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(text.partition("VmHWM:")[2].split()[0]) >> 10

    def test_events(self):
        """Server-sent events arrive one by one, as they are sent."""
        go_on = Event()

        def talk(connected):
            connected.head()
            connected.send(OK + b"Content-Type: text/event-stream\r\n\r\n")
            for number in range(3):
                connected.send(b"data: %d\n\n" % number)
                if not go_on.wait(10):
                    return
                go_on.clear()

        self.serve(talk, "/events", auth="none")
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.ports["http"], timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", "/events", headers={"Accept": "text/event-stream"})
        response = connection.getresponse()
        self.assertEqual(response.headers["Content-Type"], "text/event-stream")
        for number in range(3):
            self.assertEqual(response.readline(), b"data: %d\n" % number)
            self.assertEqual(response.readline(), b"\n")
            go_on.set()
        self.assertEqual(response.read(), b"")


class WayTests(ProxyCase):
    def test_unix_socket(self):
        """A server at a UNIX socket is reached by its path; a link is not followed."""
        folder = Path(tempfile.mkdtemp(dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder)
        server = RawServer(always(whole(b"by socket")), socket.AF_UNIX, str(folder / "s"))
        self.addCleanup(server.close)
        self.create("/unix", proxying(self.url_of(folder / "s")), approve=True, auth="none")
        self.assertEqual(self.daemon.get("/unix").body, "by socket")
        (folder / "link").symlink_to(folder / "s")
        self.create("/link", proxying(self.url_of(folder / "link")), approve=True, auth="none")
        self.assertEqual(self.daemon.get("/link").status, 502)

    def url_of(self, path):
        return f"http+unix://{quote(str(path), safe='')}"

    def test_own_socket(self):
        """The server's own socket, behind which it is administered, is nobody's upstream."""
        own = self.daemon.home / "run" / "clace.sock"
        self.create("/itself", proxying(self.url_of(own)), approve=True)
        answer = self.daemon.get("/itself/_clace/apps")
        self.assertEqual(answer.status, 502)
        self.assertIn("is a socket of this server", answer.body)

    def test_goes_round(self):
        """An app that is passed on to itself is told so, and does not go round for ever."""
        port = self.daemon.ports["http"]
        self.create("/round", proxying(f"http://127.0.0.1:{port}/round"), approve=True, auth="none")
        self.assertEqual(self.daemon.get("/round").status, 502)

    def test_tls(self):
        """A server with a certificate that nobody vouches for is not believed."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificates = self.daemon.home / "config" / "certificates"
        context.load_cert_chain(certificates / "default.crt", certificates / "default.key")

        def talk(connected):
            with contextlib.suppress(OSError):
                connected.socket = context.wrap_socket(connected.socket, server_side=True)
                always(whole(b"secretly"))(connected)

        server = RawServer(talk)
        self.addCleanup(server.close)
        url = f"https://localhost:{server.port}"
        self.create("/tls", proxying(url), approve=True)
        answer = self.daemon.get("/tls")
        self.assertEqual(answer.status, 502)
        self.assertIn("certificate", answer.body)
        trusting = self.make_daemon()
        trusting.start("env", f"SSL_CERT_FILE={certificates / 'default.crt'}", *FOREGROUND)
        trusting.install(self.source(proxying(url)), "/tls", auth="none", approve=True)
        self.assertEqual(trusting.get("/tls").body, "secretly")

    def test_own_routes(self):
        """Routes of the app itself come before what is proxied; proxied paths can be some only."""
        server = RawServer(always(whole(b"from there")))
        self.addCleanup(server.close)
        star = f"""
load("proxy.in", "proxy")

app = ace.app("Mixed", routes = [
        ace.api("/own", lambda req: "from here", type = ace.TEXT),
        ace.proxy("/there", proxy.config({server.url!r}, strip_path = "/there")),
    ],
    permissions = [ace.permission("proxy.in", "config", [{server.url!r}])])
"""
        self.create("/mixed", {"app.star": star}, approve=True, auth="none")
        self.assertEqual(self.daemon.get("/mixed/own").body, "from here")
        for path in ("/mixed/there", "/mixed/there/x"):
            self.assertEqual(self.daemon.get(path).body, "from there")
        for path in ("/mixed/therefore", "/mixed/"):
            self.assertEqual(self.daemon.get(path).status, 404)


class PageTests(ProxyCase):
    def test_not_reached(self):
        """A browser gets a page; who may mend it is told why, and what failed before."""
        server = RawServer(always(whole()))
        url, port = server.url, server.port
        server.close()
        self.create("/dead", proxying(url), approve=True)
        html = {"Accept": "text/html"}
        answer = self.daemon.get("/dead", headers=html)
        self.assertEqual(answer.status, 502)
        self.assertIn("nothing listens there", answer.body)
        self.assertIn("Last lines of its log", answer.body)
        self.assertEqual(answer.body.count("nothing listens there"), 2)
        self.create("/deader", proxying(url), approve=True, auth="none")
        answer = self.daemon.get("/deader", headers=html, login=None)
        self.assertEqual(answer.status, 502)
        self.assertNotIn(str(port), answer.body)
        self.assertNotIn("Last lines", answer.body)
