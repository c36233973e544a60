"""Files compiled and run as modules."""

import gc
import json
import tracemalloc

from twisted.trial.unittest import SynchronousTestCase

from clace.starlark import EvalError, Module, SourceError, compile_file


def run(source, **options):
    printed = []
    module = Module(compile_file("app.star", source), show=printed.append, **options)
    return module, printed


class ModuleTests(SynchronousTestCase):
    def test_runs_top_level(self):
        """Printed lines come out in order, and globals are there afterwards."""
        module, printed = run("x = 1 << 31\nprint(x, str(1234567.5))\n")
        self.assertEqual(printed, ["2147483648 1.2345675e+06"])
        self.assertEqual(module["x"], 2147483648)

    def test_functions_are_called(self):
        """A function of the module can be called with Python's values."""
        module, _printed = run("def f(a, b = 2):\n    return [a, b]\n")
        self.assertEqual(module.call(module["f"], 1, {"k": None}), [1, {"k": None}])

    def test_freezes(self):
        """No function changes a global after the file was run."""
        module, _printed = run("x = [1]\ndef f():\n    x.append(2)\n")
        error = self.assertRaises(EvalError, module.call, module["f"])
        self.assertEqual(error.message, "append: cannot append to frozen list")

    def test_names_places(self):
        """An error tells the call stack with places."""
        module, _printed = run("def f(x):\n    return 1 // x\ndef g():\n    return f(0)\n")
        error = self.assertRaises(EvalError, module.call, module["g"])
        self.assertEqual(
            error.backtrace(),
            "Traceback (most recent call last):\n"
            "  app.star:4:13: in g\n"
            "  app.star:2:14: in f\n"
            "Error: floored division by zero",
        )

    def test_keywords_of_any_text(self):
        """A keyword that looks like the words of an error is told as it is, with its place."""
        for keyword in ("x.y() z", "f() missing", "a'b", "'?", "takes 2", "x() takes", "é", ""):
            source = f"def f(x = 1): pass\nf(**{{{json.dumps(keyword)}: 1}})\n"
            failure = self.assertRaises(EvalError, run, source)
            told = f'function f got an unexpected keyword argument "{keyword}"'
            self.assertEqual(failure.message, told)
            self.assertEqual(str(failure.frames[-1].position), "app.star:2:2")

    def test_long_integers(self):
        """An integer that is too long in the source is refused with its place."""
        for digits in ("9" * 40_000, "0x" + "f" * 40_000, "0b1" + "0" * 140_000):
            refused = self.assertRaises(SourceError, run, f"x = 1\ny = {digits}\n")
            self.assertIn("too large", refused.message)
            self.assertEqual(str(refused.position), "app.star:2:5")

    def test_many_clauses(self):
        """A comprehension of very many clauses is refused: compiling it would end the process."""
        source = f"x = [1 for y in [] {'for x in [1] ' * 100_000}]\n"
        refused = self.assertRaises(SourceError, run, source)
        self.assertEqual(refused.message, "excessive nesting")
        module, _printed = run(f"x = [x for x in [1] {'for y in [x] ' * 149}]\n")
        self.assertEqual(module["x"], [1])

    def test_refuses_undefined(self):
        """A name that nothing binds is refused before anything runs."""
        error = self.assertRaises(SourceError, compile_file, "app.star", "lenght = 1\nlenth(2)\n")
        self.assertEqual(str(error), "app.star:2:1: undefined: lenth (did you mean lenght?)")

    def test_loads(self):
        """``load`` binds names of another module, and only those that it has."""
        other = Module(compile_file("other.star", "answer = 1\n"))
        source = 'load("other.star", b = "answer")\nprint(b)\n'
        _module, printed = run(source, load=lambda _name: other)
        self.assertEqual(printed, ["1"])
        error = self.assertRaises(
            EvalError, run, 'load("other.star", "anser")\n', load=lambda _name: other
        )
        self.assertEqual(
            error.message, "load: name anser not found in module other.star (did you mean answer?)"
        )

    def test_long_templates(self):
        """Long texts with values in place, which visitors may have sent, are not kept."""
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        run("x = [('%s' + 'y' * 50000 + str(n)) % n for n in range(200)]\n")
        gc.collect()
        self.assertLess(tracemalloc.get_traced_memory()[0], 2_000_000)
