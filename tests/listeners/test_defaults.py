"""Tests for ``clace.listeners.defaults``."""

import socket

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.listeners.defaults import DefaultListeners, default_listeners, has_dual_stack
from clace.model.endpoint_strings import layers, parse

ADMIN = "unix:/srv/clace/run/clace.sock:mode=600:lockfile=0"


def endpoints(*, dual_stack=False, **changes):
    wanted = {"server_uri": "/srv/clace/run/clace.sock", "certificates": "/srv/certs", **changes}
    found = default_listeners(DefaultListeners(**wanted), dual_stack=dual_stack)
    return [(listener.serve, listener.endpoint) for listener in found]


class DefaultListenersTests(SynchronousTestCase):
    def test_without_configuration(self):
        """The admin socket for the owner, HTTP for this machine, HTTPS for all."""
        self.assertEqual(
            endpoints(),
            [
                ("admin", ADMIN),
                ("apps", "tcp:25222:interface=127.0.0.1"),
                ("apps", "clace-tls:/srv/certs:tcp:25223:interface=0.0.0.0"),
            ],
        )

    def test_all_interfaces(self):
        """All interfaces include those of IPv6 on machines that have it."""
        for host in ("0.0.0.0", "::", ""):
            found = endpoints(dual_stack=True, http_host=host)
            self.assertEqual(found[1:], [("apps", "tcp6:25222"), found[2]])
            self.assertEqual(found[2][1], "clace-tls:/srv/certs:tcp6:25223")

    def test_one_address(self):
        """An address is bound as it is, of whichever kind."""
        found = endpoints(http_host="::1", http_port=0, https_host="tools", dual_stack=True)
        self.assertEqual(found[1][1], "tcp6:0:interface=\\:\\:1")
        self.assertEqual(found[2][1], "clace-tls:/srv/certs:tcp:25223:interface=tools")

    def test_turned_off(self):
        """Port -1 is no listener, and a server known by a URL has no socket."""
        self.assertEqual(endpoints(http_port=-1, https_port=-1), [("admin", ADMIN)])
        self.assertEqual(
            endpoints(server_uri="https://tools.example.com", http_port=-1, https_port=-1), []
        )

    def test_certificates(self):
        """Names and the lookup reach the endpoint that picks certificates."""
        found = endpoints(certificate_names=("tools.example.com", "::5"), certificate_lookup=False)
        inner = list(layers(found[2][1]))
        self.assertEqual(inner[0].keywords["names"], "tools.example.com,::5")
        self.assertEqual(inner[0].keywords["lookup"], "no")

    @given(st.text(min_size=1))
    def test_any_folder(self, name):
        """Whatever a folder is called, the strings say the same folder."""
        found = endpoints(server_uri=f"/{name}/clace.sock", certificates=f"/{name}")
        self.assertEqual(parse(found[0][1]).value("address", 0), f"/{name}/clace.sock")
        self.assertEqual(parse(found[2][1]).arguments[0], f"/{name}")


class DualStackTests(SynchronousTestCase):
    def test_agrees_with_the_machine(self):
        """It never promises IPv6 where there is none."""
        self.assertIn(has_dual_stack(), {False, socket.has_ipv6})
