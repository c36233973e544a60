"""Values in the attributes that HTMX evaluates."""

import html
import json
import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import compile_templates

HOSTILE = "'); alert(1); ('"
texts = st.text("[]'\"/\\`,(){}:; aj$\n") | st.sampled_from(
    (
        HOSTILE,
        "/ ], load[alert(1)]",
        "'], load[alert(1)], x['",
        "\\], load[alert(1)]",
        "js:{a: alert(1)}",
        " \ufeffjavascript:x",
    )
)
TRIGGERS = (
    "{{.}}",
    "every 2s [{{.}}], {{.}}",
    "click[x == '{{.}}'], {{.}}",
    'click[x == "{{.}}" || a[{{.}}] / 2] delay:{{.}} from:{{.}}, keyup[{{.}}]',
    "click[/{{.}}/.test(x)] target:{{.}}",
    "click[`${ {{.}} }{{.}}`] {{.}}",
    "click[f({{toJson .}})] {{.}}",
)


def written(page, value):
    """The value of the one attribute of a page, as a browser reads it."""
    text = compile_templates({"t": page}).render("t", value)
    return html.unescape(re.search(r"=([\"'])(.*)\1>", text, re.DOTALL)[2])


def filters(trigger):
    """The pieces of a trigger that HTMX would evaluate, found with its own notion of tokens."""
    pieces = []
    place = depth = start = 0
    while place < len(trigger):
        char = trigger[place]
        if char in "\"'/":
            place += 1
            while place < len(trigger) and trigger[place] != char:
                place += 2 if trigger[place] == "\\" else 1
        elif char == "[":
            start = place + 1 if not depth else start
            depth += 1
        elif char == "]" and depth:
            depth -= 1
            if not depth:
                pieces.append(trigger[start:place])
        place += 1
    return pieces


class ScriptTests(SynchronousTestCase):
    def test_handlers(self):
        """A value in a string of a handler stays in it, however the attribute is spelled."""
        for name in (
            "hx-on:click",
            "hx-on::after-request",
            "hx-on--after-request",
            "hx-on-click",
            "hx-on",
            "HX-ON:click",
            "data-hx-on:click",
            "data-hx-on--load",
            "hx-vars",
            "include-vals",
        ):
            got = written(f"<b {name}=\"greet('{{{{.}}}}')\">", HOSTILE)
            self.assertEqual(got, "greet('\\u0027); alert(1); (\\u0027')", name)

    def test_values_of_handlers(self):
        """A value that stands alone is JSON; one that is JSON already stays what it is."""
        self.assertEqual(written("<b hx-on:click='f({{.}})'>", "a"), 'f("a")')
        self.assertEqual(written("<b hx-on:click='f({{.}})'>", [1, "a"]), 'f([1,"a"])')
        self.assertEqual(written("<b hx-on:click='f({{toJson .}})'>", [1, "a"]), 'f([1,"a"])')
        self.assertEqual(
            written("<b hx-on:click='f({{. | toJson}})'>", "</b>"), 'f("\\u003c/b\\u003e")'
        )

    def test_script_of_values(self):
        """Where values are script by their prefix, a string stays a string."""
        for name in ("hx-vals", "hx-headers", "hx-request", "data-hx-vals"):
            for prefix in ("js:", "javascript:", " js:", "jS:"):
                got = written(f"<b {name}='{prefix}{{a: {{{{.}}}}}}'>", "1}, b: alert(1)")
                self.assertEqual(got, prefix + '{a: "1}, b: alert(1)"}', name)

    def test_json_of_values(self):
        """JSON, whole or in pieces, is written as in any attribute."""
        self.assertEqual(written('<b hx-vals=\'{"a": "{{.}}"}\'>', "x y"), '{"a": "x y"}')
        self.assertEqual(written("<b hx-vals='{\"a\": {{.}}}'>", 5), '{"a": 5}')
        self.assertEqual(written("<b hx-vals='{{toJson .}}'>", {"a": "'"}), '{"a":"\'"}')
        self.assertEqual(
            json.loads(written("<b hx-vals='{\"a\": {{toJson .}}}'>", "js:")), {"a": "js:"}
        )

    @given(texts, texts)
    def test_data_is_no_script(self, first, second):
        """No value makes HTMX take the attribute for script."""
        page = "<b hx-vals='{{.a}}{{.b}}'>"
        text = compile_templates({"t": page}).render("t", {"a": first, "b": second})
        got = html.unescape(text[len("<b hx-vals='") : -2])
        self.assertFalse(got.strip(" \n\ufeff").lower().startswith(("js:", "javascript:")))

    def test_prefix_in_two_parts(self):
        """A prefix that the page begins and a value ends is one."""
        self.assertEqual(written("<b hx-vals='j{{.}}'>", "s:alert(1)"), 'j"s:alert(1)"')


class TriggerTests(SynchronousTestCase):
    def test_plain(self):
        """Events, times and selectors are written as they are."""
        for value in ("click delay:500ms, every 2s", "keyup changed from:#a.b > c"):
            self.assertEqual(written("<b hx-trigger='{{.}}'>", value), value)
        self.assertEqual(written("<b hx-trigger='every {{.}}s'>", 5), "every 5s")

    def test_filter_from_data(self):
        """A value opens no filter."""
        self.assertEqual(written("<b hx-trigger='{{.}}'>", "load[alert(1)]"), "ZgotmplZ")

    def test_inside_a_filter(self):
        """A value in a filter is a value of JavaScript."""
        self.assertEqual(written('<b hx-trigger="click[x == {{.}}]">', "a"), 'click[x == "a"]')
        self.assertEqual(written('<b hx-trigger="click[x == {{.}}]">', 5), "click[x ==  5 ]")

    @given(st.sampled_from(TRIGGERS), texts)
    def test_filters_are_the_pages(self, trigger, value):
        """No value adds a filter, or ends one of the page."""
        page = f"<b hx-trigger='{trigger.replace(chr(39), '&#39;')}'>"
        honest, got = (filters(written(page, each)) for each in ("a", value))
        self.assertEqual(len(got), len(honest))


class AddressTests(SynchronousTestCase):
    def test_addresses(self):
        """Where HTMX sends requests is a URL: no scheme of data, values are encoded."""
        for name in (
            "hx-get",
            "hx-post",
            "hx-put",
            "hx-patch",
            "hx-delete",
            "data-hx-get",
            "sse-connect",
        ):
            self.assertEqual(written(f"<b {name}='{{{{.}}}}'>", "javascript:x"), "#ZgotmplZ")
            self.assertEqual(written(f"<b {name}='/x?q={{{{.}}}}'>", "a&b c"), "/x?q=a%26b%20c")

    def test_encoded_already(self):
        """What the page encodes itself is not encoded twice."""
        for pipe in (". | queryEscape", "queryEscape .", ". | pathEscape", ". | urlquery"):
            self.assertNotIn("%25", written(f"<b hx-get='/x?q={{{{{pipe}}}}}'>", "ä b"))

    def test_after_branches(self):
        """A page whose branches end in different parts of a URL still loads."""
        page = "<b hx-get='{{if .}}/x?q={{else}}/y/{{end}}{{.}}'>"
        self.assertEqual(written(page, "a b"), "/x?q=a%20b")

    def test_name_from_data(self):
        """A method can complete a name; what HTMX evaluates cannot."""
        page = compile_templates({"t": "<b hx-{{.}}='/x'>"})
        self.assertEqual(page.render("t", "post"), "<b hx-post='/x'>")
        for name in ("vars", "trigger", "vals", "on", "ON", "headers"):
            self.assertEqual(page.render("t", name), "<b hx-ZgotmplZ='/x'>")
