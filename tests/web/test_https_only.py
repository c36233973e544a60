"""Tests for ``clace.web.https_only``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from clace.web.forwarded import TrustedProxies
from clace.web.http1.site import Site
from clace.web.https_only import HTTPSOnly
from clace.web.root import RootResource
from tests.support.web import Connection, Served

PROXY, CLIENT = "10.0.0.1", "203.0.113.9"
OURS = {"tools.example.com", "192.0.2.7", "::1"}


class HTTPSOnlyTests(SynchronousTestCase):
    def connect(self, *, local=25222, peer=CLIENT, https=25223):
        proxies = TrustedProxies([PROXY, "unix:"])
        resource = HTTPSOnly(RootResource(None, None), proxies, OURS.__contains__, lambda: https)
        site = Site(resource, Served().clock, access_log=lambda _entry: None, new_id=lambda: "i1")
        address = IPv4Address("TCP", peer, 4711) if peer else UNIXAddress(b"/run/apps.sock")
        return Connection(
            site, peerAddress=address, hostAddress=IPv4Address("TCP", "192.0.2.7", local)
        )

    def ask(self, host, path="/a", headers="", **where):
        """The status, and where the browser is sent."""
        connection = self.connect(**where)
        connection.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode())
        head = connection.value().decode().partition("\r\n\r\n")[0].split("\r\n")
        found = [line for line in head if line.lower().startswith("location: ")]
        return connection.statuses[0], found[0].partition(": ")[2] if found else ""

    def test_redirects_to_the_same_host(self):
        """A visitor stays on the name or address that was asked for, at the port of HTTPS."""
        for host, local, https, target in [
            ("tools.example.com:25222", 25222, 25223, "https://tools.example.com:25223/a?b=c"),
            ("192.0.2.7:25222", 25222, 25223, "https://192.0.2.7:25223/a?b=c"),
            ("[::1]:25222", 25222, 25223, "https://[::1]:25223/a?b=c"),
            ("tools.example.com:25222", 25222, 443, "https://tools.example.com/a?b=c"),
            # Port 80 is ours, so that of HTTPS is what we know it to be.
            ("tools.example.com", 80, 8443, "https://tools.example.com:8443/a?b=c"),
            # Something maps port 80 to ours.
            ("tools.example.com", 25222, 25223, "https://tools.example.com/a?b=c"),
        ]:
            found = self.ask(host, "/a?b=c", local=local, https=https)
            self.assertEqual(found, (308, target), host)

    def test_never_to_a_strange_host(self):
        """A name that is not ours goes on to what refuses it; no Host header leads anywhere."""
        self.assertEqual(self.ask("evil.example"), (404, ""))

    def test_behind_a_proxy(self):
        """A redirect goes where the proxy is, and only if it says that it was asked by HTTP."""
        for peer in (PROXY, ""):
            for headers, status, target in [
                ("X-Forwarded-Proto: http\r\n", 308, "https://tools.example.com/a"),
                ("X-Forwarded-Proto: https\r\n", 404, ""),
                ("X-Forwarded-For: 203.0.113.9\r\n", 404, ""),
                ("X-Forwarded-Proto: gopher\r\n", 404, ""),
                ("", 404, ""),
            ]:
                for host in ("tools.example.com", "tools.example.com:8080"):
                    found = self.ask(host, "/a", headers, peer=peer)
                    self.assertEqual(found, (status, target), (peer, headers))

    def test_strangers_cannot_say_that_it_was_https(self):
        """A client that is no proxy is sent on, whatever it says."""
        self.assertEqual(
            self.ask("tools.example.com", headers="X-Forwarded-Proto: https\r\n")[0], 308
        )

    def test_health_passes(self):
        """Health checks are not sent around."""
        self.assertEqual(self.ask("tools.example.com", "/_clace/health")[0], 200)

    @given(st.from_regex(r"/[!-\"$-~]{0,40}", fullmatch=True))
    def test_any_target_stays_on_the_host(self, target):
        """Whatever the path is, the browser goes to the host that it asked."""
        status, place = self.ask("tools.example.com:25222", target)
        if status == 308:
            self.assertEqual(place, "https://tools.example.com:25223" + target)
