from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from clace.errors import ConfigError
from clace.web.forwarded import Peer, TrustedProxies

PROXY = "10.0.0.1"


class Sent:
    """As much of a request as says who sent it."""

    def __init__(self, address, headers, secure=False):
        self.address = address
        self.requestHeaders = Headers()
        for name, value in headers:
            self.requestHeaders.addRawHeader(name, value)
        self.isSecure = lambda: secure

    def getClientAddress(self):
        return self.address


def sent(ip, *headers, secure=False):
    kind = IPv6Address if ":" in ip else IPv4Address
    return Sent(kind("TCP", ip, 4711), headers, secure)


def forwarded_for(*values):
    return [(b"X-Forwarded-For", value) for value in values]


class TrustedProxiesTests(SynchronousTestCase):
    proxies = TrustedProxies(["10.0.0.0/8", "192.0.2.7", "fd00::/8"])

    def ip(self, *headers, peer=PROXY):
        return self.proxies.peer_of(sent(peer, *headers)).ip

    def test_believes_nobody_by_default(self):
        """Without configuration the peer is who sent the request, whatever it says."""
        request = sent(
            PROXY,
            *forwarded_for(b"1.2.3.4"),
            (b"X-Real-Ip", b"1.2.3.4"),
            (b"X-Forwarded-Proto", b"https"),
        )
        self.assertEqual(TrustedProxies().peer_of(request), Peer(PROXY, "http"))

    def test_ignores_strangers(self):
        """A peer that is not listed cannot speak for others."""
        self.assertEqual(self.ip(*forwarded_for(b"1.2.3.4"), peer="203.0.113.9"), "203.0.113.9")

    def test_takes_the_last_untrusted_entry(self):
        """What clients send before it does not count."""
        values = forwarded_for(b"6.6.6.6, 203.0.113.9, 192.0.2.7")
        self.assertEqual(self.ip(*values), "203.0.113.9")

    def test_headers_sent_twice_are_one_list(self):
        """A proxy may append a header of its own instead of an entry."""
        self.assertEqual(self.ip(*forwarded_for(b"6.6.6.6", b"203.0.113.9")), "203.0.113.9")

    def test_falls_back_to_real_ip(self):
        """With no entry of a stranger the other header says it, and else the proxy itself."""
        real = (b"X-Real-Ip", b"203.0.113.9")
        self.assertEqual(self.ip(real), "203.0.113.9")
        self.assertEqual(self.ip(*forwarded_for(b"10.1.1.1"), real), "203.0.113.9")
        self.assertEqual(self.ip(), PROXY)
        self.assertEqual(self.ip((b"X-Real-Ip", b"nonsense")), PROXY)
        self.assertEqual(self.ip(real, real), PROXY)

    def test_stops_at_what_is_no_address(self):
        """Nothing left of an entry that cannot be read is believed."""
        values = forwarded_for(b"6.6.6.6, unknown, 10.1.1.1")
        self.assertEqual(self.ip(*values, (b"X-Real-Ip", b"6.6.6.6")), "10.1.1.1")

    def test_forms_of_addresses(self):
        """Ports, brackets, zones and mapped addresses are understood."""
        for value, expected in (
            (b"203.0.113.9:80", "203.0.113.9"),
            (b"[2001:db8::1]:80", "2001:db8::1"),
            (b"2001:DB8::1", "2001:db8::1"),
            (b"fe80::1%eth0", "fe80::1"),
            (b"::ffff:203.0.113.9", "203.0.113.9"),
        ):
            self.assertEqual(self.ip(*forwarded_for(value)), expected)
        mapped = self.ip(*forwarded_for(b"203.0.113.9"), peer="::ffff:10.0.0.1")
        self.assertEqual(mapped, "203.0.113.9")

    def test_scheme(self):
        """TLS is TLS; without it the first word of a trusted proxy counts."""
        for peer, secure, value, expected in (
            (PROXY, False, b"https", "https"),
            (PROXY, False, b"HTTPS, http", "https"),
            (PROXY, False, b"http, https", "http"),
            (PROXY, False, b"gopher", "http"),
            (PROXY, True, b"http", "https"),
            ("203.0.113.9", False, b"https", "http"),
        ):
            request = sent(peer, (b"X-Forwarded-Proto", value), secure=secure)
            self.assertEqual(self.proxies.peer_of(request).scheme, expected, value)

    def test_unix_sockets_have_no_address(self):
        """Nobody on a UNIX socket is a proxy until the operator says so."""
        request = Sent(UNIXAddress(b"/run/x"), forwarded_for(b"1.2.3.4"))
        self.assertEqual(self.proxies.peer_of(request), Peer("", "http"))
        self.assertFalse(self.proxies.includes(request.address))

    def test_a_proxy_on_a_unix_socket(self):
        """With ``unix:`` such a proxy says who its clients are and how they came, as any other."""
        proxies = TrustedProxies(["unix:", "10.0.0.0/8"])
        https = (b"X-Forwarded-Proto", b"https")
        for headers, ip in (
            (forwarded_for(b"203.0.113.9"), "203.0.113.9"),
            (forwarded_for(b"6.6.6.6, 203.0.113.9, 10.1.1.1"), "203.0.113.9"),
            ([(b"X-Real-Ip", b"203.0.113.9")], "203.0.113.9"),
            (forwarded_for(b"6.6.6.6, unknown"), ""),
            ([*forwarded_for(b"unknown"), (b"X-Real-Ip", b"6.6.6.6")], ""),
            ([], ""),
        ):
            peer = proxies.peer_of(Sent(UNIXAddress(b""), [*headers, https]))
            self.assertEqual(peer, Peer(ip, "https", proxied=True), headers)
        self.assertTrue(proxies.includes(UNIXAddress(None)))
        self.assertFalse(proxies.includes(sent("203.0.113.9").address))

    def test_a_proxy_that_does_not_say_the_scheme(self):
        """Its silence is told apart from plain HTTP."""
        for header, told in ((b"http", True), (b"https", True), (b"gopher", False), (b"", False)):
            peer = self.proxies.peer_of(sent(PROXY, (b"X-Forwarded-Proto", header)))
            self.assertIs(peer.scheme_told, told, header)

    def test_names_the_entry_that_is_wrong(self):
        """A list with a mistake is refused, not shortened."""
        for entry in ("", "localhost", "10.0.0.0/33", "10.0.0"):
            with self.assertRaises(ConfigError) as caught:
                TrustedProxies(["127.0.0.1", entry])
            self.assertIn(repr(entry), caught.exception.message)

    @given(st.lists(st.tuples(st.sampled_from([b"X-Forwarded-For", b"X-Real-Ip"]), st.binary())))
    def test_never_raises(self, headers):
        """Whatever the headers hold, there is an address."""
        self.assertTrue(self.ip(*headers))
