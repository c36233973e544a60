"""Tests for ``clace.listeners.addresses``."""

from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from clace.listeners.addresses import address_of
from clace.listeners.defaults import ChosenListener


def url(endpoint, bound):
    return address_of(ChosenListener(endpoint, "apps"), bound).url


class AddressTests(SynchronousTestCase):
    def test_urls(self):
        """Each address can be opened from this machine."""
        for endpoint, bound, opened in (
            ("tcp:0", IPv4Address("TCP", "127.0.0.1", 8), "http://127.0.0.1:8"),
            ("tcp:0", IPv4Address("TCP", "0.0.0.0", 8), "http://localhost:8"),
            ("clace-tls:/c:tcp6:0", IPv6Address("TCP", "::", 8), "https://localhost:8"),
            ("ssl:0:interface=x", IPv6Address("TCP", "::1", 8), "https://[::1]:8"),
            ("unix:/run/s", UNIXAddress(b"/run/s"), "unix:/run/s"),
        ):
            self.assertEqual(url(endpoint, bound), opened)

    def test_unknown_kind(self):
        """An endpoint of a plugin that is reached in another way is named by its string."""
        address = address_of(ChosenListener("onion:80", "apps"), HostnameAddress(b"x.onion", 80))
        self.assertEqual((address.scheme, address.host), ("other", "onion:80"))
