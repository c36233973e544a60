"""Sources laid out anew: the same for all, twice the same, and never another program."""

import json
from pathlib import Path

from hypothesis import assume, example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.starlark.errors import SourceError
from clace.starlark.formatting.layout import formatted
from clace.starlark.formatting.lexemes import COMMENT, lexemes
from clace.starlark.source.parser import parse

CORPUS = Path(__file__).parent / "corpus"
EXAMPLES = Path(__file__).parents[2] / "examples"
SPACE = st.sampled_from(["", " ", "   ", "\t"])
GAP = st.sampled_from(["", " ", "\n", "\n\n\n\n\t", "# c\n", "\n  #d \n   ", " \\\n "])
ATOMS = ("a", "1", "2.5", "'x'", '"y"', "'''\nz\n '''", "r'\\d'", "None", "'it\\'s'", "b'q'")


def _joined(*parts):
    """Texts one after another, each a strategy or a text, with spaces between them."""
    given = [each if isinstance(each, st.SearchStrategy) else st.just(each) for each in parts]
    spaced = [one for each in given for one in (SPACE, each)]
    return st.tuples(*spaced).map("".join)


def _larger(inner):
    binary = st.sampled_from(
        ["+", "-", "*", "**", "//", "%", "<", "==", "<<", "|", " in ", " and "]
    )
    return st.one_of(
        _joined("(", GAP, inner, GAP, binary, GAP, inner, GAP, ")"),
        _joined("[", GAP, inner, GAP, ",", GAP, inner, GAP, ",", GAP, "]"),
        _joined("{", GAP, inner, ":", GAP, inner, GAP, "}"),
        _joined("f(", GAP, inner, ",", GAP, "k", "=", inner, ",", "*", inner, GAP, ")"),
        _joined("a[", inner, GAP, ":", "-", inner, "]"),
        _joined("(lambda x", "=", inner, ", *y :", inner, ")"),
        _joined("[", inner, " for x in ", inner, GAP, "]"),
        _joined("(-", inner, " if not ", inner, " else ~", inner, ")"),
        _joined(inner, ".b"),
    )


EXPRESSIONS = st.recursive(st.sampled_from(ATOMS), _larger, max_leaves=6)
BREAKS = st.sampled_from(["\n", "\n\n\n\n", " # e\n", "\n# f\n", "\n      # g\n\n"])
SIMPLE = st.one_of(
    EXPRESSIONS.map(lambda text: f"v={text}"),
    EXPRESSIONS.map(lambda text: f"v  +={text} ;w"),
    EXPRESSIONS,
)
BLOCKS = st.recursive(
    st.tuples(SIMPLE.map(str.lstrip), BREAKS).map("".join),
    lambda inner: st.tuples(
        st.sampled_from(["def f ( a,b = 1 ) :", "if  a :", "for x in y:"]),
        BREAKS,
        st.lists(inner, min_size=1, max_size=3),
        st.sampled_from([" ", "   ", "\t"]),
    ).map(lambda parts: parts[0] + parts[1] + _indented("".join(parts[2]), parts[3])),
    max_leaves=5,
)


def _indented(text, by):
    """Indent lines; within brackets and texts of several lines it does not matter."""
    return "".join(f"{by}{line}\n" for line in text.splitlines())


UGLY = """
def f( a,b = 1 , *args, **kw ) :
  # first
  if a>b :
      return -a  [1 : 2]
      # deep
  # middle
  return lambda x = 1 , * y : x [ - 1 ] # at the end
# outside



x={'a' : 1,
  "b":[1,2 ,
     3],
}
app(path = '/a',
       source='it\\'s',
  # inside
   params = {
   'a':1 if x else - 2 })
y = 1 + \\
  2
"""
NEAT = """def f(a, b=1, *args, **kw):
    # first
    if a > b:
        return -a[1:2]
        # deep
    # middle
    return lambda x=1, *y: x[-1]  # at the end
# outside


x = {"a": 1,
    "b": [1, 2,
        3],
}
app(path="/a",
    source='it\\'s',
    # inside
    params={
        "a": 1 if x else -2})
y = 1 + \\
    2
"""


def tree(source):
    """The program without the places where it stands."""
    return _bare(parse("x", source))


def _bare(node):
    if isinstance(node, list | tuple):
        return [_bare(each) for each in node]
    fields = getattr(node, "__dataclass_fields__", None)
    if fields is None:
        return node
    values = {name: getattr(node, name) for name in fields}
    return type(node).__name__, {
        name: _bare(value) for name, value in values.items() if name not in PLACES
    }


PLACES = {"at", "module_at"}


class FormattedTests(SynchronousTestCase):
    def check(self, source):
        """Lay out a source; return false if it is no program."""
        try:
            parse("x", source)
        except SourceError:
            self.assertRaises(SourceError, formatted, "x", source)
            return False
        once = formatted("x", source)
        self.assertEqual(formatted("x", once), once)
        self.assertEqual(
            [each.text for each in lexemes(source) if each.kind == COMMENT],
            [each.text for each in lexemes(once) if each.kind == COMMENT],
        )
        self.assertEqual(tree(once), tree(source))
        return True

    def test_layout(self):
        """Indentation, spaces, quotes and blank lines are ours; line breaks are the author's."""
        self.assertEqual(formatted("x", UGLY), NEAT)

    def test_corpus(self):
        """Every program that we have is laid out, and is the same program."""
        files = CORPUS.glob("*.jsonl")
        sources = [json.loads(line)["source"] for file in files for line in file.open("rb")]
        sources = sources[::20] + [each.read_text() for each in EXAMPLES.rglob("*.star")]
        self.assertGreater(sum(map(self.check, sources)), 300)

    @given(st.lists(BLOCKS, max_size=4).map("".join))
    @example("a = 1 .b")
    @example("x\n  # c\n")
    @example("def f():\n  pass\n    # deeper\n# outer\n  # inner\nx")
    @example("f(a\n# c\n)")
    @example("if a: pass; b")
    def test_anything(self, source):
        """Twice is the same as once, comments are kept, and so is the program."""
        assume(self.check(source))

    @given(st.data())
    def test_spaces_do_not_matter(self, data):
        """However a program is spaced within its lines, it is laid out the same."""
        lines, line = [], ""
        for lexeme in lexemes(NEAT):
            if lexeme.breaks:
                lines += [line + ("\\" if lexeme.joined else ""), *[""] * (lexeme.breaks - 1)]
                line = " " * lexeme.column
            elif line.strip() and lexeme.text:
                line += data.draw(st.sampled_from([" ", "  ", "\t"]))
            line += lexeme.text
        source = "\n".join([*lines, line])
        self.assertEqual(formatted("x", source).strip(), NEAT.strip())

    def test_refuses(self):
        """A file that is no program is refused with the place."""
        error = self.assertRaises(SourceError, formatted, "a.ace", "x = (\n")
        self.assertIn("a.ace:2:1: ", str(error))
        self.assertEqual(formatted("a.ace", ""), "")
        self.assertEqual(formatted("a.ace", "\n\n"), "")
