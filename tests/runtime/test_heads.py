"""What an app may say before its answer's body."""

from twisted.trial.unittest import SynchronousTestCase

from clace.runtime.heads import check_head
from clace.wire import BadFrame, Head


class HeadTests(SynchronousTestCase):
    def test_what_apps_say(self):
        """Types, redirects and what is for scripts of the page."""
        headers = (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Location", "/app/\u00e4?x=1"),
            ("Vary", "HX-Request"),
            ("HX-Retarget", ""),
        )
        for status in (200, 303, 599):
            check_head(Head(id=1, status=status, headers=headers))

    def test_statuses(self):
        """An answer has a status that ends the request."""
        for status in (-200, 0, 100, 101, 199, 600, 2**40):
            self.assertRaises(BadFrame, check_head, Head(id=1, status=status))

    def test_headers(self):
        """Names are names, values are one line, and the server's own are not for apps."""
        for name, value in (
            ("", "x"),
            ("X A", "x"),
            ("X-A:", "x"),
            ("X-A\r\n", "x"),
            ("X-\u20ac", "x"),
            ("X" * 300, "x"),
            ("X-A", "b\r\nc: d"),
            ("X-A", "b\0"),
            ("Content-Length", "0"),
            ("TRANSFER-ENCODING", "chunked"),
            ("Set-Cookie", "a=b"),
        ):
            head = Head(id=1, status=200, headers=(("X-Good", "x"), (name, value)))
            self.assertRaises(BadFrame, check_head, head)
