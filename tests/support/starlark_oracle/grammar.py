"""Random programs: mostly sensible ones, some whose types clash, some that are broken."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.support.starlark_oracle.answers import Case
from tests.support.starlark_oracle.damage import damaged
from tests.support.starlark_oracle.literals import KINDS, literal
from tests.support.starlark_oracle.phrases import PHRASES

_BINARY = [
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "&",
    "|",
    "^",
    "<<",
    ">>",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "in",
    "not in",
    "and",
    "or",
]
_GROWN = {
    "int": ["+", "-", "*", "//", "%", "&", "|", "^", ">>"],
    "float": ["+", "-", "*", "/", "//", "%"],
    "str": ["+", "+", "%"],
    "bytes": ["+"],
    "list": ["+"],
    "tuple": ["+"],
    "dict": ["|"],
    "set": ["|", "&", "-", "^"],
    "any": ["+", "|"],
}
_MAX_DEPTH = 4
_BROKEN = 0.1
_STEPS = 100_000


def make(random: Random) -> Case:
    """One case for both sides."""
    source = Program(random).text()
    if random.random() < _BROKEN:
        source = damaged(random, source)
    case: Case = {"source": source, "steps": _STEPS}
    if random.random() < 0.1:
        names = ("sets", "while_loops", "top_level_control", "global_reassignment")
        case["options"] = {name: random.random() < 0.5 for name in names}
    return case


class Program:
    """Writes one program, with the names that are bound while it does."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.names: dict[str, str] = {}  # the kind of value that a name has, as far as is known
        self.functions: dict[str, list[str]] = {}  # the kinds of a function's arguments
        self._made = 0
        self._loops = 0
        self._depth = 0  # of functions
        self._unit = random.choice(["    ", "    ", "  ", "\t", " "])

    def text(self) -> str:
        lines: list[str] = []
        for _ in range(self.random.randint(1, 2)):
            if self.random.random() < 0.6:
                lines += self._def(0)
            else:
                lines += self._binding(0)
        for name, kinds in list(self.functions.items()):
            lines.append(f"print({name}({self._arguments(kinds)}))")
        shown = ", ".join([*self.names, self.expression("any", 0)])
        lines.append(f"print({shown})")
        return "\n".join(lines) + "\n"

    # Expressions.

    def expression(self, kind: str, depth: int) -> str:
        """An expression whose value is mostly of this kind."""
        random = self.random
        if kind == "any" or random.random() < 0.01:
            kind = random.choice(KINDS)
        if depth >= _MAX_DEPTH or random.random() < 0.25:
            return self._leaf(kind)
        chance = random.random()
        if chance < 0.6 and PHRASES.get(kind):
            return self._phrase(random.choice(PHRASES[kind]), depth)
        if chance < 0.61:
            operator = random.choice(_BINARY)
            left, right = self.expression("any", depth + 1), self.expression("any", depth + 1)
            return f"({left} {operator} {right})"
        return self._shape(kind, depth)

    def _leaf(self, kind: str) -> str:
        random = self.random
        wanted = (kind, "any") if random.random() < 0.2 else (kind,)
        known = [name for name, has in self.names.items() if has in wanted]
        if known and random.random() < 0.7:
            return random.choice(known)
        return literal(random, kind)

    def _phrase(self, phrase: str, depth: int) -> str:
        """A phrase whose ``«kind»`` gaps are filled."""
        parts = phrase.split("«")
        text = parts[0]
        for part in parts[1:]:
            kind, _, rest = part.partition("»")
            text += self.expression(kind, depth + 1) + rest
        return text

    def _shape(self, kind: str, depth: int) -> str:
        random = self.random
        shapes: list[Callable[[str, int], str]] = [
            self._conditional,
            self._lambda,
            self._comprehension,
            self._comprehension,
            self._call,
            self._parenthesized,
        ]
        return random.choice(shapes)(kind, depth)

    def _conditional(self, kind: str, depth: int) -> str:
        yes, no = self.expression(kind, depth + 1), self.expression(kind, depth + 1)
        return f"({yes} if {self.expression('bool', depth + 1)} else {no})"

    def _parenthesized(self, kind: str, depth: int) -> str:
        inner = self.expression(kind, depth + 1)
        return f"({inner})" if self.random.random() < 0.7 else f"(\n{inner}\n)"

    def _lambda(self, kind: str, depth: int) -> str:
        name = self._name()
        value = self.expression("any", depth + 1)
        body = self._with({name: "any"}, lambda: self.expression(kind, depth + 1))
        default = self.random.random() < 0.3
        parameter = f"{name}={value}" if default else name
        return f"(lambda {parameter}: {body})({'' if default else value})"

    def _comprehension(self, kind: str, depth: int) -> str:
        random = self.random
        bound: dict[str, str] = {}
        clauses = ""
        for number in range(1 if random.random() < 0.75 else 2):
            items, target, names = self._loop_over(depth + number, bound)
            bound |= names
            clauses += f" for {target} in {items}"
            if random.random() < 0.3:
                clauses += " if " + self._with(bound, lambda: self.expression("bool", depth + 2))
        body = self._with(bound, lambda: self.expression("any", depth + 2))
        if kind == "dict":
            key = self._with(bound, lambda: self.expression("str", depth + 2))
            return f"{{{key}: {body}{clauses}}}"
        made = f"[{body}{clauses}]"
        return {"int": f"len({made})", "str": f"str({made})", "set": f"repr({made})"}.get(
            kind, made
        )

    def _loop_over(self, depth: int, bound: dict[str, str]) -> tuple[str, str, dict[str, str]]:
        """An iterable, a target, and the names that it binds."""
        random = self.random
        kind = random.choice(["list", "list", "dict", "range", "pairs", "set", "elems", "range"])
        first, second = self._name(), self._name()
        if kind == "range":
            return f"range({random.randint(0, 4)})", first, {first: "int"}
        if kind == "elems":
            text = self._with(bound, lambda: self.expression("str", depth + 1))
            return f"{text}.elems()", first, {first: "str"}
        if kind == "pairs":
            items = self._with(bound, lambda: self.expression("dict", depth + 1))
            return f"{items}.items()", f"{first}, {second}", {first: "str", second: "any"}
        items = self._with(bound, lambda: self.expression(kind, depth + 1))
        return items, first, {first: "any"}

    def _call(self, kind: str, depth: int) -> str:
        if not self.functions:
            return self._leaf(kind)
        name = self.random.choice(list(self.functions))
        return f"{name}({self._arguments(self.functions[name], depth + 1)})"

    def _arguments(self, kinds: list[str], depth: int = 2) -> str:
        random = self.random
        args = [self.expression(kind, depth) for kind in kinds]
        if random.random() < 0.02:
            args = args[1:] if random.random() < 0.5 else [*args, "1"]
        if args and random.random() < 0.15:
            args[-1] = f"*[{args[-1]}]"
        elif random.random() < 0.02:
            key = literal(random, "str") if random.random() < 0.3 else '"k"'
            args.append(f"**{{{key}: 1}}")
        elif random.random() < 0.02:
            args.append(f"{random.choice(['p', 'k', 'x'])}={self.expression('any', depth)}")
        return ", ".join(args)

    def _with(self, names: dict[str, str], write: Callable[[], str]) -> str:
        before = dict(self.names)
        self.names |= names
        text = write()
        self.names = before
        return text

    def _name(self) -> str:
        self._made += 1
        if self.names and self.random.random() < 0.08:
            return self.random.choice(list(self.names))
        return f"v{self._made}"

    # Statements; each is a list of lines.

    def _line(self, level: int, text: str) -> str:
        return self._unit * level + text

    def _binding(self, level: int) -> list[str]:
        random = self.random
        if random.random() < 0.15:
            names = [self._name() for _ in range(random.randint(1, 3))]
            value = ", ".join([self.expression("any", 1) for _ in names])
            target = ", ".join(names)
            made = random.choice([f"{target} = {value}", f"[{target}] = [{value}]"])
            self.names |= dict.fromkeys(names, "any")
            return [self._line(level, made)]
        kind = random.choice(KINDS)
        value = self.expression(kind, 0)
        name = self._name()
        self.names[name] = kind
        return [self._line(level, f"{name} = {value}")]

    def _def(self, level: int) -> list[str]:
        random = self.random
        self._made += 1
        name = f"f{self._made}"
        before, loops = dict(self.names), self._loops
        parameters, kinds = self._parameters()
        recurses = random.random() < 0.2
        if recurses:
            self.functions[name] = kinds
        self._depth, self._loops = self._depth + 1, 0
        lines = [self._line(level, f"def {name}({parameters}):")]
        lines += self._block(level + 1, random.randint(1, 5))
        if random.random() < 0.8:
            lines.append(self._line(level + 1, f"return {self.expression('any', 1)}"))
        self._depth, self._loops, self.names = self._depth - 1, loops, before
        if random.random() < 0.05:
            lines.append(self._line(level, f"print({self.expression('any', 1)})"))
        self.functions[name] = kinds
        return lines

    def _parameters(self) -> tuple[str, list[str]]:
        random = self.random
        kinds = [random.choice(KINDS) for _ in range(random.randint(0, 3))]
        bound = {f"p{number}": kind for number, kind in enumerate(kinds)}
        parts = list(bound)
        if parts and random.random() < 0.25:
            parts[-1] += f"={self.expression(kinds[-1], 2)}"
        if random.random() < 0.12:
            parts.append("*args")
            bound["args"] = "tuple"
        if random.random() < 0.12:
            parts += ["k=1"] if "*args" in parts else ["*", "k=1"]
            bound["k"] = "int"
        if random.random() < 0.12:
            parts.append("**kwargs")
            bound["kwargs"] = "dict"
        self.names |= bound
        return ", ".join(parts), kinds

    def _block(self, level: int, size: int) -> list[str]:
        lines: list[str] = []
        for _ in range(size):
            lines += self._statement(level)
        return lines

    def _statement(self, level: int) -> list[str]:
        random = self.random
        choices: list[Callable[[int], list[str]]] = [
            self._binding,
            self._binding,
            self._augmented,
            self._store,
            self._mutation,
            self._print,
        ]
        if self._loops < 2 and level < 4:
            choices += [self._if, self._for, self._for, self._while]
        if self._depth < 3 and level < 4:
            choices.append(self._nested)
        if self._loops:
            choices.append(self._jump)
        return random.choice(choices)(level)

    def _nested(self, level: int) -> list[str]:
        return self._def(level)

    def _jump(self, level: int) -> list[str]:
        word = self.random.choice(["break", "continue", "pass", "return"])
        return [self._line(level, f"if {self.expression('bool', 2)}: {word}")]

    def _print(self, level: int) -> list[str]:
        return [self._line(level, f"print({self.expression('any', 1)})")]

    def _augmented(self, level: int) -> list[str]:
        random = self.random
        known = [name for name, kind in self.names.items() if kind in _GROWN]
        if not known:
            return self._print(level)
        name = random.choice(known)
        operator = random.choice(_GROWN[self.names[name]])
        value = self.expression(self.names[name], 2)
        return [self._line(level, f"{name} {operator}= {value}")]

    def _store(self, level: int) -> list[str]:
        random = self.random
        kind = random.choice(["list", "dict", "dict", "dict"])
        target = self._leaf(kind)
        key = self.expression("str" if kind == "dict" else "int", 2)
        sign = "=" if random.random() < 0.8 else random.choice(["+=", "|=", "-="])
        return [self._line(level, f"{target}[{key}] {sign} {self.expression('any', 2)}")]

    def _mutation(self, level: int) -> list[str]:
        kind = self.random.choice(["list", "dict", "set"])
        phrase = self.random.choice(PHRASES[f"change {kind}"])
        return [self._line(level, self._leaf(kind) + self._phrase(phrase, 2))]

    def _if(self, level: int) -> list[str]:
        random = self.random
        lines = [self._line(level, f"if {self.expression('bool', 1)}:")]
        lines += self._block(level + 1, random.randint(1, 2))
        if random.random() < 0.3:
            lines.append(self._line(level, f"elif {self.expression('bool', 1)}:"))
            lines += self._block(level + 1, 1)
        if random.random() < 0.4:
            lines.append(self._line(level, "else:"))
            lines += self._block(level + 1, 1)
        return lines

    def _for(self, level: int) -> list[str]:
        items, target, names = self._loop_over(1, {})
        self.names |= names
        self._loops += 1
        lines = [self._line(level, f"for {target} in {items}:")]
        lines += self._block(level + 1, self.random.randint(1, 3))
        self._loops -= 1
        return lines

    def _while(self, level: int) -> list[str]:
        self._made += 1
        counter = f"n{self._made}"
        self._loops += 1
        lines = [
            self._line(level, f"{counter} = {self.random.randint(0, 3)}"),
            self._line(level, f"while {counter} > 0:"),
            self._line(level + 1, f"{counter} -= 1"),
            *self._block(level + 1, self.random.randint(1, 2)),
        ]
        self._loops -= 1
        return lines
