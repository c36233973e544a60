"""The work of every function, against the length of what it is given."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from itertools import product

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import Limits, TemplateError, compile_templates
from clace.gotemplate.language.functions import standard_functions
from clace.gotemplate.language.signatures import ANY, MAP, VALUE

SHORT, FACTOR = 10_000, 8
TOO_MUCH = FACTOR * 3
UNNOTICED = 0.03
"""Seconds that say nothing about how work grows."""
HARMLESS = 4.0
"""Seconds that a function may take, whatever it charges."""
PATTERNS = (
    *("a", "aB", "ab ", "\n", "1a", "-", "A1", "\u00e9x", "2006-01-02 ", '"', "[", "/a/..", "("),
    *("%41", "1h", "%v", "QUFB", ".", '{"a":', "<b>", "=", "_", "0", "\x00", "\udc80"),
)
SMALL = {
    "string": ("a", "%v", ""),
    "int": (3,),
    "bool": (True,),
    "float64": (1.5,),
    "time.Time": (datetime(2026, 1, 2, tzinfo=UTC),),
    MAP: ({"a": 1},),
    ANY: ("a", 3, ["a"]),
    VALUE: ("a", 3, ["a"]),
}


def shared(levels):
    """A list that holds few objects and stands for very many."""
    value = ["a" * 1000]
    for _ in range(levels):
        value = [value, value]
    return value


def texts(length):
    return [(pattern * length)[:length] for pattern in PATTERNS]


def containers(length):
    count = length // 10
    return [
        [f"a{number}" for number in range(count)],
        list(range(count)),
        {f"k{number}": "v" for number in range(count)},
    ]


def seconds(page, args):
    """How long a render takes; one that is refused took its time too."""
    start = time.process_time()
    with contextlib.suppress(TemplateError):
        page.render("t", args, limits=Limits())
    return time.process_time() - start


class Calls:
    """One function, called with something long in one or all of its places."""

    def __init__(self, function):
        self.function = function
        self.count = 3 if function.name == "dig" else len(function.params)
        given = " ".join(f"(index . {place})" for place in range(self.count))
        self.page = compile_templates({"t": f"{{{{$x := {function.name} {given}}}}}"})

    def arguments(self, length):
        """The lists of arguments that are of about a length."""
        for place in range(self.count):
            for long in self._long(self.function.param(place), length):
                yield from self._around(place, long)

    def _long(self, kind, length):
        if kind in ("string", ANY, VALUE):
            yield from texts(length)
        if kind in (ANY, VALUE, MAP):
            yield from (c for c in containers(length) if kind != MAP or isinstance(c, dict))

    def _around(self, place, long):
        kinds = [self.function.param(other) for other in range(self.count)]
        choices = [
            [long] if at == place else SMALL.get(kind, (3,))[:2] for at, kind in enumerate(kinds)
        ]
        yield from (list(args) for args in product(*choices))
        if isinstance(long, str) and kinds.count("string") > 1:
            yield [long if kind == "string" else SMALL.get(kind, (3,))[0] for kind in kinds]


def called():
    functions = standard_functions()
    for name in ("and", "or", "call", "fail"):
        del functions[name]
    # Patterns are charged by what they look at; tests.gotemplate.test_regex has them.
    return [Calls(each) for name, each in functions.items() if "egex" not in name]


class WorkTests(SynchronousTestCase):
    def test_in_proportion(self):
        """Several times the text is several times the work, not its square."""
        grown = []
        for calls in called():
            pairs = zip(calls.arguments(SHORT), calls.arguments(SHORT * FACTOR), strict=True)
            for short, long in pairs:
                first = seconds(calls.page, short)
                if first * FACTOR * FACTOR < UNNOTICED:
                    continue
                second = seconds(calls.page, long)
                if second > UNNOTICED and second > first * TOO_MUCH:
                    first = max(first, seconds(calls.page, short))
                    second = min(second, seconds(calls.page, long))
                    if second > first * TOO_MUCH:
                        grown.append((calls.function.name, str(long)[:60], first, second))
        self.assertEqual(grown, [])

    def test_shared_parts(self):
        """A value that refers to the same parts again and again is refused, not written out."""
        value = shared(18)
        for source in (
            "print $",
            "printf `%v` $",
            "html $",
            "quote $",
            "cat $",
            "toString $",
            "join `` $",
            "join `` (list $ $)",
            "sortAlpha $",
            "toJson $",
            "toPrettyJson $",
            "deepEqual $ (list (index $ 0) (index $ 1))",
            "deepCopy $",
            "uniq (list $ $ $)",
        ):
            page = compile_templates({"t": "{{$x := " + source + "}}"})
            self.assertLess(seconds(page, value), HARMLESS, source)


class ChargeTests(SynchronousTestCase):
    def test_long_arguments(self):
        """No function works on long texts again and again without a charge."""
        long = "a-B " * 250_000
        for source in (
            "snakecase $",
            "kebabcase $",
            "upper $",
            "date $ 0",
            'encryptAES "k" $',
            'contains "x" $',
            "trimAll $ $",
            "len (title $)",
            "typeOf (regexQuoteMeta $)",
            "deepEqual (list $) (list (print $ ``))",
        ):
            page = compile_templates(
                {"t": f"{{{{range until 1000000}}}}{{{{$x := {source}}}}}{{{{end}}}}"}
            )
            start = time.process_time()
            error = self.assertRaises(TemplateError, page.render, "t", long)
            self.assertRegex(str(error), "rendering (exceeds|took longer)|exceeds 1", source)
            self.assertLess(time.process_time() - start, 8, source)
