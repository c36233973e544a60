"""Tests for ``clace.listeners.reasons``."""

import errno
from socket import gaierror

from OpenSSL import SSL, crypto
from twisted.internet.error import CannotListenError, VerifyError
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ListenError
from clace.listeners.reasons import reason, refusal


class ReasonTests(SynchronousTestCase):
    def test_taken_port(self):
        """The line for a taken port is the one that operators know."""
        error = CannotListenError("127.0.0.1", 80, OSError(98, "Address already in use"))
        self.assertEqual(
            refusal("tcp:80:interface=127.0.0.1", error).message,
            "cannot listen on tcp:80:interface=127.0.0.1: address already in use",
        )

    def test_addresses(self):
        """An address that is not the machine's, and a port for root only, are told as such."""
        for error, said in (
            (gaierror(-2, "Name or service not known"), "interface: expected an address of this"),
            (OSError(errno.EADDRNOTAVAIL, "?"), "interface: this machine does not have that"),
            (PermissionError(errno.EACCES, "?"), "permission denied: port 80 is for root, or CAP"),
        ):
            self.assertIn(said, reason(CannotListenError("", 80, error)))
        self.assertEqual(reason(PermissionError(errno.EACCES, "No", "/s")), "no: /s")

    def test_place(self):
        """An endpoint of the configuration is told with the number of its block."""
        self.assertEqual(
            refusal("tcp:80", ValueError("no"), "[[listen]] #2").message,
            "cannot listen on tcp:80: no ([[listen]] #2)",
        )

    def test_kinds(self):
        """Each kind of failure is said without the words of its library."""
        for error, said in (
            (ListenError("it is off"), "it is off"),
            (CannotListenError(None, "/s", "Cannot acquire lock"), "cannot acquire lock"),
            (FileNotFoundError(2, "No such file", "k.pem"), "no such file: k.pem"),
            (OSError("odd"), "OSError: odd"),
            (SSL.Error([("a", "b", "bad end line")]), "bad end line"),
            (SSL.Error(), "OpenSSL failed"),
            (
                crypto.Error([("PEM routines", "", "no start line")]),
                "privateKey and certKey: expected PEM, a key and its certificate: no start line",
            ),
            (
                VerifyError("Certificate public and private keys do not match."),
                "privateKey and certKey: the key is not that of the certificate",
            ),
            (
                TypeError("_parseTCP() got an unexpected keyword argument 'x'"),
                "got an unexpected keyword argument 'x'",
            ),
            (ValueError("Unknown endpoint type: 'tpc'"), "unknown endpoint type: 'tpc'"),
            (ValueError("two\nlines"), "two lines"),
            (ValueError(), "ValueError"),
            (
                KeyError("web"),
                "systemd handed over nothing by that number or name, see LISTEN_FDNAMES",
            ),
            (RuntimeError("odd"), "RuntimeError: odd"),
        ):
            self.assertEqual(reason(error), said)
