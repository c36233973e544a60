"""Tests for ``clace.web.root``."""

import json

from twisted.trial.unittest import SynchronousTestCase

from clace.web.root import RootResource
from tests.support.web import Served

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


class RootTests(SynchronousTestCase):
    def ask(self, path, accept="*/*", method="GET"):
        asked = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n"
        connection = Served(RootResource(None, None)).ask(asked.encode())
        head, _, body = connection.value().partition(b"\r\n\r\n")
        return connection.statuses, head, body

    def test_health(self):
        """Health is a word for everybody, browsers too."""
        for accept in ("*/*", BROWSER, "application/json"):
            statuses, _, body = self.ask("/_clace/health", accept)
            self.assertEqual((statuses, body), ([200], b"OK"))

    def test_missing(self):
        """An address without anything is a page for a browser, JSON if asked for, else a line."""
        for path in ("/", "/_clace", "/_clace/apps", "/_clace_webhook/x"):
            for accept, start in (("*/*", b"404 page not found"), (BROWSER, b"<!doctype html>")):
                statuses, _, body = self.ask(path, accept)
                self.assertEqual(statuses, [404])
                self.assertTrue(body.startswith(start), body)
            _, _, body = self.ask(path, "application/json")
            self.assertEqual(json.loads(body)["error"], "no_such_route")

    def test_head(self):
        """The head alone says how long the page is."""
        _, whole, body = self.ask("/", BROWSER)
        statuses, head, nothing = self.ask("/", BROWSER, "HEAD")
        self.assertEqual((statuses, nothing), ([404], b""))
        length = b"Content-Length: %d" % len(body)
        self.assertIn(length, whole)
        self.assertIn(length, head)
