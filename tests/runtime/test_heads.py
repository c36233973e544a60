"""What an app may say before its answer's body."""

from twisted.trial.unittest import SynchronousTestCase

from clace.frames import BadFrame
from clace.runtime.hosts.heads import _check, check_head
from clace.wire import AnswerHead


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
            check_head(AnswerHead(id=1, status=status, headers=headers))

    def test_statuses(self):
        """An answer has a status that ends the request."""
        for status in (-200, 0, 100, 101, 199, 600, 2**40):
            self.assertRaises(BadFrame, check_head, AnswerHead(id=1, status=status))

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
            ("Content-Type", "b\r\nc: d"),
            ("Content-Type", "b\0"),
            ("Content-Type", "b" * 8001),
            ("Content-Length", "0"),
            ("TRANSFER-ENCODING", "chunked"),
            ("Set-Cookie", "a=b"),
        ):
            head = AnswerHead(id=1, status=200, headers=(("HX-Trigger", "x"), (name, value)))
            self.assertRaises(BadFrame, check_head, head)

    def test_for_browsers_and_proxies(self):
        """Headers that act beyond this answer are refused, known or not."""
        for name in (
            "NEL",
            "Report-To",
            "Reporting-Endpoints",
            "X-Accel-Redirect",
            "X-Accel-Buffering",
            "X-Sendfile",
            "X-Reproxy-URL",
            "Set-Login",
            "Set-Cookie2",
            "Accept-CH",
            "Critical-CH",
            "Origin-Agent-Cluster",
            "Access-Control-Allow-Origin",
            "X-Frame-Options",
            "Content-Security-Policy",
            "Content-Encoding",
            "Surrogate-Control",
            "Refresh",
            "Link",
            "SourceMap",
            "X-Clace-Compressed",
            "X-Of-Next-Year",
        ):
            self.assertRaises(
                BadFrame, check_head, AnswerHead(id=1, status=200, headers=((name, "x"),))
            )

    def test_twice(self):
        """A header that has one value comes once; two types or two redirects are refused."""
        for name in ("Content-Type", "Location"):
            head = AnswerHead(id=1, status=200, headers=((name, "a"), (name.upper(), "b")))
            self.assertRaises(BadFrame, check_head, head)
        check_head(AnswerHead(id=1, status=200, headers=(("Vary", "A"), ("Vary", "B"))))

    def test_remembered(self):
        """Apps may send ever new headers: few of those are remembered, and none that are many; one
        that was refused is refused again.
        """
        for number in range(200):
            check_head(AnswerHead(id=1, status=200, headers=(("ETag", str(number)),)))
        self.assertLessEqual(_check.cache_info().currsize, 64)
        before = _check.cache_info()
        check_head(AnswerHead(id=1, status=200, headers=tuple(("Vary", "a") for _ in range(9))))
        self.assertEqual(_check.cache_info(), before)
        for _ in range(2):
            head = AnswerHead(id=1, status=200, headers=(("Set-Cookie", "a=b"),))
            self.assertRaises(BadFrame, check_head, head)
