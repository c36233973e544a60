"""``schema.star``, entries as apps handle them, and loops over what the store finds."""

import json

from twisted.trial.unittest import SynchronousTestCase

from clace.host.faults import AppFault
from clace.model.app import PluginManifest
from clace.wire import CallAnswer
from tests.support.apps import a_request
from tests.support.hosted import FakeDaemon, hosted

STORE = PluginManifest("store.in", dict.fromkeys(("select", "select_one", "update"), True))
SCHEMA = """
type("note",
    fields = [field("title", STRING), field("n", INT, 1), field("tags", LIST, default = [])],
    indexes = [index(["n:desc", "title"], unique = True)])
type("in", fields = [field("items", DICT)])
"""
APP = """
load("store.in", "store")
{}
app = ace.app("Notes", routes = [ace.api("/")])
"""


def stored(n):
    return {"_id": n, "_updated_at": 5, "title": f"t{n}", "n": n, "tags": []}


def cursor(number=1):
    return CallAnswer(call=1, stream=number, shape="cursor")


def page(*numbers, more=False):
    return CallAnswer(call=1, value=[stored(number) for number in numbers], more=more)


class SchemaCase(SynchronousTestCase):
    def app(self, code="", schema=SCHEMA, **files):
        texts = {"app.star": APP.format(code), "schema.star": schema, **files}
        return hosted(texts, plugins=(STORE,), loads=("store.in",))

    def run_app(self, code, *answers, items=(), **files):
        """What the handler with this body returns."""
        lines = "".join(f"    {line}\n" for line in code.strip().split("\n"))
        self.daemon = FakeDaemon(*answers)
        self.daemon.items = list(items)
        app = self.app(f"def handler(req):\n{lines}", **files)
        return json.loads(app.respond(a_request("/"), self.daemon).body)

    def refusal(self, code, *answers, **options):
        with self.assertRaises(AppFault) as caught:
            self.run_app(code, *answers, **options)
        return caught.exception.message


class DeclarationTests(SchemaCase):
    def test_told(self):
        """The daemon is told what was declared, in plain values."""
        note, other = self.app().loaded.options["schema"]["types"]
        self.assertEqual((note["name"], other["name"]), ("note", "in"))
        self.assertEqual(note["fields"][1], {"name": "n", "type": "INT", "default": 1})
        self.assertEqual(note["indexes"], ({"fields": ("n:desc", "title"), "unique": True},))

    def test_none(self):
        """Without the file there are no types, and neither doc nor table."""
        app = hosted({"app.star": 'app = ace.app("A", routes = [ace.api("/")])\nhandler = str\n'})
        self.assertEqual(app.loaded.options["schema"], {"types": ()})
        with self.assertRaisesRegex(AppFault, "doc"):
            hosted({"app.star": 'x = doc\napp = ace.app("A")'})

    def test_mistakes(self):
        """What is wrong in the file is said with its place."""
        for text, expected in {
            'type("a b", fields = [])': "schema.star:1:5: invalid name 'a b'",
            '\ntype("a", fields = [field("x", "FLOAT")])': "types are INT, STRING, BOOLEAN, LIST",
            'type("a", [])\ntype("a", [])': "schema.star:2:5: duplicate type a",
            'type("a", [field("x", INT), field("x", INT)])': "duplicate field x in type a",
            'type("a", [], indexes = [index(["x"])])': "index field x not defined in type a",
            'type("a", [field("x", INT)], [index(["x:up"])])': "invalid index field x:up",
            'type("a", [field("x", INT, "s")])': "default of field x is not of type INT",
            'type("a", [field("_id", INT)])': "field name _id is reserved",
            'type("a", fields = 3)': "schema.star:1:5: fields: expected a list, got an int",
            'type("a", fields = [len])': "schema.star:1:5: unrecognized starlark type",
            'load("app.star", "x")': "cannot load app.star: schema.star loads nothing",
            "field(": "schema.star:1",
            "x = ace": "schema.star:1:5: undefined: ace",
        }.items():
            with self.assertRaises(AppFault) as caught:
                self.app(schema=text)
            self.assertIn(expected, caught.exception.located())


class EntryTests(SchemaCase):
    def test_made(self):
        """An entry has its fields by position or name, defaults of its own, and what all have."""
        entry = self.run_app('return doc.note("a", tags = ["x"])')
        reserved = {"_id": 0, "_version": 0, "_created_at": 0, "_updated_at": 0}
        people = {"_created_by": "", "_updated_by": ""}
        self.assertEqual(entry, {**reserved, **people, "title": "a", "n": 1, "tags": ["x"]})
        two = 'one, other = doc.note("a"), doc.note("b")\none.tags.append(1)\nreturn other.tags'
        self.assertEqual(self.run_app(two), [])

    def test_wrongly_made(self):
        """What is missing, unknown or given twice is named."""
        for arguments, expected in {
            "": "doc.note: missing argument for title",
            '"a", 1, [], 3': "doc.note: got 4 arguments, want at most 3",
            '"a", title = "b"': "doc.note: got multiple values for title",
            '"a", x = 1': "doc.note: unexpected keyword argument x",
            'titel = "a"': "doc.note: unexpected keyword argument titel; did you mean title?",
            '"a", _id = 1': "doc.note: got multiple values for _id",
        }.items():
            self.assertEqual(self.refusal(f"return doc.note({arguments})"), expected)

    def test_attributes(self):
        """Attributes are read and set; whoever has the entry sees it."""
        code = """
entry = doc.note("a")
kept = [entry]
entry.title = "b" if entry.n else ""
entry.n += 4; entry.n *= (2 +
    1)
kept[0].tags = "x", entry._id
kept[0].tags += [True,
    entry.title]
return [entry.title, entry.n, kept[0].tags, hasattr(entry, "n"), hasattr(entry, "x"),
    getattr(entry, "n"), getattr(entry, "x", 7), entry["n"], "n" in entry]
"""
        shown = self.run_app(code.replace('"x", entry._id', '["x", entry._id]'))
        expected = ["b", 15, ["x", 0, True, "b"], True, False, 15, 7, 15, True]
        self.assertEqual(shown, expected)

    def test_unknown_attribute(self):
        """Only what is declared can be set, and only of an entry."""
        self.assertEqual(self.refusal('entry = doc.note("a")\nentry.x = 1'), "entry has no field x")
        self.assertEqual(
            self.refusal("s = struct(n = 1)\ns.n = 2"), "can't assign to .n field of struct"
        )
        self.assertEqual(self.refusal('return doc.note("a").x'), "entry has no field x")

    def test_evaluated_once(self):
        """To change an attribute evaluates what has it once."""
        code = """
seen = []
def one():
    seen.append(1)
    return entry
entry = doc.note("a")
one().n += 1
return [len(seen), entry.n]
"""
        self.assertEqual(self.run_app(code), [1, 2])

    def test_names_that_mean_something(self):
        """Fields may be called as methods or keywords are; other values keep their own."""
        code = """
entry = getattr(doc, "in")({"a": 1})
plain = {"k": 2}
table_name = getattr(table, "in")
return [entry.items["a"], plain.items(), struct(items = 3).items, table.note, table_name]
"""
        self.assertEqual(self.run_app(code), [1, [["k", 2]], 3, "note", "in"])

    def test_other_files(self):
        """Each file of the app has doc and table."""
        other = 'def make():\n    e = doc.note("a")\n    e.n = 9\n    return [e.n, table.note]\n'
        made = self.app(
            'load("other.star", "make")\ndef handler(req):\n    return make()',
            **{"other.star": other},
        )
        self.assertEqual(made.respond(a_request("/"), FakeDaemon()).body, b'[9,"note"]\n')

    def test_sent(self):
        """An entry goes to the plugin as a plain dict."""
        code = """
found = store.select_one(table.note, {"n": 1})
found.value.title = "z"
store.update(table.note, found.value)
"""
        self.run_app(code, CallAnswer(call=1, value=stored(1)), CallAnswer(call=2, value=1))
        (_, function, args, _) = self.daemon.calls[1]
        self.assertEqual((function, args), ("update", ("note", {**stored(1), "title": "z"})))

    def test_place_of_a_fault(self):
        """A fault is at the place that its code has in the app's own text."""
        with self.assertRaises(AppFault) as caught:
            self.run_app('entry = doc.note("a")\nentry.title = fail("no")')
        self.assertEqual(str(caught.exception.place), "app.star:5:23")


class CursorTests(SchemaCase):
    SELECT = "store.select(table.note, {})"

    def test_loop(self):
        """A loop has all entries of all pages; so has one over the value."""
        for asked in (self.SELECT, f"{self.SELECT}.value"):
            code = f"got = []\nfor row in {asked}:\n    got.append(row.title)\nreturn got"
            pages = [page(1, 2, more=True), page(more=True), page(3)]
            self.assertEqual(self.run_app(code, cursor(), items=pages), ["t1", "t2", "t3"])
            self.assertEqual(self.daemon.items, [])

    def test_break(self):
        """A loop that is left early reads no more of the cursor than it needs."""
        code = f"for row in {self.SELECT}:\n    if row.n > 1: break\nreturn row.n"
        pages = [page(1, 2, more=True), page(3)]
        self.assertEqual(self.run_app(code, cursor(), items=pages), 2)
        self.assertEqual(self.daemon.items, pages[1:])

    def test_functions(self):
        """What takes something to iterate over takes a cursor."""
        for expression, expected in {
            "[r.n for r in {} if r.n != 2]": [1, 3],
            "{{r.title: r.n for r in {}}}": {"t1": 1, "t2": 2, "t3": 3},
            "[r.n for r in list({})]": [1, 2, 3],
            "[r.n for r in sorted({}, key = lambda r: -r.n)]": [3, 2, 1],
            "len({})": 3,
            "[i for i, r in enumerate({})]": [0, 1, 2],
            "[r.n for r in reversed(list({}))]": [3, 2, 1],
            "[a for a, b in zip([7], {})]": [7],
        }.items():
            code = f"return {expression.format(self.SELECT)}"
            self.assertEqual(self.run_app(code, cursor(), items=[page(1, 2, 3)]), expected)

    def test_response(self):
        """A cursor is a response that is no stream, and true."""
        code = f"""
found = {self.SELECT}
state = [found.is_stream, found.error, bool(found)]
return state + [row.n for row in found]
"""
        shown = self.run_app(code, cursor(), items=[page(1, 2, 3)])
        self.assertEqual(shown, [False, None, True, 1, 2, 3])

    def test_failed(self):
        """A query that failed ends the loop's handler, unless the app looks first."""
        failed = CallAnswer(call=1, error="no such field", error_code=1)
        self.assertEqual(
            self.refusal(f"return [r for r in {self.SELECT}]", failed), "no such field"
        )
        code = f"found = {self.SELECT}\nif not found: return [found.error]\nreturn list(found)"
        self.assertEqual(self.run_app(code, failed), ["no such field"])

    def test_failed_page(self):
        """A page that cannot be had ends the handler."""
        pages = [page(1, more=True), CallAnswer(call=1, error="the disk is full")]
        error = self.refusal(f"return [r for r in {self.SELECT}]", cursor(), items=pages)
        self.assertEqual(error, "the disk is full")

    def test_lists_stay(self):
        """Other values are iterated over as ever."""
        code = "return [[x for x in [1, 2]], len('ab'), [k for k in {'a': 1}], sorted([2, 1])]"
        self.assertEqual(self.run_app(code), [[1, 2], 2, ["a"], [1, 2]])
