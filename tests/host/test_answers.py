"""From results to replies."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.host.ace.values import AceValue, plain
from clace.host.faults import AppFault
from clace.host.requests.answers import (
    AppReply,
    PlainResult,
    Redirect,
    checked,
    data_reply,
    json_body,
    own_referer,
    page_reply,
    result_of,
)
from clace.starlark.library import Struct
from clace.starlark.values.keys import WrappedKey
from clace.starlark.values.sets import Set

HOST = "tools.example.com"


class LargeTextTests(SynchronousTestCase):
    def test_bodies(self):
        """A large text is not encoded as a whole if it is ASCII; any other is."""
        for text, kept in (("a" * 100_000, True), ("a" * 100, False), ("é" * 100_000, False)):
            for reply in (page_reply(text), data_reply("TEXT", text)):
                self.assertEqual(reply.body, text if kept else text.encode())


class ResultTests(SynchronousTestCase):
    def test_kinds(self):
        """What a handler returned is told apart."""
        self.assertEqual(result_of({"a": 1}, as_json=False), PlainResult({"a": 1}))
        redirect = AceValue("redirect", url="/x", code=301, refresh=False)
        self.assertEqual(result_of(redirect, as_json=False), Redirect("/x", 301))
        self.assertRaises(AppFault, result_of, Struct({}), as_json=False)

    def test_ours_inside(self):
        """What functions of ``ace`` return has no place inside a value."""
        for inside in ({"a": AceValue("api")}, [AceValue("api")]):
            self.assertRaises(AppFault, result_of, inside, as_json=False)

    def test_plain_values(self):
        """A value that has nothing of Starlark's is not copied."""
        value = {"rows": [{"a": 1}], "n": 2}
        self.assertEqual(plain(value), value)
        self.assertIs(plain(value["rows"][0]), value["rows"][0])

    def test_rows(self):
        """Rows of plain values are not copied; one other value or key among them is converted."""
        rows = [{"a": 1, "b": None}, {"a": "x"}, {}]
        self.assertIs(plain([rows])[0], rows)
        self.assertEqual(plain(tuple(rows)), rows)
        for other, shown in (
            ({"a": (1,)}, {"a": [1]}),
            ({"a": {"b": Struct({"c": 1})}}, {"a": {"b": {"c": 1}}}),
            ({WrappedKey(True): 1}, {True: 1}),
            ({3: b"x"}, {3: "x"}),
            (Struct({"a": 1}), {"a": 1}),
        ):
            self.assertEqual(plain([*rows, other]), [*rows, shown])
        self.assertRaises(AppFault, plain, [*rows, {"a": lambda: 1}])

    def test_other_values(self):
        """Structs, tuples, sets and keys of any type have a plain form."""
        value = {True: (1, 2), "s": Struct({"x": Set({WrappedKey(False): None})})}
        self.assertEqual(plain(value), {True: [1, 2], "s": {"x": [False]}})

    def test_numbers(self):
        """Whole floats lose their fraction in JSON only."""
        self.assertEqual(repr(result_of([1.0, 2.5, 1e30], as_json=True).data), "[1, 2.5, 1e+30]")
        self.assertEqual(repr(result_of([1.0], as_json=False).data), "[1.0]")
        for told in ({"a": 1.0}, [{"a": 1.0}], [{"a": 1}, {"a": 1.0}]):
            self.assertNotIn(b".", json_body(result_of(told, as_json=True).data))
            self.assertIn(".", repr(told))

    def test_nested_without_end(self):
        """A value that contains itself is refused."""
        value = []
        value.append(value)
        self.assertRaises(AppFault, result_of, value, as_json=False)

    def test_bytes_in_json(self):
        """What is no UTF-8 is shown as such in JSON."""
        self.assertEqual(json_body({"a": ["\udcff"]}), '{"a":["\ufffd"]}\n'.encode())

    def test_keys_in_json(self):
        """A key that JSON cannot have is named, with what makes a text of it."""
        told = "the handler's result cannot be used: a key in JSON is a string, not "
        for key, named in ((1, "int 1"), ((1, 2), "tuple (1, 2)"), (None, "NoneType None")):
            for data in ({key: "x"}, [{"rows": [{"a": 1}, {key: "x"}]}]):
                error = self.assertRaises(AppFault, json_body, data)
                self.assertEqual(error.message, f"{told}{named}; str() makes one")

    def test_long_integers_in_json(self):
        """An integer of more digits than can be written is named, and no shorter one."""
        self.assertEqual(json_body([1 << 14000]), f"[{1 << 14000}]\n".encode())
        for data in (1 << 100_000, {"a": [1, 1 << 100_000]}, {"a": ["\udcff", 1 << 100_000]}):
            error = self.assertRaises(AppFault, json_body, data)
            self.assertIn("an integer in JSON has 14000 bits at most, this one", error.message)

    def test_no_memory(self):
        """A result that is larger than the memory is an error, and not the end of the process."""
        code = (
            "import resource\n"
            "from clace.host.requests.answers import json_body\n"
            "from clace.wire import CallPlugin, pack\n"
            "resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))\n"
            "large = ['x' * 10_000_000] * 100\n"
            "call = CallPlugin(call=1, request=1, plugin='a', function='b', args=(large,),"
            " kwargs={})\n"
            "for make, value in ((json_body, large), (pack, call)):\n"
            "    try:\n"
            "        make(value)\n"
            "    except MemoryError:\n"
            "        print('refused')\n"
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        self.assertEqual(ended.stdout.split(), [b"refused", b"refused"])

    def test_safe_in_html(self):
        """JSON inside a page cannot end its element or line."""
        self.assertEqual(json_body("</script>&\u2028"), b'"\\u003c/script\\u003e\\u0026\\u2028"\n')

    def test_checked(self):
        """What HTTP cannot say is refused."""
        for reply in (AppReply(99), AppReply(600), AppReply(100), AppReply(200, (("X", "a\nb"),))):
            self.assertRaises(AppFault, checked, reply)
        told = self.assertRaises(AppFault, checked, AppReply(303, (("Location", "/" * 9000),)))
        self.assertEqual(told.message, "the header Location is longer than 8000 characters")


class RefererTests(SynchronousTestCase):
    def test_own_page(self):
        """A page of the same origin is gone back to by its path."""
        for referer, expected in (
            ("https://tools.example.com/a/b?c=1#d", "/a/b?c=1#d"),
            ("https://TOOLS.example.com:443/a", "/a"),
            ("/a", "/a"),
        ):
            self.assertEqual(own_referer(referer, "https", HOST), expected)

    @given(st.text(max_size=30) | st.from_regex(r"(https?:)?[/\\]{0,3}[a-z.@:\\/]{0,20}"))
    def test_never_elsewhere(self, referer):
        """Whatever a client sends, the answer is a path on this host or nothing."""
        back = own_referer(referer, "https", HOST)
        if back:
            self.assertEqual(back[0], "/")
            self.assertNotIn(back[1:2], ("/", "\\"))
