"""Kinds of addresses."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.addresses import kind

V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)


class KindTests(SynchronousTestCase):
    def test_kinds(self):
        """Each special range has its kind, the internet none."""
        for text, expected in (
            ("8.8.8.8", ""),
            ("2606:4700::1111", ""),
            ("127.0.0.1", "loopback"),
            ("127.255.255.254", "loopback"),
            ("::1", "loopback"),
            ("0.0.0.0", "unspecified"),
            ("0.1.2.3", "unspecified"),
            ("::", "unspecified"),
            ("10.0.0.1", "private"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("172.32.0.1", ""),
            ("192.168.1.1", "private"),
            ("fd00::1", "private"),
            ("100.64.0.1", "shared"),
            ("100.127.255.255", "shared"),
            ("100.128.0.1", ""),
            ("169.254.169.254", "link-local"),
            ("fe80::1", "link-local"),
            ("224.0.0.1", "multicast"),
            ("ff02::1", "multicast"),
            ("192.0.2.1", "reserved"),
            ("198.18.0.1", "reserved"),
            ("255.255.255.255", "reserved"),
            ("240.0.0.1", "reserved"),
            ("2001:db8::1", "reserved"),
            ("fec0::1", "reserved"),
            ("100::1", "reserved"),
            ("2002:7f00:1::", "transition"),
            ("2001:0:1::", "transition"),
            ("fd00:ec2::254", "metadata"),
            ("fd20:ce::254", "metadata"),
            ("100.100.100.200", "metadata"),
            ("192.0.0.192", "metadata"),
            ("168.63.129.16", "metadata"),
        ):
            self.assertEqual(kind(ip_address(text)), expected, text)

    def test_no_way_round(self):
        """An address of version 4 inside one of version 6 is what it is."""
        for text, expected in (
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:169.254.169.254", "link-local"),
            ("::ffff:8.8.8.8", ""),
            ("::ffff:168.63.129.16", "metadata"),
            ("64:ff9b::100.100.100.200", "metadata"),
            ("fd00:ec2::254%1", "metadata"),
            ("64:ff9b::7f00:1", "loopback"),
            ("64:ff9b::8.8.8.8", ""),
            ("64:ff9b:1::8.8.8.8", "reserved"),
            ("::127.0.0.1", "reserved"),
            ("::8.8.8.8", "reserved"),
        ):
            self.assertEqual(kind(ip_address(text)), expected, text)

    @given(V4)
    def test_mapped(self, address):
        """A mapped or translated address is of the same kind as the address itself."""
        number = int(address)
        self.assertEqual(kind(IPv6Address((0xFFFF << 32) + number)), kind(address))
        self.assertEqual(kind(IPv6Address((0x64FF9B << 96) + number)), kind(address))

    @given(V4 | V6)
    def test_public(self, address):
        """What is taken for the internet is global unicast for the library too."""
        if not kind(address) and address.version == 6 and address.ipv4_mapped is None:
            self.assertTrue(address.is_global or int(address) >> 32 == 0x64FF9B << 64)
        elif not kind(address) and isinstance(address, IPv4Address):
            self.assertTrue(address.is_global and not address.is_multicast)

    @given(V4 | V6)
    def test_every_special_address(self, address):
        """What the library calls special in any way is not the internet."""
        if address.is_private or address.is_loopback or address.is_link_local:
            mapped = address.version == 6 and address.ipv4_mapped
            translated = address.version == 6 and int(address) >> 32 == 0x64FF9B << 64
            if not mapped and not translated:
                self.assertNotEqual(kind(address), "")
