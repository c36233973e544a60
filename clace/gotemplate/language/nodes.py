"""The syntax tree; ``str()`` of a node is the text that Go puts in its error messages."""

from __future__ import annotations

from dataclasses import dataclass, field

from clace.gotemplate.language.literals import quote


@dataclass(eq=False, repr=False, slots=True)
class Node:
    """Anything with a place in the source; nodes are compared by identity."""

    pos: int


@dataclass(eq=False, repr=False, slots=True)
class Text(Node):
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(eq=False, repr=False, slots=True)
class Dot(Node):
    def __str__(self) -> str:
        return "."


@dataclass(eq=False, repr=False, slots=True)
class Nil(Node):
    def __str__(self) -> str:
        return "nil"


@dataclass(eq=False, repr=False, slots=True)
class Bool(Node):
    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(eq=False, repr=False, slots=True)
class Number(Node):
    """A constant under every Go type that can hold it."""

    text: str
    as_int: int | None = None
    as_uint: int | None = None
    as_float: float | None = None
    as_complex: complex | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(eq=False, repr=False, slots=True)
class String(Node):
    quoted: str
    text: str

    def __str__(self) -> str:
        return self.quoted


@dataclass(eq=False, repr=False, slots=True)
class Identifier(Node):
    """The name of a function."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(eq=False, repr=False, slots=True)
class Field(Node):
    names: list[str]

    def __str__(self) -> str:
        return "".join("." + name for name in self.names)


@dataclass(eq=False, repr=False, slots=True)
class Variable(Node):
    """``$x`` and the fields that follow it."""

    names: list[str]

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(eq=False, repr=False, slots=True)
class Chain(Node):
    """Fields of a function's result or of a parenthesised pipeline."""

    node: Node
    names: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        inner = f"({self.node})" if isinstance(self.node, Pipe) else str(self.node)
        return inner + "".join("." + name for name in self.names)


@dataclass(eq=False, repr=False, slots=True)
class Command(Node):
    args: list[Node] = field(default_factory=list)

    def __str__(self) -> str:
        return " ".join(f"({arg})" if isinstance(arg, Pipe) else str(arg) for arg in self.args)


@dataclass(eq=False, repr=False, slots=True)
class Pipe(Node):
    line: int
    assign: bool = False
    decl: list[Variable] = field(default_factory=list)
    cmds: list[Command] = field(default_factory=list)

    def __str__(self) -> str:
        body = " | ".join(map(str, self.cmds))
        if not self.decl:
            return body
        return f"{', '.join(map(str, self.decl))} {'=' if self.assign else ':='} {body}"


@dataclass(eq=False, repr=False, slots=True)
class Body(Node):
    """A run of nodes: a template, or one branch of a control structure."""

    nodes: list[Node] = field(default_factory=list)

    def __str__(self) -> str:
        return "".join(map(str, self.nodes))


@dataclass(eq=False, repr=False, slots=True)
class Action(Node):
    line: int
    pipe: Pipe

    def __str__(self) -> str:
        return "{{%s}}" % self.pipe  # noqa: UP031 - braces read better this way


@dataclass(eq=False, repr=False, slots=True)
class Branch(Node):
    """``if``, ``with`` and ``range``."""

    line: int
    pipe: Pipe
    body: Body
    otherwise: Body | None
    keyword = ""

    def __str__(self) -> str:
        tail = "" if self.otherwise is None else "{{else}}" + str(self.otherwise)
        return "{{%s %s}}%s%s{{end}}" % (self.keyword, self.pipe, self.body, tail)  # noqa: UP031


class If(Branch):
    __slots__ = ()
    keyword = "if"


class With(Branch):
    __slots__ = ()
    keyword = "with"


class Range(Branch):
    __slots__ = ()
    keyword = "range"


@dataclass(eq=False, repr=False, slots=True)
class TemplateCall(Node):
    line: int
    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        return "{{template %s%s}}" % (  # noqa: UP031
            quote(self.name),
            "" if self.pipe is None else f" {self.pipe}",
        )


@dataclass(eq=False, repr=False, slots=True)
class Break(Node):
    line: int

    def __str__(self) -> str:
        return "{{break}}"


@dataclass(eq=False, repr=False, slots=True)
class Continue(Node):
    line: int

    def __str__(self) -> str:
        return "{{continue}}"


@dataclass(eq=False, repr=False, slots=True)
class End(Node):
    """``{{end}}`` or ``{{else}}``: seen by the parser only."""

    is_else: bool = False

    def __str__(self) -> str:
        return "{{else}}" if self.is_else else "{{end}}"


@dataclass(eq=False, repr=False, slots=True)
class Tree:
    """One named template and the file it was parsed from."""

    name: str
    file: str
    source: str
    root: Body


def is_empty(node: Node) -> bool:
    """Return true if a template holds only space, and so does not replace another."""
    if isinstance(node, Body):
        return all(map(is_empty, node.nodes))
    return isinstance(node, Text) and not node.text.strip("\t\n\v\f\r \x85\xa0")


def location(tree: Tree, node: Node) -> tuple[int, int]:
    """Line from 1 and byte column from 0 of a node."""
    before = tree.source[: node.pos]
    start = before.rfind("\n") + 1
    column = len(before[start:].encode("utf-8", "surrogatepass"))
    return before.count("\n") + 1, column
