"""Programs reach nothing but what the language and their host give them."""

import sys
import warnings

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.starlark import EvalError, Module, SourceError, compile_file
from clace.starlark.library import json, struct
from clace.starlark.values.registry import METHODS
from tests.support.starlark_oracle.grammar import make

PREDECLARED = {"struct": struct, "json": json}
VALUES = (
    "None",
    "True",
    "1",
    "1 << 70",
    "1.5",
    '"a"',
    'b"a"',
    "[1]",
    "(1,)",
    '{"a": 1}',
    "set([1])",
    "range(3)",
    "len",
    "print",
    '"a".upper',
    "[].append",
    '"a".elems()',
    '"é".codepoints()',
    'b"a".elems()',
    "(lambda x: x)",
    "struct(a = 1)",
    "json",
    "json.encode",
)
HOSTILE = sorted(
    {
        name
        for kind in (object, int, str, list, dict, type(len), type(compile_file))
        for name in dir(kind)
    }
    - {"encode"}
    - {name for methods in METHODS.values() for name in methods}
    | {
        "f_back",
        "f_globals",
        "f_locals",
        "f_builtins",
        "gi_frame",
        "gi_code",
        "cr_frame",
        "ag_frame",
        "tb_frame",
        "co_code",
        "co_consts",
        "__globals__",
        "__builtins__",
        "__closure__",
        "__subclasses__",
        "__mro__",
        "__bases__",
        "__wrapped__",
        "__self__",
        "func_globals",
        "im_func",
        "mro",
        "attribute",
        "attribute_names",
        "children",
        "freeze",
        "type_name",
        "receiver",
        "_fields",
        "_function",
        "_signature",
        "value",
        "data",
        "string",
        "method",
    }
)


def run(source):
    """The lines that a program prints."""
    printed = []
    program = compile_file("app.star", source, predeclared=list(PREDECLARED))
    Module(program, predeclared=PREDECLARED, show=printed.append)
    return printed


class AttributeTests(SynchronousTestCase):
    def test_hasattr_and_getattr(self):
        """No value has an attribute of Python's, by whatever way it is asked for."""
        names = repr(HOSTILE).replace("'", '"')
        for value in VALUES:
            source = f"""
x = {value}
print([n for n in {names} if hasattr(x, n)])
print([n for n in {names} if getattr(x, n, None) != None])
print([n for n in dir(x) if n in {names} or n[0] == "_"])
"""
            self.assertEqual(run(source), ["[]", "[]", "[]"], value)

    def test_dots(self):
        """Reading, calling and assigning are refused as well."""
        for value in VALUES:
            for name in ("__class__", "__globals__", "f_back", "__dict__", "_fields", "receiver"):
                for use in (f"x.{name}", f"x.{name}()", f"x.{name}.y"):
                    error = self.assertRaises(EvalError, run, f"x = {value}\nprint({use})\n")
                    self.assertIn(f" has no .{name} ", error.message)
                source = f"def f():\n    x = {value}\n    x.{name} = 1\nf()\n"
                self.assertRaises(EvalError, run, source)

    def test_formats(self):
        """Templates take no attributes or items of their values."""
        for value in VALUES:
            for template in ("{0.__class__}", "{x.__globals__}", "{0[0]}", "{x[a]}", "{0!a}"):
                source = f'print("{template}".format({value}, x = {value}))\n'
                self.assertRaises(EvalError, run, source)
        self.assertRaises(EvalError, run, 'print("%(x)s" % 1)\n')
        self.assertEqual(run('print("%(__class__)s" % {"__class__": 1})\n'), ["1"])

    @given(st.text(st.characters(codec="utf-8"), max_size=20), st.sampled_from(VALUES))
    def test_any_name(self, name, value):
        """A value has an attribute of a name if ``dir`` has it, and no other."""
        quoted = '"' + "".join(f"\\U{ord(one):08x}" for one in name) + '"'
        printed = run(f"x = {value}\nprint(hasattr(x, {quoted}) == ({quoted} in dir(x)))\n")
        self.assertEqual(printed, ["True"])


class NameTests(SynchronousTestCase):
    def test_python_builtins(self):
        """None of Python's own functions and variables is there."""
        for name in ("__builtins__", "__import__", "__name__", "eval", "exec", "open", "object"):
            self.assertRaises(SourceError, compile_file, "app.star", f"print({name})\n")

    def test_special_names(self):
        """Names that Python keeps to itself are a program's like all others."""
        for name in ("__builtins__", "__debug__", "__name__", "assert", "exec", "__class__"):
            source = f"""
{name} = 1
def f({name}, *, b = 2, **more):
    def g():
        return {name}
    return g() + b, [{name} for {name} in [5]], more
print({name}, f({name} = 3), f(1, **{{"c": 1}}))
"""
            expected = '1 (5, [5], {}) (3, [5], {"c": 1})'
            self.assertEqual(run(source), [expected], name)

    def test_named_arguments(self):
        """Arguments may have any name, also ``self``."""
        self.assertEqual(
            run('print(struct(self = 1, cls = 2), dict(self = 3), "{self}".format(self = 4))\n'),
            ['struct(cls = 2, self = 1) {"self": 3} 4'],
        )


def endings(source):
    """How a source ends: ``None`` if it was compiled and run."""
    try:
        run(source)
    except (SourceError, EvalError) as error:
        return error
    return None


class TextTests(SynchronousTestCase):
    @given(st.text(max_size=60))
    def test_any_text(self, source):
        """Whatever the text, it is compiled, or refused with a place."""
        endings(source)

    @given(st.text("()[]{}'\"\\#:;,.=+-*/ \n\tifdeforlambdnx0189_é", max_size=80))
    def test_like_a_program(self, source):
        """So is text of the characters that programs are made of."""
        endings(source)

    @given(st.randoms(use_true_random=False))
    def test_programs(self, random):
        """Programs by the grammar, some of them broken, end as a program may."""
        endings(make(random)["source"])

    def test_no_warnings(self):
        """Python's warnings about odd code stay within."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for source in ('1 == "a"\n', "()()\n", '"a"[1.5]\n', "print([1][None, 2])\n", "1(2)\n"):
                endings(source)


_DEEP = (
    ("(" * 400 + ")" * 400, "parentheses"),
    ("[" * 400 + "]" * 400, "lists"),
    ("{1:" * 400 + "1" + "}" * 400, "dicts"),
    ("-" * 1500 + "1", "signs"),
    ("not " * 1500 + "1", "negations"),
    ("lambda: " * 400 + "1", "lambdas"),
    ("1 if 1 else " * 600 + "1", "conditions"),
    ("x" + ".y" * 1500, "attributes"),
    ("x" + "[0]" * 1500, "indexes"),
    ("x" + "()" * 1500, "calls"),
    ('"a"' + ".upper()" * 1500, "methods"),
    ("f(" * 400 + ")" * 400, "arguments"),
    ("1 + (" * 400 + "1" + ")" * 400, "sums"),
    ("2 ** " * 10, "operators"),
    (" + ".join(["1"] * 2_000), "terms"),
    (" or ".join(["0"] * 2_000), "alternatives"),
    (" == ".join(["(0"] * 300) + ")" * 300, "comparisons"),
    ("[x" + " for x in [1]" * 300 + "]", "clauses"),
    ("[x" + " for x in [1]" + " if 1" * 3000 + "]", "guards"),
)


class DepthTests(SynchronousTestCase):
    """No nesting brings the interpreter down, at Python's own limit of recursion or above."""

    def deepest(self, limit):
        before = sys.getrecursionlimit()
        self.addCleanup(sys.setrecursionlimit, before)
        sys.setrecursionlimit(limit)
        for expression, what in _DEEP:
            with self.subTest(what):
                endings(f"x = 1\ny = {expression}\n")
                endings(f"def f(x):\n    return [{expression} for y in [1]]\n")

    def test_deep_sources(self):
        """Deep expressions are compiled or refused."""
        self.deepest(sys.getrecursionlimit())
        self.deepest(3000)

    def test_deep_statements(self):
        """So are blocks in blocks."""
        for head in ("if 1:", "for x in [1]:", "while 1:", "def f():"):
            lines = [" " * level + head for level in range(1, 120)]
            source = "\n".join(["def f():", *lines, " " * 120 + "return 1"])
            endings(source + "\nf()\n")

    def deep_values(self, limit):
        before = sys.getrecursionlimit()
        self.addCleanup(sys.setrecursionlimit, before)
        sys.setrecursionlimit(limit)
        for kind in ("[x]", "(x,)", "{1: x}", "struct(a = x)"):
            for use in ("str(x)", "x == y", "{x: 1}", "json.encode(x)", "[x] < [y]", "hash(x)"):
                source = f"""
def deep():
    x = ()
    for _ in range(4000):
        x = {kind}
    return x
def f():
    x, y = deep(), deep()
    return {use}
f()
"""
                with self.subTest(f"{kind} {use}"):
                    endings(source)

    def test_deep_values(self):
        """Values within values are worked with, or that is refused."""
        self.deep_values(sys.getrecursionlimit())
        self.deep_values(3000)

    def test_deep_calls(self):
        """Endless recursion of every kind is an error of the program."""
        for body in (
            "f()",
            "sorted([2, 1], key = lambda x: f())",
            "[f() for x in [1]]",
            "max([1, 2], key = lambda x: f())",
            '"".join([f()])',
            "f(*[], **{})",
            "struct(a = f())",
        ):
            error = endings(f"def f():\n    return {body}\nf()\n")
            self.assertEqual(error.message, "Starlark stack overflow", body)
