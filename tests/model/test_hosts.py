"""Tests for ``clace.model.hosts``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.model.hosts import host_name, host_port, is_address, netloc


class HostTests(SynchronousTestCase):
    def test_parts(self):
        """Port and brackets are not part of a name."""
        for host, name, port in [
            ("A.b:1", "a.b", 1),
            ("[::1]:80", "::1", 80),
            ("[::1]", "::1", None),
            ("x", "x", None),
            ("x:", "x", None),
            ("", "", None),
        ]:
            self.assertEqual((host_name(host), host_port(host)), (name, port))

    def test_addresses(self):
        """Only what is an address is one; names that hold one are not."""
        for name, expected in [
            ("192.0.2.1", True),
            ("::1", True),
            ("localhost", False),
            ("192.0.2.1.evil.example", False),
            ("2130706433", False),
            ("", False),
        ]:
            self.assertIs(is_address(name), expected, name)

    @given(st.from_regex(r"[a-z0-9.-]+", fullmatch=True) | st.ip_addresses(v=6).map(str))
    def test_put_together_again(self, name):
        """A name or address and a port are found again in what was made of them."""
        self.assertEqual((host_name(netloc(name, 81)), host_port(netloc(name, 81))), (name, 81))
        self.assertEqual(
            (host_name(netloc(name, None)), host_port(netloc(name, None))), (name, None)
        )

    @given(st.text())
    def test_any_text(self, host):
        """No text of a client raises anything."""
        self.assertIsInstance(host_name(host), str)
        host_port(host)
