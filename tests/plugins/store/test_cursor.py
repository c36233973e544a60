"""Pages of what was found."""

from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.store.cursor import FIRST_PAGE
from tests.support.documents import StoreHouse, sqlite_url

MEGABYTE = 1_000_000


class CursorTests(SynchronousTestCase):
    def setUp(self):
        self.store = StoreHouse(sqlite_url(self.mktemp()))
        self.addCleanup(self.store.engines.dispose)
        self.request = self.store.begin()

    def fill(self, count, text=""):
        writer = self.store.begin()
        self.successResultOf(writer.value("begin"))
        for _ in range(count):
            self.successResultOf(writer.value("insert", "thing", {"u": None, "t": text}))
        self.successResultOf(writer.value("commit"))

    def sizes(self, **kwargs):
        pages = self.successResultOf(self.request.pages("thing", {}, **kwargs))
        ids = [entry["_id"] for page in pages for entry in page]
        self.assertEqual(ids, sorted(set(ids)))
        return [len(page) for page in pages]

    def test_pages(self):
        """The first page is small, the others larger; there are as many entries as wanted."""
        self.assertEqual(self.sizes(), [0])
        self.fill(FIRST_PAGE + 600)
        self.assertEqual(self.sizes(), [FIRST_PAGE, 500, 100])
        self.assertEqual(self.sizes(limit=FIRST_PAGE), [FIRST_PAGE])
        self.assertEqual(self.sizes(limit=FIRST_PAGE + 1), [FIRST_PAGE, 1])
        self.assertEqual(self.sizes(limit=7, offset=FIRST_PAGE + 598), [2])

    def test_large_entries(self):
        """A page has so much JSON at most, but one entry always."""
        self.fill(FIRST_PAGE + 7, "a" * MEGABYTE)
        sizes = self.sizes()
        self.assertEqual(sizes, [1] * (FIRST_PAGE + 7))
        self.assertEqual(self.sizes(limit=1), [1])
        self.successResultOf(self.request.value("delete", "thing", {}))
        self.fill(20, "a" * (MEGABYTE // 10))
        self.assertEqual(self.sizes(), [2, 10, 8])
        self.assertEqual(self.sizes(limit=2), [2])
        self.assertEqual(self.sizes(limit=3), [2, 1])

    def test_nothing_kept(self):
        """Entries that are deleted while they are due leave even an empty page to go on from."""
        self.fill(FIRST_PAGE + 501)
        answer = self.successResultOf(self.request.answer("select", "thing", {}))
        condition = {"_id": {"$gt": FIRST_PAGE, "$lte": FIRST_PAGE + 500}}
        self.successResultOf(self.store.begin().value("delete", "thing", condition))
        pages = []
        more = True
        while more:
            items, more = self.successResultOf(self.request.scope.next(answer.stream))
            pages.append(len(items))
        self.assertEqual(pages, [FIRST_PAGE, 0, 1])

    def test_one_snapshot(self):
        """What is added after the question is no answer to it."""
        self.fill(FIRST_PAGE + 1)
        answer = self.successResultOf(self.request.answer("select", "thing", {}))
        self.fill(5)
        count, more = 0, True
        while more:
            items, more = self.successResultOf(self.request.scope.next(answer.stream))
            count += len(items)
        self.assertEqual(count, FIRST_PAGE + 1)

    def test_after_a_rollback(self):
        """A cursor outlives its transaction, with what is left then."""
        self.successResultOf(self.request.value("begin"))
        for _ in range(FIRST_PAGE + 5):
            self.successResultOf(self.request.value("insert", "thing", {"u": None}))
        answer = self.successResultOf(self.request.answer("select", "thing", {}))
        self.successResultOf(self.request.value("rollback"))
        scope = self.request.scope
        self.assertEqual(len(self.successResultOf(scope.next(answer.stream))[0]), FIRST_PAGE)
        self.assertEqual(self.successResultOf(scope.next(answer.stream)), ((), False))
