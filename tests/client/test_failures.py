"""What failed on the way to a server is said in words."""

from __future__ import annotations

import errno

from OpenSSL import SSL
from twisted.internet import defer, error
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived

from clace.client.failures import unreachable
from clace.client.tls import CertificateRefused


def never_received(cause):
    return ResponseNeverReceived([Failure(cause)])


class FailureTests(SynchronousTestCase):
    def test_names_the_step(self):
        """Each step that can fail has a text of its own, after the server's address."""
        handshake = SSL.Error([("SSL routines", "", "wrong version number")])
        for problem, text in (
            (
                error.ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
                "connection refused; is the server running?",
            ),
            (error.TimeoutError(), "the connection timed out"),
            (error.TCPTimedOutError(), "the connection timed out"),
            (defer.TimeoutError(600), "the server did not answer in time"),
            (error.DNSLookupError("no results"), "there is no such host"),
            (
                never_received(handshake),
                "no TLS connection: wrong version number; that port may be one for http://",
            ),
            (never_received(SSL.Error()), "no TLS connection: the handshake failed"),
            (
                never_received(error.ConnectionDone()),
                "the server closed the connection without an answer",
            ),
            (
                RequestTransmissionFailed([Failure(error.ConnectionLost())]),
                "the server closed the connection without an answer",
            ),
            (
                ResponseFailed([Failure(error.ConnectionLost())]),
                "the server closed the connection in the middle of its answer",
            ),
            (never_received(ValueError("wrong")), "the server does not speak HTTP there"),
            (ValueError("strange"), "strange"),
            (ValueError(), "ValueError"),
        ):
            told = unreachable(problem, "http://h").message
            self.assertEqual(told, f"cannot reach http://h: {text}")

    def test_names_the_check_and_the_option(self):
        """A refused certificate is told with its check, and with the ways to have it accepted."""
        problem = never_received(CertificateRefused("it has expired"))
        told = unreachable(problem, "https://h").message
        self.assertIn("the server's certificate is refused: it has expired;", told)
        self.assertIn("CL_CA_FILE or client.ca_file (--skip_cert_check", told)

    def test_keeps_the_systems_words_for_the_rest(self):
        """A failure to connect that has no words of ours has those of the system."""
        told = unreachable(error.ConnectError(errno.EIO, "I/O error"), "http://h").message
        self.assertIn("I/O error", told)
