"""Advice for who writes Python in a Starlark file."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.advice import runtime_advice, source_advice, template_advice
from clace.host.faults import AppFault
from tests.support.hosted import body, get, hosted, star

APP = 'app = ace.app("A", routes = [ace.api("/")])\n'

SOURCES = {
    "class A:\n    pass\n": "no classes",
    "import os\n": "no modules of Python",
    "from os import path\n": "no modules of Python",
    "def f():\n    try:\n        pass\n    except:\n        pass\n": "no exceptions",
    "def f():\n    raise 1\n": "no exceptions",
    "def f(x):\n    with x as y:\n        pass\n": "no with",
    "def f(x):\n    del x[1]\n": "no del",
    "def f():\n    global x\n": "no global statement",
    "def f():\n    yield 1\n": "no generators",
    "def f(x):\n    assert x\n": "no assert",
    "async def f():\n    pass\n": "no async",
    "def f(x):\n    if x is None:\n        pass\n": "compare with ==",
    "def f(x):\n    if x = 1:\n        pass\n": "compare with ==",
    'def f(x):\n    return f"a {x}"\n': "no f-strings",
    "def f(x):\n    return {'a': f'{x}'}\n": "no f-strings",
    'x = "a" "b"\n': 'join texts with +: "a" + "b"',
    'print "a"\n': "write print(x)",
    "x = 2 ** 3\n": "no power operator",
    "x = {1, 2}\n": "a set is set([x, y])",
    "x = {1}\n": "a set is set([x, y])",
    "def f(x: int):\n    pass\n": "without types",
    "def f(x) -> int:\n    pass\n": "without types",
    "def f(x):\n    if (y := x):\n        pass\n": "no :=",
    "@f\ndef g():\n    pass\n": "no decorators",
    "x = 1 < 2 < 3\n": "a < b and b < c",
    "if True:\n    x = 1\n": "put it into a def",
    "for x in [1]:\n    pass\n": "put it into a def",
    "def f()\n    pass\n": "the line before this one with a colon",
    "def f():\npass\n": "indent the body",
    "def f():\n    x = 1\n      y = 2\n": "indented differently",
    "def f():\n    for x in []:\n        pass\n    else:\n        pass\n": "belongs to no if",
    "x = sum([1])\n": "a loop or a comprehension",
    "x = true\n": "write True",
    "x = null\n": "write None",
    "x = isinstance(1, int)\n": 'type(x) == "int"',
    "x = os.path\n": "no modules of Python",
    "x = open('a')\n": "through plugins",
    "x = table.note\n": "schema.star",
    "x = param.title\n": "params.star",
    "def f():\n    return exec.run('ls')\n": 'load("exec.in", "exec")',
}
CALLS = {
    "[1].sort()": "sorted(x) is a new list",
    "{}.has_key('a')": "write key in d",
    "json.dumps({})": "write json.encode(x)",
    '"{:>5}".format(1)': "without widths",
    '"%5d" % 1': "without widths",
    "[c for c in 'abc']": "s.elems()",
    "'a' + 1": "str(x) makes a text",
    "1 + 'a'": "str(x) makes a text",
    "SHARED.append(1)": "store.in keeps data",
    "D.update(a = 1)": "store.in keeps data",
    "'a'.zfill(3)": "without widths",
}


PAGE = """
def handler(req):
    return {"n": 1, "rows": [1]}
app = ace.app("P", custom_layout = True, routes = [ace.html("/")])
"""
TEMPLATES = {
    "{{ for x in .Data.rows }}{{ end }}": "{{ range .Data.rows }}",
    "{{ name }}": ".Data.name",
    "{{ .Data.n + 1 }}": "{{ add 1 .Data.n }}",
    "{{ if .Data.n == 1 }}{{ end }}": "{{ if eq .Data.n 1 }}",
    "{{ if .Data.n > 1 }}{{ end }}": "compare with functions",
    "{{ .Data.n.upper() }}": "with a pipe",
    "{{ range .Data.rows }}{{ .Data.n }}{{ end }}": "$.Data",
    "{{ .Data.n </p>": "end actions with }}",
    "{{ .n }}": "a handler's result is in .Data",
}


class AdviceTests(SynchronousTestCase):
    def test_sources(self):
        """Words and forms of Python that Starlark lacks are refused with what to write instead."""
        for text, advice in SOURCES.items():
            fault = self.assertRaises(AppFault, star, text + APP)
            self.assertIn(advice, fault.message, text)
            self.assertTrue(fault.place.line, text)

    def test_of_other_files(self):
        """A file that is loaded, and those of params and documents, are told of in the same way."""
        for name, text in {
            "other.star": "class A:\n    pass\n",
            "params.star": "import os\n",
            "schema.star": "import os\n",
        }.items():
            app = 'load("other.star", "A")\n' if name == "other.star" else ""
            fault = self.assertRaises(AppFault, hosted, {"app.star": app + APP, name: text})
            self.assertEqual(str(fault.place), f"{name}:1:1")
            self.assertIn("Starlark has no", fault.message)

    def test_calls(self):
        """So is a call that fails on what Python has."""
        for expression, advice in CALLS.items():
            text = f"SHARED = []\nD = {{}}\ndef handler(req):\n    return {expression}\n"
            fault = self.assertRaises(AppFault, body, star(text + APP))
            self.assertIn(advice, fault.message, expression)

    def test_templates(self):
        """A template that is written as in other languages is refused with what to write."""
        for text, advice in TEMPLATES.items():
            files = {"app.star": PAGE, "index.go.html": text}
            fault = self.assertRaises(AppFault, lambda files=files: get(hosted(files)))
            self.assertIn(advice, fault.message, text)
        nothing = PAGE.replace('{"n": 1, "rows": [1]}', "None")
        files = {"app.star": nothing, "index.go.html": "{{ .Data.n }}"}
        fault = self.assertRaises(AppFault, get, hosted(files))
        self.assertIn(".Data is not a dict", fault.message)

    def test_none(self):
        """Other messages are left as they are."""
        self.assertEqual(source_advice("undefined: nothing", "x = nothing\n", 1, 5, ()), "")
        self.assertEqual(source_advice("got ')', want ']'", "x = [)\n", 1, 6, ()), "")
        self.assertEqual(source_advice("got newline, want ')'", "", 7, 1, ()), "")
        refused = 'template: a:1: function "env" not defined: it would read the environment'
        self.assertEqual(template_advice(refused), "")
        self.assertEqual(runtime_advice("list has no .nothing field or method"), "")
