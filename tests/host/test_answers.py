"""From results to replies."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.host.answers import (
    Redirect,
    Reply,
    StreamOf,
    Value,
    checked,
    json_body,
    own_referer,
    read_result,
)
from clace.host.faults import AppFault

HOST = "tools.example.com"


class ResultTests(SynchronousTestCase):
    def test_what_looks_like_ours(self):
        """Texts and names of an app's data may begin as those of our structs do."""
        for data in ({"a": "ace__kind"}, {"ace__other": 1}, ['"ace__kind":']):
            text = f"value{json_body(data).decode()}"
            self.assertEqual(read_result(text, as_json=False), Value(data))
        for field in ("kind", "response"):
            inside = f'value{{"a":{{"ace__{field}":1}}}}'
            self.assertRaises(AppFault, read_result, inside, as_json=False)

    def test_kinds(self):
        """What a handler's text says is told apart."""
        self.assertEqual(read_result('value{"a":1}', as_json=False), Value({"a": 1}))
        self.assertEqual(read_result("stream3", as_json=False), StreamOf(3))
        self.assertEqual(
            read_result('redirect{"url":"/x","code":301,"refresh":false}', as_json=False),
            Redirect("/x", 301),
        )
        self.assertRaises(AppFault, read_result, "other", as_json=False)

    def test_numbers(self):
        """Whole floats lose their fraction in JSON only."""
        self.assertEqual(
            repr(read_result("value[1.0,2.5,1e30]", as_json=True).data), "[1, 2.5, 1e+30]"
        )
        self.assertEqual(repr(read_result("value[1.0]", as_json=False).data), "[1.0]")

    def test_nested_without_end(self):
        """A value nested too deeply is refused."""
        self.assertRaises(AppFault, read_result, "value" + "[" * 100_000, as_json=False)

    def test_safe_in_html(self):
        """JSON inside a page cannot end its element or line."""
        self.assertEqual(json_body("</script>&\u2028"), b'"\\u003c/script\\u003e\\u0026\\u2028"\n')

    def test_checked(self):
        """What HTTP cannot say is refused."""
        for reply in (Reply(99), Reply(600), Reply(100), Reply(200, (("X", "a\nb"),))):
            self.assertRaises(AppFault, checked, reply)
        told = self.assertRaises(AppFault, checked, Reply(303, (("Location", "/" * 9000),)))
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
