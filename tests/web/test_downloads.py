"""Files on their way to users."""

import io
from types import SimpleNamespace

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.web.apps.downloads import Downloads
from tests.support.apps import an_app
from tests.support.threads import at_once


class DownloadsTests(SynchronousTestCase):
    def answer(self, content, size=None):
        """The answer for a file of this content; what it is told at its end is kept."""
        self.ends = []
        download = SimpleNamespace(
            file=io.BytesIO(content),
            size=len(content) if size is None else size,
            name="r\xe9port",
            mime_type="text/csv",
            close=self.ends.append,
        )

        async def open_file(*_):
            return download

        offered = Downloads(open_file, at_once)
        return self.successResultOf(offered.answer(an_app(), "ann", "usr_file_1"))

    def next(self, body):
        return Deferred.fromCoroutine(body.__anext__())

    def close(self, body):
        self.successResultOf(body.aclose())

    def test_head(self):
        """An answer says what comes, and that nobody may keep it."""
        headers = dict(self.answer(b"hello").headers)
        self.assertEqual(headers["Content-Type"], "text/csv")
        self.assertEqual(headers["Content-Length"], "5")
        self.assertEqual(headers["Content-Disposition"], "attachment; filename*=UTF-8''r%C3%A9port")
        self.assertEqual(headers["Cache-Control"], "no-store")

    def test_whole(self):
        """A file comes in pieces; who asked for more after the last one has all of it."""
        content = b"x" * 600_000
        body = self.answer(content).body

        async def take():
            return [piece async for piece in body]

        pieces = self.successResultOf(take())
        self.assertEqual(b"".join(pieces), content)
        self.assertGreater(len(pieces), 1)
        self.close(body)
        self.close(body)
        self.assertEqual(self.ends, [True])

    def test_left(self):
        """Who leaves in between, or before the last piece was on its way, has not got it."""
        body = self.answer(b"hello").body
        self.successResultOf(self.next(body))
        self.close(body)
        self.assertEqual(self.ends, [False])

    def test_not_begun(self):
        """A body that nobody began, as for HEAD, can be closed and was not delivered."""
        for content in (b"hello", b""):
            self.close(self.answer(content).body)
            self.assertEqual(self.ends, [False])

    def test_empty(self):
        """An empty file is delivered by its end."""
        body = self.answer(b"").body
        self.failureResultOf(self.next(body), StopAsyncIteration)
        self.close(body)
        self.assertEqual(self.ends, [True])

    def test_shorter(self):
        """A file that became shorter breaks off, and was not delivered."""
        body = self.answer(b"hello", size=6).body
        self.successResultOf(self.next(body))
        self.failureResultOf(self.next(body), EOFError)
        self.close(body)
        self.assertEqual(self.ends, [False])
