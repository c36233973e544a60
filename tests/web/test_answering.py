"""Whole answers, written in one piece."""

from twisted.trial.unittest import SynchronousTestCase

from clace.model.traffic import AppResponse
from clace.web.http1.answering import AppFields, own_fields


class FieldsTests(SynchronousTestCase):
    def setUp(self):
        self.made = AppFields()

    def fields(self, *headers, level=2, secure=False, status=200):
        response = AppResponse(status=status, headers=headers)
        return self.made.of(response, level, secure=secure).lines

    def test_lines(self):
        """Headers come in canonical case, with those of the security level."""
        lines = self.fields(("content-type", "text/plain"))
        self.assertIn(b"Content-Type: text/plain\r\n", lines)
        self.assertIn(b"Server: Clace\r\n", lines)
        self.assertEqual(lines.count(b"X-Content-Type-Options: nosniff\r\n"), 1)

    def test_levels_and_schemes(self):
        """Answers with the same headers are told apart by their level and scheme."""
        sent = {self.fields(level=level, secure=tls) for level in (0, 2, 5) for tls in (0, 1)}
        self.assertEqual(len(sent), 4)  # only from level 5 on does TLS make a difference
        self.assertIn(b"Strict-Transport-Security", self.fields(level=5, secure=True))
        self.assertNotIn(b"Strict-Transport-Security", self.fields(level=5))

    def test_replaces(self):
        """A header that is forced comes once, whatever the app sent; the server's name is ours."""
        lines = self.fields(("X-Frame-Options", "ALLOWALL"), ("Server", "x"), level=5)
        self.assertEqual(lines.count(b"X-Frame-Options"), 1)
        self.assertIn(b"X-Frame-Options: DENY\r\n", lines)
        self.assertEqual((lines.count(b"Server:"), lines.count(b"Server: Clace\r\n")), (1, 1))

    def test_repeated(self):
        """A header that may come twice does."""
        lines = self.fields(("Vary", "a"), ("Vary", "b"))
        self.assertIn(b"Vary: a\r\nVary: b\r\n", lines)

    def test_no_content(self):
        """Answers without content say nothing of it, though the headers are those of others."""
        headers = (("Content-Type", "text/plain"), ("ETag", '"1"'))
        self.assertIn(b"Content-Type", self.fields(*headers))
        self.assertNotIn(b"Content-Type:", self.fields(*headers, status=304))
        self.assertIn(b'ETag: "1"\r\n', self.fields(*headers, status=304))

    def test_own(self):
        """An answer of the server's own says its type, and that nobody shall guess another."""
        lines = own_fields((("content-type", "text/plain"), ("x-content-type-options", "no"))).lines
        self.assertEqual(lines, b"Content-Type: text/plain\r\nX-Content-Type-Options: nosniff\r\n")

    def test_cookies_of_the_server(self):
        """No app sets a cookie of the server's; its other headers say what they like."""
        cookie = "__Host-system_clace_session=1"
        lines = self.fields(("set-Cookie", cookie), ("Set-Cookie", "a=1"), ("X-Says", cookie))
        self.assertEqual(lines.count(b"Set-Cookie: a=1\r\n"), 1)
        self.assertEqual(lines.count(b"Set-Cookie"), 1)
        self.assertIn(b"X-Says: %b\r\n" % cookie.encode(), lines)

    def test_one_line_each(self):
        """No value begins another line."""
        header = ("Location", "/a\r\nX: y")
        self.assertIn(b"Location: /a X: y\r\n", own_fields((header,)).lines)
        self.assertIn(b"Location: /a X: y\r\n", self.fields(header))

    def test_large(self):
        """Headers of any length are sent."""
        value = "x" * 8000
        self.assertIn(value.encode(), self.fields(("ETag", value)))

    def test_any_number(self):
        """Apps may send ever new headers; few of those are kept, and none that are long."""
        for number in range(1200):
            self.fields(("ETag", str(number)))
        self.assertLessEqual(len(self.made._made), 512)
        kept = len(self.made._made)
        self.fields(("ETag", "x" * 8000))
        self.assertEqual(len(self.made._made), kept)

    def test_statuses(self):
        """Headers that were made for one status are not those of another."""
        header = ("Content-Type", "text/plain")
        for _ in range(2):
            found = [b"Content-Type:" in self.fields(header, status=one) for one in (200, 204, 500)]
            self.assertEqual(found, [True, False, True])
