"""Values and functions of a host's own, as programs see them."""

from twisted.trial.unittest import SynchronousTestCase

from clace.starlark import (
    Builtin,
    EvalError,
    Failure,
    Fields,
    HostObject,
    Module,
    NoSuchAttribute,
    compile_file,
)
from clace.starlark.values.locks import Frozen, locks


class Entry(HostObject):
    """A record whose fields may be assigned to until it is frozen."""

    type_name = "entry"
    missing = "entry has no field {name}"

    def __init__(self, **fields):
        self.fields = fields
        self.frozen = False

    def __bool__(self):
        return bool(self.fields)

    def attribute(self, name):
        if name not in self.fields:
            raise NoSuchAttribute(name)
        return self.fields[name]

    def attribute_names(self):
        return list(self.fields)

    def set_attribute(self, name, value):
        if self.frozen:
            raise Failure(f"cannot set .{name} of frozen entry")
        self.fields[name] = value

    def text(self):
        return f"entry({len(self.fields)})"

    def iterate(self):
        return iter(self.fields.values())

    def length(self):
        return len(self.fields)

    def item(self, key):
        return self.fields[key]

    def set_item(self, key, value):
        self.fields[key] = value

    def contains(self, value):
        return value in self.fields

    def operate(self, operator, other, *, reflected):
        if operator != "+" or type(other) is not int:
            return NotImplemented
        return ("right" if reflected else "left", other)

    def equals(self, other):
        return type(other) is Entry and other.fields == self.fields

    def children(self):
        return self.fields.values()

    def freeze(self):
        self.frozen = True

    def __call__(self, /, *args, **kwargs):
        return (args, kwargs)


class Plain(HostObject):
    """An object that offers nothing."""

    type_name = "plain"


def run(source, **predeclared):
    """The lines that a program prints."""
    printed = []
    program = compile_file("app.star", source, predeclared=list(predeclared))
    Module(program, predeclared=predeclared, show=printed.append)
    return printed


class HookTests(SynchronousTestCase):
    def test_every_hook(self):
        """What an object offers is used by the operator, statement or function that is for it."""
        for expression, expected in (
            ("e.a", "1"),
            ('getattr(e, "a")', "1"),
            ('getattr(e, "z", 5)', "5"),
            ('hasattr(e, "z")', "False"),
            ("dir(e)", '["a", "b"]'),
            ("e", "entry(2)"),
            ("type(e)", "entry"),
            ("bool(e)", "True"),
            ("len(e)", "2"),
            ("[x for x in e]", "[1, [2]]"),
            ("list(e)", "[1, [2]]"),
            ('e["a"]', "1"),
            ('"a" in e', "True"),
            ('"z" not in e', "True"),
            ("e + 1", '("left", 1)'),
            ("1 + e", '("right", 1)'),
            ("e == e", "True"),
            ("e == 1", "False"),
            ("e(1, k = 3, *[2])", '((1, 2), {"k": 3})'),
            ("e(self = 1)", '((), {"self": 1})'),
            ('"%s" % e', "entry(2)"),
            ('"{}".format(e)', "entry(2)"),
        ):
            self.assertEqual(run(f"print({expression})\n", e=Entry(a=1, b=[2])), [expected])

    def test_assignments(self):
        """Fields and items are assigned to in every kind of target."""
        source = """
def f():
    e.a, e["b"] = 5, 6
    e.a += 1
    e["b"] *= 2
    for e.c in [7]:
        pass
    [1 for e.d, e["e"] in [(8, 9)]]
    return [e.a, e.b, e.c, e.d, e["e"]]
print(f())
"""
        self.assertEqual(run(source, e=Entry(a=1, b=2)), ["[6, 12, 7, 8, 9]"])

    def test_freezing(self):
        """An object is frozen with the module that it is a global of, and what it holds as well."""
        entry = Entry(a=[1])
        source = "kept = e\ndef f(): e.b = 2\ndef g(): e.a.append(2)\n"
        module = Module(
            compile_file("app.star", source, predeclared=["e"]), predeclared={"e": entry}
        )
        for name, message in (
            ("f", "cannot set .b of frozen entry"),
            ("g", "append: cannot append to frozen list"),
        ):
            error = self.assertRaises(EvalError, module.call, module[name])
            self.assertEqual(error.message, message)

    def test_defaults_refuse(self):
        """An object that offers nothing refuses everything, by name."""
        for use, message in (
            ("p.x", "plain has no .x field or method"),
            ("p[0]", "unhandled index operation plain[int]"),
            ("p + 1", "unknown binary op: plain + int"),
            ("1 in p", "unknown binary op: int in plain"),
            ("p()", "invalid call of non-function (plain)"),
            ("[x for x in p]", "plain value is not iterable"),
            ("len(p)", "len: value of type plain has no len"),
            ("{p: 1}", "unhashable: plain"),
            ("p < p", "plain < plain not implemented"),
            ("-p", "unknown unary op: - plain"),
        ):
            error = self.assertRaises(EvalError, run, f"print({use})\n", p=Plain())
            self.assertEqual(error.message, message)
        for statement in ("p.x = 1", "p[0] = 1", "p.x += 1"):
            self.assertRaises(EvalError, run, f"def f():\n    {statement}\nf()\n", p=Plain())

    def test_message_of_missing_attributes(self):
        """A type may word it itself; the nearest name is suggested all the same."""
        error = self.assertRaises(EvalError, run, "e.total\n", e=Entry(totals=1))
        self.assertEqual(error.message, "entry has no field total (did you mean .totals?)")

    def test_fields(self):
        """A value with fixed fields."""
        self.assertEqual(run("print(f.b, dir(f))\n", f=Fields({"b": 1, "a": 2})), ['1 ["a", "b"]'])


class BuiltinTests(SynchronousTestCase):
    def assert_says(self, call, message):
        def serve(path, port=80, *, tls=False):
            return [path, port, tls]

        found = run(f"print({call})\n", serve=Builtin("serve", serve)) if not message else None
        if found is None:
            error = self.assertRaises(
                EvalError, run, f"print({call})\n", serve=Builtin("serve", serve)
            )
            self.assertEqual(error.message, message)

    def test_wrong_arguments(self):
        """A call with wrong arguments says what was wrong, as the functions of the language do."""
        for call, message in (
            ('serve("/")', ""),
            ('serve("/", port = 1, tls = True)', ""),
            ("serve()", "serve: missing argument for path"),
            ("serve(1, 2, 3)", "serve: got 3 arguments, want at most 2"),
            (
                "serve(1, prt = 2)",
                'serve: unexpected keyword argument "prt"',
            ),
            ("serve(1, path = 2)", 'serve: got multiple values for keyword argument "path"'),
        ):
            self.assert_says(call, message)

    def test_own_faults_are_no_wrong_arguments(self):
        """A ``TypeError`` within the function is not told as a wrong call."""

        def broken(value):
            return value + None

        error = self.assertRaises(EvalError, run, "broken(1)\n", broken=Builtin("broken", broken))
        self.assertNotIn("missing argument", error.message)

    def test_failures_keep_their_cause(self):
        """The exception of a host's function is the ``cause`` of the error."""

        class Refused(Failure):
            pass

        def refuse():
            raise Refused("no")

        error = self.assertRaises(EvalError, run, "refuse()\n", refuse=Builtin("refuse", refuse))
        self.assertIsInstance(error.cause, Refused)
        self.assertEqual(str(error), "app.star:1:7: no")


class FrozenTests(SynchronousTestCase):
    def test_ends_with_its_owner(self):
        """Values are frozen for as long as their ``Frozen`` lives."""
        values = [1, {"a": [2]}]
        frozen = Frozen([values])
        self.assertIn(values, frozen)
        self.assertIn(id(values), locks)
        del frozen
        self.assertNotIn(id(values), locks)

    def test_cycles(self):
        """A value that holds itself is frozen once."""
        values = []
        values.append(values)
        self.assertIn(values, Frozen([values]))
