"""Tests for ``clace.web.admin.browsers``."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from clace.errors import NotAllowed
from clace.web.admin.browsers import refuse_browsers

REFUSED = [
    {"Origin": "http://localhost"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "same-origin"},
    {"sec-fetch-mode": "no-cors"},
    {"Sec-Fetch-Anything-New": "?1"},
    {"Cookie": "a=b"},
    {"Referer": "http://localhost/app"},
    {"Accept-Language": ""},
    {"Content-Type": "text/plain"},
    {"Content-Type": "TEXT/Plain;charset=UTF-8"},
    {"Content-Type": " application/x-www-form-urlencoded"},
    {"Content-Type": "multipart/form-data; boundary=x"},
]
TAKEN = [
    {},
    {"Content-Type": "application/json"},
    {"Content-Type": "application/json; charset=utf-8", "User-Agent": "clace"},
    {"Accept-Encoding": "gzip", "User-Agent": "Go-http-client/1.1"},
]


class Sent:
    def __init__(self, headers):
        self.requestHeaders = Headers({name: [value] for name, value in headers.items()})


class BrowserTests(SynchronousTestCase):
    def test_refuses(self):
        """Every header that a browser adds, or that lets a page send a form, is refused by name."""
        for headers in REFUSED:
            error = self.assertRaises(NotAllowed, refuse_browsers, Sent(headers))
            (name,) = headers
            self.assertIn(name.lower(), error.message.lower())

    def test_one_bad_type_among_several(self):
        """A second header does not hide the first."""
        sent = Sent({})
        for kind in ("application/json", "text/plain"):
            sent.requestHeaders.addRawHeader("Content-Type", kind)
        self.assertRaises(NotAllowed, refuse_browsers, sent)

    def test_takes_what_programs_send(self):
        """The command line, the original's client and curl are let through."""
        for headers in TAKEN:
            refuse_browsers(Sent(headers))
