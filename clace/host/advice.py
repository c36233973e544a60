"""Advice for an app's author who writes Python where Starlark differs.

The messages of the interpreter are those of go.starlark.net and name no remedy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container

_NO_EXCEPTIONS = (
    "Starlark has no exceptions: test before with in, .get() or hasattr(); a plugin's call has"
    ' .error; fail("why") ends the request'
)
_NO_MODULES = (
    'Starlark has no modules of Python: load("other.star", "name") takes from a file of the app,'
    ' load("exec.in", "exec") loads a plugin'
)
_FROZEN = (
    "globals do not change once their file was run; store.in keeps data from one request to the"
    " next"
)
_ONLY_PLUGINS = "apps reach files, programs and networks through plugins, such as fs.in"
_BY_TYPE = 'compare types: type(x) == "int"'
_LOOP = "Starlark has no such function: write a loop or a comprehension"
_ELEMENTS = "loop over s.elems() or s.codepoints()"
_NO_WIDTHS = "Starlark formats without widths and precisions; a template has printf"
_UNINDENTED = "indent the body of the line that ends in a colon"
_INDENTED = "this line is indented differently from the one before; tabs and spaces differ too"

_WORDS = {
    "as": _NO_MODULES,
    "assert": 'Starlark has no assert: if not x: fail("why")',
    "async": "Starlark has no async: handlers are plain functions",
    "await": "Starlark has no await: calls return when they are done",
    "class": "Starlark has no classes: write functions, dicts and struct(name = value)",
    "del": "Starlark has no del: d.pop(key) removes from a dict, l.pop(index) from a list",
    "else": "this else belongs to no if; for and while have none in Starlark",
    "except": _NO_EXCEPTIONS,
    "finally": _NO_EXCEPTIONS,
    "from": _NO_MODULES,
    "global": f"Starlark has no global statement: {_FROZEN}",
    "import": _NO_MODULES,
    "indent": _INDENTED,
    "is": "Starlark has no is: compare with == and !=",
    "nonlocal": "Starlark has no nonlocal: change a list or dict of the outer function, or return",
    "raise": _NO_EXCEPTIONS,
    "try": _NO_EXCEPTIONS,
    "with": f"Starlark has no with: {_ONLY_PLUGINS}",
    "yield": "Starlark has no generators: return a list",
}
_NAMES = {
    "callable": _BY_TYPE,
    "complex": "Starlark has int and float only",
    "divmod": "write x // y and x % y",
    "doc": "schema.star declares the types of documents, and declares none here",
    "false": "write False",
    "filter": _LOOP,
    "frozenset": "Starlark has set",
    "input": _ONLY_PLUGINS,
    "isinstance": _BY_TYPE,
    "iter": _LOOP,
    "map": _LOOP,
    "next": _LOOP,
    "none": "write None",
    "null": "write None",
    "open": _ONLY_PLUGINS,
    "param": "params.star declares the params of an app, and is missing here",
    "pow": _LOOP,
    "round": "a template rounds: {{ round .x 2 }}",
    "self": "Starlark has no classes",
    "setattr": "a struct does not change: make another one, or use a dict",
    "sum": _LOOP,
    "super": "Starlark has no classes",
    "table": "schema.star declares the types of documents, and declares none here",
    "true": "write True",
} | dict.fromkeys(
    ("collections", "csv", "datetime", "math", "os", "random", "re", "requests", "sys", "time"),
    _NO_MODULES,
)
_METHODS = {
    "dict.copy": "dict(d) is a copy",
    "dict.has_key": "write key in d",
    "list.copy": "list(x) is a copy",
    "list.count": "write len([y for y in x if y == wanted])",
    "list.reverse": "reversed(x) is a new list",
    "list.sort": "sorted(x) is a new list",
    "module.dump": "it has encode and decode",
    "module.dumps": "write json.encode(x)",
    "module.load": "it has encode and decode",
    "module.loads": "write json.decode(text)",
    "string.center": _NO_WIDTHS,
    "string.decode": "write str(b)",
    "string.encode": "write bytes(s)",
    "string.ljust": _NO_WIDTHS,
    "string.rjust": _NO_WIDTHS,
    "string.zfill": _NO_WIDTHS,
}

_GOT = re.compile(r"got (.+), want (.+)")
_UNDEFINED = re.compile(r"undefined: (\w+)$")
_NO_METHOD = re.compile(r"(\w+) has no \.(\w+) field or method$")
_NO_ARGUMENTS = re.compile(r"function (\w+) accepts (?:no|0 positional) arguments")
_F_STRING = re.compile(r"""\b[fF][rR]?["']|\b[rR][fF]["']""")
_TYPED_DEF = re.compile(r"\s*def\b.*(->|\w\s*:\s*\w)")


def source_advice(message: str, text: str, line: int, column: int, plugins: Container[str]) -> str:
    """Return what to write in place of what was refused at this place of ``text``, or ""."""
    if found := _UNDEFINED.match(message):
        name = found[1]
        if f"{name}.in" in plugins:
            return f'begin the file with load("{name}.in", "{name}")'
        return _NAMES.get(name, "")
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    if found := _GOT.match(message):
        return _of_token(found[1], found[2], written, written[: column - 1])
    return next((advice for sign, advice in _SOURCES if sign in message), "")


def _of_token(got: str, want: str, line: str, before: str) -> str:
    """Return advice for a token that may not stand in ``line`` behind ``before``."""
    first = line.split(maxsplit=1)[0] if line.strip() else ""
    if want == "indent":
        return _UNINDENTED
    if got == "newline":
        return "end the line before this one with a colon" if want == "':'" else ""
    if got == "string literal":
        return _of_text(first, before)
    if got == "identifier":
        return _WORDS.get(first, "")
    return _WORDS.get(got) or next((told for fits, told in _TOKENS if fits(got, want, line)), "")


def _of_text(first: str, before: str) -> str:
    """Return advice for a text that may not stand in a line that begins with the word ``first``."""
    if _F_STRING.search(before):
        return 'Starlark has no f-strings: write "{} is {}".format(x, y)'
    if first == "print":
        return "write print(x)"
    return 'join texts with +: "a" + "b"' if before.rstrip()[-1:] in {"'", '"'} else ""


_TOKENS: tuple[tuple[Callable[[str, str, str], bool], str], ...] = (
    (lambda got, _want, _line: got == "'**'", "Starlark has no power operator: multiply"),
    (lambda _got, _want, line: ":=" in line, "Starlark has no :=; assign in a line of its own"),
    (
        lambda _got, _want, line: bool(_TYPED_DEF.match(line)),
        "Starlark has no annotations: write parameters without types",
    ),
    (lambda got, want, _line: (got, want) == ("'='", "':'"), "compare with =="),
    (
        lambda got, want, line: got in {"','", "'}'"} and want == "':'" and "{" in line,
        "a dict has keys: {key: value}; a set is set([x, y])",
    ),
)
_SOURCES = (
    ("input character '@'", "Starlark has no decorators: routes name their handlers"),
    ("does not associate with", "write a < b and b < c"),
    ("statement not within a function", "put it into a def; x if c else y stands anywhere"),
    ("loop not within a function", "put it into a def; a comprehension stands anywhere"),
    ("unindent does not match", _INDENTED),
)
_EVALUATIONS = (
    (re.compile(r"string value is not iterable"), _ELEMENTS),
    (re.compile(r"format spec features not supported|unknown conversion %\d"), _NO_WIDTHS),
    (re.compile(r"cannot .* frozen "), _FROZEN),
    (re.compile(r"unknown binary op: string \+ |: \w+ \+ string$"), "str(x) makes a text"),
)


_TEMPLATES = (
    (re.compile(r'function "(?:for|foreach)" not defined'), "loop with {{ range .Data.rows }}"),
    (re.compile(r'function "\w+" not defined$'), "a field has a dot before it, as in .Data.name"),
    (re.compile(r'illegal number syntax: "[+-]"'), "calculate with functions: {{ add 1 .Data.n }}"),
    (
        re.compile(r'unexpected "[=<>!&|*+]'),
        "compare with functions, {{ if eq .Data.n 1 }}, and end actions with }}",
    ),
    (re.compile(r'unexpected "\("'), "apply functions with a pipe: {{ .Data.name | upper }}"),
    (
        re.compile(r"can't evaluate field (?:Data|App\w+|PagePath) in type "),
        "inside of range, with and block a dot is the item; $ is the request there: $.Data",
    ),
    (
        re.compile(r"can't evaluate field \w+ in type starlark_type.Request"),
        "a handler's result is in .Data",
    ),
    (
        re.compile(r"at <\.Data\.\w+>: (?:nil pointer|can't evaluate field \w+ in type interface)"),
        ".Data is not a dict: see what the handler returned",
    ),
)


def template_advice(message: str) -> str:
    """Return what to write in a template in place of what was refused or failed, or ""."""
    return next((advice for sign, advice in _TEMPLATES if sign.search(message)), "")


def runtime_advice(message: str) -> str:
    """Return what to write in place of what failed with ``message``, or ""."""
    if found := _NO_METHOD.match(message):
        return _METHODS.get(f"{found[1]}.{found[2]}", "")
    return next((advice for sign, advice in _EVALUATIONS if sign.search(message)), "")


def handler_advice(message: str) -> str:
    """Return how to declare a handler that could not be called, or ""."""
    found = _NO_ARGUMENTS.match(message)
    if found is None:
        return ""
    return f"a handler takes the request, def {found[1]}(req), or is named {found[1]}_no_args"


def advised(message: str, advice: str) -> str:
    """Return the message with the advice behind it."""
    return f"{message}; {advice}" if advice else message
