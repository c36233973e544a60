"""``params.star``, and what apps get for it."""

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.host.faults import AppFault
from clace.model.app import PluginManifest
from clace.model.schema import FieldType
from clace.wire import CallAnswer
from tests.support.apps import a_request
from tests.support.hosted import FakeDaemon, hosted

HTTP = PluginManifest("http.in", {"get": True})
APP = """
load("http.in", "http")
def handler(req):
    {}
app = ace.app("Params", routes = [ace.api("/")])
"""
EACH = """
param("text", description = "A text", display_type = TEXTAREA + ":10")
param("n", INT, 3)
param("on", BOOLEAN, required = False)
param("table", DICT, default = {"a": [1, None]})
param("rows", LIST, required = False)
"""
texts = st.text('ab-\u00e9\u20ac\U0001f600\n\0"\\{}', max_size=9)


class ParamsCase(SynchronousTestCase):
    def app(self, params, code="return None", values=None, **load):
        texts = {"app.star": APP.format(code), "params.star": params, **load.pop("texts", {})}
        known = {"plugins": (HTTP,), "loads": ("http.in",), "params": values or {}, **load}
        return hosted(texts, **known)

    def run_app(self, params, code, *answers, **load):
        """What the handler with this body returns."""
        self.daemon = FakeDaemon(*answers)
        return json.loads(self.app(params, code, **load).respond(a_request("/"), self.daemon).body)

    def refusal(self, params, **load):
        with self.assertRaises(AppFault) as caught:
            self.app(params, **load)
        return caught.exception.located()


class DeclarationTests(ParamsCase):
    def test_each_type(self):
        """Every type has its values: those given, the defaults, or what is empty of the type."""
        code = "return [param.text, param.n, param.on, param.table, param.rows]"
        found = self.run_app(EACH, code, values={"text": "x"})
        self.assertEqual(found, ["x", 3, False, {"a": [1, None]}, []])

    def test_not_declared(self):
        """A value of a param that there is not is told of in the log; the value is not."""
        heard = []
        self.app('param("a", default = "")', values={"b": "hidden", "a": "1"}, heard=heard)
        self.assertEqual(heard, ["param b has a value, but params.star does not declare it"])

    def test_none(self):
        """Without the file there is no param, whatever an operator gave."""
        text = 'app = ace.app("A", routes = [ace.api("/")])\nhandler = str\n'
        hosted({"app.star": text}, params={"x": "1"})
        with self.assertRaisesRegex(AppFault, "undefined: param"):
            hosted({"app.star": "x = param.x\n" + text}, params={"x": "1"})

    def test_mistakes(self):
        """What is wrong in the file is said with its place."""
        for text, expected in {
            'param("a b", default = "")': "params.star:1:6: invalid param name 'a b'",
            'param("")': "invalid param name ''",
            'x = 1\nparam("a", "FLOAT")': "params.star:2:6: unknown type FLOAT for a",
            'param("a", INT, 1)\nparam("a", INT, 1)': "params.star:2:6: param a already defined",
            'param("a", INT, "1")': "param a is of type int but default value is not an int",
            'param("a", INT, 1.0)': "param a is of type int but default value is not an int",
            'param("a", INT, True)': "param a is of type int but default value is not an int",
            'param("a", default = 1)': "a is of type string but default value is not a string",
            'param("a", BOOLEAN, 0)': "a is of type boolean but default value is not a boolean",
            'param("a", LIST, {})': "param a is of type list but default value is not a list",
            'param("a", DICT, [])': "param a is of type dict but default value is not a dict",
            'param("a", INT, display_type = FILE)': "a is of type int, it cannot have a display",
            'param("a", default = "", display_type = "slider")': "unknown display type slider for",
            'param("options-a", default = "")': "param options-a lists options, its type has to be",
            'param("a", default = 4001 * "x")': "default: expected a string of length at most 4000",
            'param("a", default = len)': "unrecognized starlark type",
            "param(3)": "params.star:1:6: param: for parameter name: got int, want string",
            'param("a", required = 1)': 'param: for parameter "required": got int, want bool',
            '[param("p%d" % n, INT, 1) for n in range(101)]': "more than 100 params",
            'load("app.star", "x")': "cannot load app.star: params.star loads nothing",
            "param(": "params.star:1",
            "x = ace": "params.star:1:5: undefined: ace",
        }.items():
            self.assertIn(expected, self.refusal(text))

    def test_config(self):
        """A setting of the server may be a default; it stands for variables too."""
        text = 'param("a", LIST, [config("home", "none"), config("other", "none")])'
        known = {"node_config": {"home": "$HOME/a"}, "env": {"HOME": "/h"}}
        self.assertEqual(self.run_app(text, "return param.a", **known), ["/h/a", "none"])


class ValueTests(ParamsCase):
    def test_values(self):
        """What an operator gave counts before the default, in the type that was declared."""
        code = "return [param.text, param.n, param.on, param.table, param.rows]"
        values = {"text": "x"}
        shown = self.run_app(EACH, code, values=values)
        self.assertEqual(shown, ["x", 3, False, {"a": [1, None]}, []])
        values.update({"n": "-7", "on": "T", "table": '{"b": 2}', "rows": '["\u00e9"]'})
        shown = self.run_app(EACH, code, values=values)
        self.assertEqual(shown, ["x", -7, True, {"b": 2}, ["\u00e9"]])

    def test_wrong_values(self):
        """A value that is missing or of another kind is told where its param is declared."""
        missing = "a value has to be provided (--param text=...)"
        for expected, values in {
            f"2:6: param text is a required param, {missing}": {},
            "2:6: param text is a required param, value cannot be empty": {"text": ""},
            "3:6: param n is of type int but value is not an int": {"text": "x", "n": "hunter2"},
            "6:6: param rows is of type list but value is not a list, expected JSON such as "
            '["a", "b"]': {"text": "x", "rows": "{}"},
            "4:6: param on is of type boolean but value is not a boolean, expected true or false": {
                "text": "x",
                "on": "maybe",
            },
        }.items():
            self.assertEqual(self.refusal(EACH, values=values), f"params.star:{expected}")

    def test_audit(self):
        """An app that is only looked at has its values too, so what is missing is told."""
        self.assertIn("a value has to be provided", self.refusal('param("a")', inert=True))
        self.app('param("a")', inert=True, values={"a": "x"})

    def test_undeclared(self):
        """Of what an operator gave, the app has only what it declares."""
        code = 'return [hasattr(param, "a"), hasattr(param, "b")]'
        shown = self.run_app('param("a")', code, values={"a": "1", "b": "2"})
        self.assertEqual(shown, [True, False])

    def test_hyphens(self):
        """A name that is no identifier is read by getattr; lists of options are ordinary."""
        text = 'param("max-size", INT, 5)\nparam("options-max-size", LIST, [5, 6])'
        code = 'return [getattr(param, "max-size"), getattr(param, "options-max-size")]'
        self.assertEqual(self.run_app(text, code), [5, [5, 6]])

    def test_other_files(self):
        """Each file of the app has the params, while it loads too."""
        other = "shown = param.a + 1\ndef other():\n    return [shown, param.a]\n"
        text = 'load("other.star", "other")' + APP.format("return other()")
        files = {"app.star": text, "other.star": other}
        self.assertEqual(self.run_app('param("a", INT, 1)', "", texts=files), [2, 1])

    def test_unchangeable(self):
        """No request can change what another sees."""
        with self.assertRaisesRegex(AppFault, "frozen list"):
            self.run_app('param("a", LIST, [])', "param.a.append(1)")

    def test_secret(self):
        """The app has a reference to a secret as it is written, and can hand it to a plugin."""
        reference = 'Bearer {{secret "token"}}'
        code = "return [param.token, http.get(param.token).value]"
        given = {"token": reference}
        shown = self.run_app('param("token")', code, CallAnswer(call=1, value=2), values=given)
        self.assertEqual(shown, [reference, 2])
        self.assertEqual(self.daemon.calls, [("http.in", "get", (reference,), {})])

    @given(st.sampled_from(FieldType), st.text() | st.sampled_from(["[" * 200 + "]" * 200]))
    def test_any_text(self, kind, text):
        """Any text is a value that the app gets, or a reason not to load it."""
        declared = f'param("p", {kind}, required = False)'
        try:
            app = self.app(declared, "return type(param.p)", values={"p": text})
        except AppFault as fault:
            self.assertEqual(fault.place.file, "params.star")
            return
        self.assertEqual(app.respond(a_request("/"), FakeDaemon()).status, 200)

    @given(st.dictionaries(texts, texts | st.integers(0, 2**63)))
    def test_json(self, value):
        """What is written as JSON is what the app has."""
        values = {"p": json.dumps(value)}
        self.assertEqual(self.run_app('param("p", DICT)', "return param.p", values=values), value)
