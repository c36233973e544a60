"""Literals of each kind of value, the awkward ones included."""

from __future__ import annotations

from random import Random

KINDS = ("int", "float", "str", "bytes", "bool", "none", "list", "tuple", "dict", "set")
_INTS = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "-7",
    "10",
    "100",
    "0x1F",
    "0o17",
    "0b101",
    "255",
    "1000000",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "18446744073709551616",
    "(1 << 70)",
    "-(1 << 64)",
    "123456789012345678901234567890",
]
_FLOATS = [
    "0.0",
    "-0.0",
    "1.0",
    "1.5",
    "-2.5",
    ".5",
    "1e6",
    "1e-5",
    "1e17",
    "1e300",
    "123456.789",
    "1e16",
    "0.1",
    'float("nan")',
    'float("inf")',
    'float("-inf")',
    "1e23",
    "5e-324",
    "99999999.99",
]
_STRS = [
    '""',
    '"a"',
    '"abc"',
    '"ABC def"',
    "'a\"b'",
    '"é"',
    '"héllo wörld"',
    '"日本語"',
    '"😀x"',
    '"  a b  "',
    '"a,b,,c"',
    '"line\\none\\r\\ntwo"',
    '"é"[1:]',
    '"日"[:2]',
    '"\\x7f\\t\\\\"',
    'r"\\n"',
    '"""t\nq"""',
    '"%s"',
    '"{}"',
    '"-12"',
    '"1.5"',
    '"ǅ ß İ \u017f"',
    '"\\u00e9\\U0001F600"',
    '"k"',
    '"k" "a"[0:1]'.replace(" ", " + ", 1),
]
_BYTES = ['b""', 'b"abc"', 'b"\\xff\\x00"', 'b"h\\u00e9"', 'rb"\\n"', 'b"a"']
_LISTS = ["[]", "[1, 2, 3]", '["a", "b"]', "[[]]", "[1, True, 1.0]", "[3, 1, 2]", '[("a", 1)]']
_TUPLES = ["()", "(1,)", '(1, "a")', "(True, 1)", "((),)", "(1, 2, 3)"]
_DICTS = [
    "{}",
    '{"a": 1}',
    '{"a": 1, "b": [2]}',
    '{1: "x", True: "y"}',
    "{(1, True): None, (1, 1): 2}",
    "{1.0: 1, 2: 2}",
    '{float("nan"): 0}',
    '{None: {}, "": ()}',
]
_SETS = ["set()", "set([1, 2, 3])", 'set(["a", True, 1])', 'set([float("nan"), 0.0, -0.0])']
_LITERALS = {
    "int": _INTS,
    "float": _FLOATS,
    "str": _STRS,
    "bytes": _BYTES,
    "bool": ["True", "False"],
    "none": ["None"],
    "list": _LISTS,
    "tuple": _TUPLES,
    "dict": _DICTS,
    "set": _SETS,
}
_OTHERS = ["len", '"ab".elems()', '"é".codepoints()', "range(3)", "struct(a=1, b=[])", "json"]


def literal(random: Random, kind: str) -> str:
    """A literal of this kind, or of any kind for a name that is not known."""
    if kind not in _LITERALS:
        return random.choice(_OTHERS)
    return random.choice(_LITERALS[kind])
