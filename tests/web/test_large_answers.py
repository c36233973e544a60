"""Large answers, of whatever kind, wait at the server until their client reads."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.model.traffic import AppResponse
from clace.runtime.options import AppOptions
from clace.runtime.static.contents import ContentCache
from clace.runtime.static.representations import serve
from clace.runtime.static.serving import choose
from clace.web.admin.router import AdminRouter, RouterResource
from clace.web.error_table import ErrorTable
from clace.web.root import RootResource
from clace.web.statuses import STATUSES
from tests.support.apps import DictFiles, a_request
from tests.support.threads import at_once
from tests.support.web import Served, SlowConnection
from tests.web.test_apps import AppsCase

LARGE = bytes(range(256)) * 8192
HEAD_AND_PIECES = 200_000
GET = b"GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n"


class PaceTests(AppsCase):
    def assert_paced(self, resource):
        """Little is written ahead of the client, and all of it in the end."""
        served = Served(resource)
        connection = SlowConnection(served.site)
        connection.send(GET)
        self.assertLess(len(connection.value()), HEAD_AND_PIECES)
        while connection.read():
            self.assertLess(connection.held, HEAD_AND_PIECES)
        head, _, body = connection.value().partition(b"\r\n\r\n")
        self.assertIn(b"Content-Length: %d" % len(LARGE), head)
        self.assertFalse(connection.lost)
        stalled = SlowConnection(served.site)
        stalled.send(GET)
        stalled.read()
        served.clock.advance(served.limits.stall_seconds)
        self.assertTrue(stalled.lost)
        return body

    def test_whole_answers(self):
        """An answer that is there as a whole is sent in pieces."""
        self.apps.answer = AppResponse(body=LARGE)
        self.assertEqual(self.assert_paced(RootResource(None, self.resource())), LARGE)

    def test_static_files(self):
        """A file is sent from the one copy that others are sent too, its parts as well."""
        kept, files = ContentCache(at_once), DictFiles({"static/a": LARGE})
        choice = choose(files, "/static/a", AppOptions())
        for headers, start in (({}, 0), ({"Range": ["bytes=1000-"]}, 1000)):
            asked = a_request("/static/a", headers=headers)
            self.apps.answer = self.successResultOf(serve(files, choice, asked, kept))
            first = self.assert_paced_once(RootResource(None, self.resource()))
            self.assertEqual(first, LARGE[start:])

    def assert_paced_once(self, resource):
        connection = SlowConnection(Served(resource).site)
        connection.send(GET)
        self.assertLess(len(connection.value()), HEAD_AND_PIECES)
        while connection.read():
            pass
        return connection.value().partition(b"\r\n\r\n")[2]

    def test_admin_answers(self):
        """A large answer of the admin API is sent in pieces too."""
        router = AdminRouter()
        router.route("/open")(lambda _request: LARGE)
        resource = RouterResource(router, ErrorTable(STATUSES, lambda: "i1"))
        self.assertEqual(self.assert_paced(resource), LARGE)

    def test_head(self):
        """Nothing is sent to who asks for the head only, and its length is told."""
        self.apps.answer = AppResponse(body=LARGE)
        value = (
            Served(RootResource(None, self.resource())).ask(GET.replace(b"GET", b"HEAD")).value()
        )
        self.assertIn(b"Content-Length: %d\r\n" % len(LARGE), value)
        self.assertTrue(value.endswith(b"\r\n\r\n"))


class Slow(DictFiles):
    """Reads when it is told to, and counts."""

    def __init__(self, texts):
        super().__init__(texts)
        self.reads = 0
        self.ready = Deferred()

    async def read(self, name):
        self.reads += 1
        await self.ready
        return await super().read(name)


class SharedCopyTests(SynchronousTestCase):
    def test_readers_at_the_same_time(self):
        """A file that many ask for at once is read once, and one copy serves them all."""
        kept, files = ContentCache(at_once, limit_mb=1), Slow({"a": LARGE})
        asked = [Deferred.fromCoroutine(kept.read(files, "a")) for _ in range(20)]
        files.ready.callback(None)
        found = [self.successResultOf(one) for one in asked]
        self.assertEqual({id(one) for one in found}, {id(found[0])})
        later = self.successResultOf(kept.read(files, "a"))
        self.assertIs(later, found[0])
        self.assertEqual(files.reads, 1)

    def test_let_go(self):
        """A file too large to be kept goes with the last who is sent it, or a few files later."""
        texts = {name: name.encode() + LARGE for name in "abcde"}
        kept, files = ContentCache(at_once, limit_mb=1), Slow(texts)
        files.ready.callback(None)
        for reads, name in enumerate("abcdea", start=1):
            self.successResultOf(kept.read(files, name))
            self.assertEqual(files.reads, reads)
