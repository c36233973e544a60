"""Random templates and data: mostly sense, some nonsense, every function and every context."""

from __future__ import annotations

from random import Random
from typing import Any

from clace.gotemplate.language.functions import standard_functions
from clace.gotemplate.language.literals import quote

STRINGS = (
    "",
    "a",
    "hello world",
    'O\'Reilly: "x" <b>&amp;</b>',
    "javascript:alert(1)",
    "https://example.com/a b?q=1&r=é#f",
    "</script><!--",
    "a,b,,c",
    "3",
    "-17",
    "2.50",
    "0x1f",
    "true",
    "fooBarBAZ_qux-42 Quux",
    "héllo wörld ß 世界",
    "line\none\ttwo\r\n",
    "`${x}`\\",
    "1.2.3-beta+x",
    "expression(1)/*",
    "2024-02-29T13:04:05Z",
    "1h2m3.5s",
    '{"a": [1, 2.5, null, "x<"], "b": {"c": true}}',
    "aGVsbG8=",
    "/usr/lib/../x.tar.gz",
    "+ = & ? % %41 %zz",
)
PATTERNS = (
    "a+",
    "(b|l)+",
    "[a-z]+",
    "^h.l",
    "\\d*",
    "(?i)O(.)",
    "x*",
    "[",
    "(\\w+) (\\w+)",
    "l$|o",
)
FORMATS = ("%v", "%d", "%s", "%q", "%5.2f", "%-6v|", "%+d", "%x", "%T", "%03d", "%t", "%c", "%e")
FORMATS += ("%g", "%#v", "%U", "%08.3f", "%v %v", "%%", "%[2]v", "%*d", "%!", "%X", "%+v", "%#x")
LAYOUTS = (
    "2006-01-02",
    "Jan _2 15:04:05",
    "Monday, 02-Jan-06 03:04PM MST",
    "2006-01-02T15:04:05Z07:00",
)
RANDOM = frozenset(
    (
        *("now", "ago", "randAlphaNum", "randAlpha", "randNumeric", "randAscii", "randBytes"),
        *("randInt", "shuffle", "uuidv4", "encryptAES", "keys", "values", "relTime"),
        *("durationRound", "htmlDate", "htmlDateInZone", "date", "dateInZone", "date_in_zone"),
    )
)
UNORDERED = frozenset(
    ("set", "unset", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite")
)
CONTEXTS = (
    ("<p>", "</p>"),
    ('<p title="', '">x</p>'),
    ("<p title='", "'>x</p>"),
    ("<p title=", ">x</p>"),
    ('<a href="', '">x</a>'),
    ("<a href='/p/", "'>x</a>"),
    ('<a href="/p?q=', '">x</a>'),
    ("<a href=/p/", ">x</a>"),
    ('<img srcset="', '">'),
    ("<p ", ">x</p>"),
    ("<p data-", '="x">x</p>'),
    ("<script>var x = ", ";</script>"),
    ('<script>var x = "', '";</script>'),
    ("<script>var x = '", "';</script>"),
    ("<script>var x = `", "`;</script>"),
    ("<script>var x = `a${", "}b`;</script>"),
    ("<script>var x = /", "/g;</script>"),
    ("<script>/* ", " */ f()</script>"),
    ("<script>// ", "\nf()</script>"),
    ('<script type="application/json">{"a": ', "}</script>"),
    ('<script type="text/x-template"><b>', "</b></script>"),
    ("<style>p { color: ", " }</style>"),
    ('<style>p { background: url("', '") }</style>'),
    ("<style>p { background: url(/", ") }</style>"),
    ("<style>p { content: '", "' }</style>"),
    ('<p style="color: ', '">x</p>'),
    ("<p style='background: url(", ")'>x</p>"),
    ('<button onclick="f(', ')">x</button>'),
    ("<button onclick=\"f('", "')\">x</button>"),
    ("<textarea>", "</textarea>"),
    ("<title>", "</title>"),
    ("<!-- ", " -->"),
    ('<meta http-equiv=refresh content="0; url=', '">'),
    ('<iframe srcdoc="', '"></iframe>'),
    ("", ""),
)
TEXTS = (" ", "\n", "x", "<br>", " a < b ", "&amp;", "<!-- c -->", "{ }", "</p>", "é", "\t- ")


class Maker:
    """Writes one case, every decision from one source of randomness."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.functions = standard_functions()
        names = sorted(set(self.functions) - RANDOM - {"call"})
        self.names = [name for name in names if name not in ("safeHTML", "and", "or")]
        self.variables = ["$"]
        self.depth = 0

    def pick(self, items: Any) -> Any:
        return self.random.choice(items)

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    # Data.

    def value(self, depth: int = 0) -> Any:  # noqa: PLR0911 - one for each kind
        kind = self.random.randrange(10 if depth < 2 else 6)
        if kind < 2:
            return self.pick(STRINGS)
        if kind == 2:
            return self.pick((0, 1, -1, 7, 42, 65536, -70000))
        if kind == 3:
            return self.pick((0.0, 1.0, -0.5, 3.14159, 1e21, 1.5e-7, 1234567.0, 100000.0))
        if kind == 4:
            return self.pick((True, False))
        if kind == 5:
            return self.pick((None, {"$": "latin", "v": "caf\xe9\xff"}, {"$": "int64", "v": 5}))
        if kind < 8:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return {
            self.pick(("a", "b", "c", "k y", "Z")): self.value(depth + 1)
            for _ in range(self.random.randrange(4))
        }

    def data(self) -> Any:
        root: dict[str, Any] = {
            "s": self.pick(STRINGS),
            "t": self.pick(STRINGS),
            "n": self.pick((0, 1, 2, 5, -3)),
            "f": self.pick((0.5, 2.0, -1.25)),
            "y": self.pick((True, False)),
            "nil": None,
            "l": [self.pick(STRINGS) for _ in range(self.random.randrange(4))],
            "m": {"a": self.pick(STRINGS), "b": {"c": self.random.randrange(9)}},
            "x": self.value(),
        }
        if self.chance(10):
            return {
                "$": "request",
                "v": {
                    "AppName": "app",
                    "IsDev": True,
                    "Query": {"q": ["1", "2"], "a": []},
                    "Headers": {"Hx-Request": ["true"]},
                    "UrlParams": {"id": "7"},
                    "Data": root,
                },
            }
        return root

    # Operands.

    def field(self) -> str:
        path = self.pick((".s", ".t", ".n", ".f", ".y", ".nil", ".l", ".m", ".m.a", ".m.b.c", ".x"))
        if self.chance(8):
            path = self.pick((".zz", ".m.zz", ".s.zz", ".nil.zz", ".Data.s", ".Query.Get", ".x.a"))
        return path if self.chance(80) else "$" + path

    def literal(self) -> str:
        kind = self.random.randrange(8)
        if kind < 3:
            return self.string(self.pick(STRINGS))
        if kind < 6:
            numbers = ("0", "1", "2", "3", "-1", "10", "0x1F", "1_000", "07", "'a'")
            return str(self.pick(numbers))
        return str(self.pick(("true", "false", "nil", "2.5", "1e3", "1i", "0b101", ".5", "1e100")))

    def string(self, text: str) -> str:
        if "`" not in text and "\r" not in text and self.chance(30):
            return f"`{text}`"
        return quote(text)

    def operand(  # noqa: PLR0911 - one for each type
        self, wanted: str = "interface {}"
    ) -> str:
        """An argument, usually of the wanted Go type."""
        if self.chance(8):
            return self.any_operand()
        if wanted == "string":
            if self.chance(50):
                return self.string(self.pick(STRINGS))
            return str(self.pick((".s", ".t", ".m.a", "$.s")))
        if wanted == "int":
            return str(self.pick(("0", "1", "2", "3", "5", "10", "-1", ".n", ".n", "'a'")))
        if wanted == "float64":
            return str(self.pick((".f", "0.5", "1", "0.7")))
        if wanted == "bool":
            return str(self.pick((".y", "true", "false", "(not .y)", "(eq .n 1)")))
        if wanted.startswith("map"):
            return str(self.pick((".m", '(dict "a" 1 "b" .s)', ".m.b", "(dict)", "$.m", "nil")))
        if wanted == "time.Time":
            return (
                f'(toDate "2006-01-02" {self.pick(("`2024-02-29`", "`1999-12-31`", "`x`", ".s"))})'
            )
        return self.any_operand()

    def any_operand(self) -> str:
        kind = self.random.randrange(10)
        if self.chance(4):
            return self.method()
        if kind < 4:
            return self.field()
        if kind < 7:
            return self.literal()
        if kind == 7:
            return str(self.pick((".", "$", *self.variables)))
        if self.depth > 2:
            return self.field()
        return f"({self.pipeline()})"

    def method(self) -> str:
        """A method of a value, or a trusted string."""
        return str(
            self.pick(
                (
                    '(.Query.Get "q")',
                    '(.Headers.Get "hx-request")',
                    ".Query.Encode",
                    '((semver "1.2.3-a").Major)',
                    '((toDate "2006-01-02" "2024-02-29").Weekday)',
                    '((toDate "2006-01-02" .s).Format "Jan 2")',
                    "(safeHTML .s)",
                    "(safeURL .t)",
                    "(safeJS .s)",
                    "(safeJSStr .t)",
                    "(safeCSS .s)",
                    "(safeAttr .t)",
                    "(safeSrcset .s)",
                    "(index .l 0)",
                    "(index .m .s)",
                    "(slice .l 0 1)",
                    "(.m.Get .s)",
                    "(and .s .nil)",
                    "(or .nil .missing.x)",
                )
            )
        )

    def call(self, *, piped: bool = False) -> str:
        """A function with arguments that mostly fit its signature."""
        name = self.pick(self.names)
        if name in UNORDERED and self.depth:
            name = "len"
        function = self.functions[name]
        params = list(function.params)
        if function.variadic:
            last = params.pop()
            params += [last] * self.random.randrange(4)
        if piped and params:
            params.pop()
        if self.chance(3):
            params.append("interface {}")
        args = [self.argument(name, index, kind) for index, kind in enumerate(params)]
        return " ".join((name, *args))

    def argument(self, name: str, index: int, kind: str) -> str:
        if index == 0 and name == "printf":
            return self.string(
                " ".join(self.pick(FORMATS) for _ in range(1 + self.random.randrange(3)))
            )
        if index == 0 and "egex" in name:
            return self.string(self.pick(PATTERNS))
        if index == 0 and "oDate" in name:
            return self.string(self.pick(LAYOUTS))
        if index == 0 and name == "semverCompare":
            return self.string(self.pick(("^1.2", ">=1.0.0", "~1.x || 2", "!=1.2.3", "1 - 3", "x")))
        return self.operand(kind)

    def pipeline(self) -> str:
        self.depth += 1
        kind = self.random.randrange(10)
        if kind < 4 or self.depth > 4:
            text = self.any_operand() if self.depth < 4 else self.field()
        elif kind < 6:
            joined = " ".join(self.any_operand() for _ in range(1 + self.random.randrange(3)))
            text = f"{self.pick(('and', 'or'))} {joined}" if kind == 4 else self.call()
        else:
            text = self.call()
        while self.chance(25):
            text += " | " + self.call(piped=True)
        if text == "nil":
            text = ".nil"
        self.depth -= 1
        return text

    # Templates.

    def action(self) -> str:
        left = "{{- " if self.chance(6) else "{{"
        right = " -}}" if self.chance(6) else "}}"
        if self.chance(12):
            name = self.pick(("$a", "$b"))
            sign = "=" if name in self.variables and self.chance(40) else ":="
            text = f"{left}{name} {sign} {self.pipeline()}{right}"
            self.variables.append(name)
            return text
        if self.chance(3):
            return left + ("/* c */" if self.chance(70) else self.pipeline() + " | html") + right
        return left + self.pipeline() + right

    def placed(self) -> str:
        before, after = self.pick(CONTEXTS)
        inner = "".join(self.action() for _ in range(1 + (self.random.randrange(5) == 0)))
        if self.chance(6):
            inner = self.branch(2)
        return f"{before}{inner}{after}"

    def branch(self, depth: int) -> str:
        keyword = self.pick(("if", "with", "range", "if", "range"))
        scope = len(self.variables)
        head = self.pipeline()
        if keyword == "range" and self.chance(50):
            head = self.pick(("$i, $e := ", "$e := ")) + self.pick((".l", ".m", ".x", "3", head))
            self.variables += ["$e"]
        body = self.body(depth + 1)
        if keyword == "range" and self.chance(15):
            body += "{{if .}}{{%s}}{{end}}" % self.pick(("break", "continue"))  # noqa: UP031
        tail = ""
        if self.chance(30):
            middle = (
                f" {keyword} {self.pipeline()}" if keyword != "range" and self.chance(30) else ""
            )
            tail = "{{else%s}}%s" % (middle, self.body(depth + 1))  # noqa: UP031
        del self.variables[scope:]
        return "{{%s %s}}%s%s{{end}}" % (keyword, head, body, tail)  # noqa: UP031

    def body(self, depth: int = 0) -> str:
        parts = []
        for _ in range(1 + self.random.randrange(3)):
            kind = self.random.randrange(12)
            if kind < 6:
                parts.append(self.placed())
            elif kind < 8:
                parts.append(self.pick(TEXTS))
            elif kind == 8 and depth < 2:
                parts.append(self.branch(depth))
            elif kind == 9:
                parts.append(self.action())
            elif kind == 10:
                parts.append('{{template "part" .}}')
            else:
                before, after = self.pick(CONTEXTS)
                parts.append(before + '{{template "part" .s}}' + after)
        return "".join(parts)

    def case(self) -> dict[str, Any]:
        """A template with one helper, and data for it."""
        body = self.body()
        text = body
        if '{{template "part"' in body:
            part = self.pick(
                ("{{.}}", "<b>{{.}}</b>", "{{if .}}x{{.}}{{end}}", "a", "{{. | html}}")
            )
            text += '{{define "part"}}%s{{end}}' % part  # noqa: UP031
        if self.chance(3):
            text = self.mutilated(text)
        return {"t": text, "d": self.data()}

    def mutilated(self, text: str) -> str:
        """The text with a few characters lost or doubled."""
        for _ in range(1 + self.random.randrange(3)):
            at = self.random.randrange(len(text) + 1)
            text = text[:at] + self.pick(("", "{", "}", '"', "|", ")", ".", " ")) + text[at + 1 :]
        return text


def make(random: Random) -> dict[str, Any]:
    return Maker(random).case()
