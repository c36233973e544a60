"""Tests for ``clace.networks``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest
from clace.networks import network_of, read_network, site_of


class NetworkTests(SynchronousTestCase):
    def test_takes_an_ipv6_network_as_one(self):
        """Who owns an IPv6 network cannot use each of its addresses for five tries."""
        self.assertEqual(network_of("2001:db8::1"), "2001:db8::/64")
        self.assertEqual(network_of("2001:db8::ffff:1"), "2001:db8::/64")
        self.assertEqual(network_of("fe80::1%eth0"), network_of("fe80::2%eth1"))
        self.assertNotEqual(network_of("2001:db8::1"), network_of("2001:db8:0:1::1"))

    def test_takes_a_mapped_address_as_what_it_maps(self):
        """The same IPv4 peer counts once, whichever listener it came by."""
        self.assertEqual(network_of("::ffff:192.0.2.1"), "192.0.2.1")
        self.assertEqual(network_of("192.0.2.1"), "192.0.2.1")

    def test_takes_a_site_as_one(self):
        """Who has a /48 of IPv6 has all of its networks; other peers are what they are."""
        self.assertEqual(site_of("2001:db8:0:1::1"), "2001:db8::/48")
        self.assertEqual(site_of("2001:db8:0:ffff::7"), "2001:db8::/48")
        self.assertNotEqual(site_of("2001:db8:1::1"), site_of("2001:db8::1"))
        for address in ("192.0.2.1", "::ffff:192.0.2.1", "", "odd"):
            self.assertEqual(site_of(address), network_of(address))

    def test_names_the_socket(self):
        """Peers without an address are one."""
        self.assertEqual(network_of(""), "unix")

    def test_reads_what_operators_write(self):
        """An address, a network as it is shown, the socket, or nothing; other texts are refused."""
        for written, meant in (
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::7", "2001:db8::/64"),
            ("2001:db8::/64", "2001:db8::/64"),
            ("unix", "unix"),
            ("", ""),
        ):
            self.assertEqual(read_network(written), meant)
        for written in ("10.0.0", "10.0.0.0/8", "2001:db8::/32", "localhost", "/"):
            self.assertIn(written, self.assertRaises(BadRequest, read_network, written).message)

    @given(st.text())
    def test_takes_any_text(self, address):
        """What is no address is its own network."""
        self.assertTrue(network_of(address))
