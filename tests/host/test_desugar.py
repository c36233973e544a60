"""The rewriting of Starlark so that responses can be read and tested."""

import ast

import msgspec
import starlark
from hypothesis import given, settings
from hypothesis import strategies as st
from starlark import LibraryExtension, StarlarkError
from twisted.trial.unittest import SynchronousTestCase

from clace.host import prelude
from clace.host.desugar import may_hold_responses, rewrite

GLOBALS = starlark.Globals.extended_by([LibraryExtension.StructType, LibraryExtension.Json])
DIALECT = starlark.Dialect.extended()


def module_of_ace():
    module = starlark.Module()
    module.add_callable("ace__host", lambda _operation, _text: "")
    starlark.eval(module, starlark.parse("ace", prelude.PRELUDE, DIALECT), GLOBALS)
    return module.freeze()


ACE = module_of_ace()
IMPORT = "load({})".format(
    ", ".join(msgspec.json.encode(name).decode() for name in ("ace", *prelude.EXPORTED))
)


def evaluated(text):
    """What ``result`` is after the text, or that it failed."""
    module = starlark.Module()
    loader = starlark.FileLoader(lambda _name: ACE)
    starlark.eval(module, starlark.parse("import", IMPORT, DIALECT), GLOBALS, loader)
    try:
        starlark.eval(module, starlark.parse("app.star", text, DIALECT), GLOBALS)
        starlark.eval(module, starlark.parse("end", "shown = repr(result)", DIALECT), GLOBALS)
    except StarlarkError:
        return "failed"
    return module["shown"]


NAMES = ("a", "b", "c")
START = """
a = struct(value = 0, error = "", error_code = 3, is_stream = [1])
b = {"x": []}
c = ""
"""


LEAVES = (
    *NAMES,
    "a.value",
    "a . error",
    "a.error_code",
    "a.is_stream",
    "0",
    "1",
    '""',
    '"é"',
    "[]",
    "None",
    "False",
    "dict()",
    'getattr(a, "value")',
    "(a)",
    "(\n a\n).value",
)
BRANCHES = (
    "({} or {})",
    "({} and {})",
    "(not {})",
    "({} if {} else {})",
    "[{} for x in [1, 2] if {}]",
    "[{}, {}]",
    "bool({})",
    "str({})",
    "({} == {})",
    "({}) or ({}) or {}",
    "({} and {} or {})",
    "(lambda y: {} or y)({})",
    "({} # note\n or {})",
    "struct(value = {}, error = {}).value",
    "len([{}])",
    "(({}).value)",
    "({} or  {} and not  {})",
    "any([{}])",
    "all([{}, {}])",
    "[x for x in [{}][0:]]",
    "list([{}][0:])",
    "sorted([{}, {}], key = lambda x: len(x))",
    "({}).get({}, {})",
    '("x".join([]) or "y".upper() or {} or "z".lower())',
)


@st.composite
def expressions(draw, depth=3):
    """An expression of leaves in branches."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(LEAVES))
    branch = draw(st.sampled_from(BRANCHES))
    return branch.format(*(draw(expressions(depth - 1)) for _ in range(branch.count("{}"))))


EXPRESSIONS = expressions()


class RewriteTests(SynchronousTestCase):
    @settings(max_examples=300, deadline=None)
    @given(EXPRESSIONS)
    def test_keeps_the_meaning(self, expression):
        """A program without responses comes to what it came to."""
        text = f"{START}def f():\n    return (\n{expression}\n)\nresult = f()\n"
        self.assertEqual(evaluated(rewrite(text).text), evaluated(text), text)

    @settings(max_examples=200, deadline=None)
    @given(EXPRESSIONS)
    def test_keeps_the_meaning_beside_entries(self, expression):
        """An app with a schema comes to what it came to, whatever its fields are called."""
        fields = frozenset({"value", "upper", "get", "items", "join", "x"})
        text = f"{START}def f():\n    return (\n{expression}\n)\nresult = f()\n"
        self.assertEqual(evaluated(rewrite(text, fields).text), evaluated(text), text)

    @settings(max_examples=300, deadline=None)
    @given(EXPRESSIONS, EXPRESSIONS)
    def test_keeps_the_lines(self, one, other):
        """No line moves to another number."""
        text = f"def f():\n    if ({one}):\n        return ({other})\n"
        self.assertEqual(rewrite(text).text.count("\n"), text.count("\n"))
        ast.parse(rewrite(text).text)

    @settings(max_examples=200, deadline=None)
    @given(EXPRESSIONS)
    def test_gives_back_columns(self, expression):
        """A name that both texts have is found at the column that it had."""
        text = f"x = [({expression}), marked]".replace("\n", " ").replace("# note", "")
        rewritten = rewrite(text)
        column = rewritten.text.index("marked") + 1
        self.assertEqual(rewritten.original_column(1, column), text.index("marked") + 1)

    @given(st.text(alphabet="ab.value() \n\t:=or[]#'\"\\iflambdané", max_size=60))
    def test_never_fails(self, text):
        """Any text can be rewritten, or is left as it is."""
        rewrite(text)

    def test_leaves_assignments(self):
        """Only what is read is rewritten, in an app without a schema."""
        text = "x.value = 3\nx.error += 1\n"
        self.assertEqual(rewrite(text).text, text)
        self.assertNotEqual(rewrite(text, frozenset({"n"})).text, text)

    def test_leaves_other_assignments(self):
        """Only an assignment to one attribute is to an entry."""
        for text in ("x[0] = 1", "x = 1", "a.n, b.n = 1, 2", "(a.n) = 1", "a = b = 1", "x += 1"):
            self.assertEqual(rewrite(text, frozenset({"n"})).text, text)

    def test_leaves_own_functions(self):
        """A name that the app gives a meaning keeps it."""
        text = "def str(x):\n    return bool(x)\nresult = str(1)\n"
        self.assertEqual(rewrite(text).text, text.replace("bool(x)", "ace__bool(x)"))

    def test_leaves_what_python_cannot_read(self):
        """What is no Python is left for Starlark to complain of."""
        self.assertEqual(rewrite("x = = 1").text, "x = = 1")
        nested = "x = " + "(" * 5000 + ")" * 5000
        self.assertEqual(rewrite(nested).text, nested)

    def test_knows_the_globals(self):
        """The names that the top level binds are told, those of functions are not."""
        text = 'load("b.star", "q")\na, b = 1, 2\ndef f(x):\n    y = 1\nfor i in []:\n    c = i\n'
        self.assertEqual(rewrite(text).globals, ("a", "b", "f", "c"))

    def test_knows_who_needs_it(self):
        """Only an app that loads a plugin or makes an output can hold a response."""
        self.assertTrue(may_hold_responses([b'load("exec.in", "exec")']))
        self.assertTrue(may_hold_responses([b"x = 1", b"ace.output(1)"]))
        self.assertFalse(may_hold_responses([b'load("other.star", "x")\nx.value']))
