"""Documents through a real server: transactions, cursors and new versions of a schema."""

import json

from twisted.trial.unittest import SkipTest

from tests.support.postgres import fresh, postgres
from tests.system.cases import DaemonTestCase

SCHEMA = 'type("row", fields = [field("n", INT)])\n'
APP = """
load("store.in", "store")
load("exec.in", "exec")

def number(req):
    return int(req.Query.get("n", ["1"])[0])

def fill(req):
    store.begin()
    for n in range(number(req)):
        store.insert(table.row, doc.row(n))
    store.commit()
    return store.count(table.row, {}).value

def forgotten(req):
    store.begin()
    store.insert(table.row, doc.row(-1))
    return store.count(table.row, {}).value

def total(req):
    return sum_of(store.select(table.row, {"n": {"$gte": 0}}, sort = ["n:desc"]))

def sum_of(rows):
    total = 0
    for row in rows:
        total += row.n
    return total

def leaked(req):
    store.select(table.row, {})
    return "fine"

def streamed(req):
    return store.select(table.row, {}, sort = ["n"])

def renumbered(req):
    row = store.select_one(table.row, {"n": 0}).value
    row.n = 7
    store.update(table.row, row)
    again = store.select_by_id(table.row, row._id).value
    stale = store.update(table.row, row)
    return {"n": again.n, "version": again._version, "by": again._updated_by, "stale": stale.error}

def held(req):
    store.begin()
    before = store.insert(table.row, doc.row(-2)).value
    exec.run("sh", ["-c", "while [ ! -e " + req.Query["file"][0] + " ]; do sleep 0.02; done"])
    after = store.insert(table.row, doc.row(-2)).value
    store.commit()
    return [before, after, len([row for row in store.select(table.row, {"n": -2})])]

NAMES = [
    "begin", "commit", "insert", "count", "select", "select_one", "select_by_id", "update"]
app = ace.app("Rows", custom_layout = True, routes = [
    ace.api("/" + name, handler = handler) for name, handler in {
        "fill": fill, "forgotten": forgotten, "total": total, "leaked": leaked,
        "streamed": streamed, "renumbered": renumbered, "held": held}.items()],
    permissions = [ace.permission("store.in", name) for name in NAMES] + [
        ace.permission("exec.in", "run", ["sh"])])
"""


class StoreTests(DaemonTestCase):
    config = ""

    def setUp(self):
        self.folder = self.source({"app.star": APP, "schema.star": SCHEMA})
        self.daemon = self.make_daemon(self.config).start()
        self.daemon.must("app", "create", "--approve", str(self.folder), "/rows")

    def get(self, path, status=200):
        answer = self.daemon.get(f"/rows/{path}")
        self.assertEqual(answer.status, status, answer.body)
        return answer.body

    def test_documents(self):
        """What is committed stays, what is not never was; a thousand entries are read in pages."""
        self.assertEqual(json.loads(self.get("fill?n=900")), 900)
        self.assertEqual(json.loads(self.get("forgotten")), 901)
        self.assertEqual(json.loads(self.get("total")), sum(range(900)))
        rows = [json.loads(line) for line in self.get("streamed").splitlines()]
        self.assertEqual([row["n"] for row in rows], list(range(900)))
        changed = json.loads(self.get("renumbered"))
        self.assertIn("concurrently updated", changed.pop("stale"))
        self.assertEqual(changed, {"n": 7, "version": 2, "by": "admin"})
        leak = self.get("leaked", status=500)
        self.assertIn("resource has not be closed, check handler code", leak)
        self.assertIn("store.in:rows_cursor_row", leak)

    def test_others_write(self):
        """An app that does something else in a transaction does not keep others from writing."""
        self.daemon.must("app", "create", "--approve", str(self.folder), "/other")
        sign = self.daemon.home / "sign"
        holding = self.daemon.begin("GET", f"/rows/held?file={sign}")
        for _ in range(3):
            answer = self.daemon.get("/other/fill?n=5", timeout=5)
            self.assertEqual(answer.status, 200, answer.body)
        sign.touch()
        first, second, count = json.loads(holding.answer().body)
        self.assertEqual((second, count), (first + 1, 2))

    def test_new_version(self):
        """A version with another schema finds the entries of the one before."""
        self.get("fill?n=3")
        schema = 'type("row", fields = [field("n", INT), field("m", INT, 5)])\n'
        (self.folder / "schema.star").write_text(schema)
        app = APP.replace("total += row.n", "total += row.n * row.m")
        (self.folder / "app.star").write_text(app)
        self.daemon.must("app", "reload", "--approve", "--promote", "/rows")
        self.assertEqual(json.loads(self.get("total")), 15)

    def test_wrong_schema(self):
        """A schema that is wrong stops the app from being installed, with its place."""
        (self.folder / "schema.star").write_text('\ntype("a b", [])')
        done = self.daemon.cli("app", "create", "--approve", str(self.folder), "/wrong")
        self.assertEqual(done.returncode, 1)
        self.assertIn("schema.star:", done.stderr)


class PostgresTests(StoreTests):
    """The same with PostgreSQL."""

    def setUp(self):
        url, reason = postgres()
        if not url:
            raise SkipTest(reason)
        fresh(url)
        self.config = f'[plugin."store.in"]\ndb_connection = "{url}"\n'
        super().setUp()
