"""Compiled programs kept as bytes."""

import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from benchmarks.starlark import long_program
from clace.starlark import (
    EvalError,
    Module,
    Options,
    cache_key,
    compile_file,
    dump,
    load_program,
)

FAILING = """
def pick(x, i):
    return {"a": x[i], [1][0]: 2}
def run(i):
    return pick([1], i)
"""


class CacheTests(SynchronousTestCase):
    def test_runs_as_before(self):
        """A program that was loaded fails as the one that was dumped, with the same places."""
        program = compile_file("app.star", FAILING)
        again = load_program(dump(program))
        self.assertEqual(again, program)
        for index in (9, "a"):
            texts = []
            for one in (program, again):
                module = Module(one)
                error = self.assertRaises(EvalError, module.call, module["run"], index)
                texts.append(error.backtrace())
            self.assertEqual(texts[0], texts[1])
            self.assertIn("app.star:3:19: in pick", texts[0])

    def test_loads_quickly(self):
        """Five hundred lines are loaded in less than a tenth of the time that compiling takes."""
        source = long_program(9)
        began = time.process_time()
        data = dump(compile_file("app.star", source, predeclared=("struct", "json")))
        compiled = time.process_time()
        for _ in range(20):
            load_program(data)
        loaded = (time.process_time() - compiled) / 20
        self.assertLess(loaded, (compiled - began) / 10)

    def test_keys(self):
        """Whatever changes the result changes the key."""
        same = {"version": "1", "predeclared": ("a", "b"), "options": Options()}
        key = cache_key("app.star", "x = 1", **same)
        self.assertEqual(key, cache_key("app.star", "x = 1", **same | {"predeclared": ("b", "a")}))
        others = {
            cache_key("b.star", "x = 1", **same),
            cache_key("app.star", "x = 2", **same),
            cache_key("app.star", "x = 1", **same | {"version": "2"}),
            cache_key("app.star", "x = 1", **same | {"predeclared": ("a",)}),
            cache_key("app.star", "x = 1", **same | {"options": Options(sets=False)}),
        }
        self.assertEqual(len(others - {key}), 5)

    @given(st.integers(0, 400))
    def test_cut_short(self, size):
        """Bytes that were cut are refused."""
        data = dump(compile_file("app.star", FAILING))
        self.assertRaises(ValueError, load_program, data[:size])
