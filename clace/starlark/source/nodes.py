"""The syntax tree. Each node knows where its error messages point: ``at`` is (line, column)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

Place = tuple[int, int]


class Scope(Enum):
    """The scope in which a name is bound."""

    LOCAL = auto()
    GLOBAL = auto()
    PREDECLARED = auto()
    UNIVERSAL = auto()
    UNDEFINED = auto()


@dataclass(eq=False, repr=False, slots=True)
class Binding:
    """A variable; ``slot`` is the name that the emitted code gives it."""

    scope: Scope
    first: Identifier | None = None
    slot: str = ""


@dataclass(eq=False, repr=False, slots=True)
class Identifier:
    """A name; the resolver fills in its ``binding``."""

    name: str
    at: Place
    binding: Binding | None = None


@dataclass(eq=False, repr=False, slots=True)
class Literal:
    """A number, string or bytes."""

    value: int | float | str | bytes
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Parenthesized:
    """An expression in parentheses."""

    inner: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class ListDisplay:
    """``[a, b]``"""

    items: list[Expression]
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class TupleDisplay:
    """``a, b``, without its parentheses; ``at`` is its first item."""

    items: list[Expression]
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Entry:
    """``key: value``; ``at`` is the colon."""

    key: Expression
    value: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class DictDisplay:
    """``{key: value}``"""

    entries: list[Entry]
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class ForClause:
    """``for x in y`` of a comprehension."""

    target: Expression
    iterable: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class IfClause:
    """``if x`` of a comprehension."""

    condition: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Comprehension:
    """``[x for ...]``, or with an ``Entry`` as its body ``{k: v for ...}``."""

    body: Expression | Entry
    clauses: list[ForClause | IfClause]
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Parameter:
    """A parameter of a function: ``x``, ``x=d``, ``*``, ``*x`` or ``**x``.

    ``at`` is the name, the equals sign or the stars.
    """

    stars: str
    name: Identifier | None
    default: Expression | None
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Lambda:
    """``lambda x: body``"""

    parameters: list[Parameter]
    body: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Conditional:
    """``yes if condition else no``"""

    condition: Expression
    yes: Expression
    no: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Unary:
    """``not x``, ``-x``, ``+x`` or ``~x``."""

    operator: str
    operand: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Binary:
    """Two operands; ``at`` is the operator."""

    operator: str
    left: Expression
    right: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Dot:
    """``x.name``; ``at`` is the dot."""

    value: Expression
    name: str
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Index:
    """``x[key]``; ``at`` is the bracket."""

    value: Expression
    key: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Slice:
    """``x[low:high:step]``; ``at`` is the bracket."""

    value: Expression
    low: Expression | None
    high: Expression | None
    step: Expression | None
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Argument:
    """An argument of a call: ``x``, ``name=x``, ``*x`` or ``**x``; ``at`` is where it begins."""

    stars: str
    name: Identifier | None
    value: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Call:
    """``function(arguments)``; ``at`` is the parenthesis."""

    function: Expression
    arguments: list[Argument]
    at: Place


Expression = (
    Identifier
    | Literal
    | Parenthesized
    | ListDisplay
    | TupleDisplay
    | DictDisplay
    | Comprehension
    | Lambda
    | Conditional
    | Unary
    | Binary
    | Dot
    | Index
    | Slice
    | Call
)


@dataclass(eq=False, repr=False, slots=True)
class ExpressionStatement:
    """An expression whose value is dropped."""

    value: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Assignment:
    """``target = value`` or ``target += value``; ``at`` is the operator."""

    operator: str
    target: Expression
    value: Expression
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Branch:
    """``pass``, ``break`` or ``continue``."""

    keyword: str
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Return:
    """``return value``"""

    value: Expression | None
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class If:
    """``if``, with an ``elif`` as the only statement of ``no``."""

    condition: Expression
    yes: list[Statement]
    no: list[Statement]
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class For:
    """``for target in iterable``"""

    target: Expression
    iterable: Expression
    body: list[Statement]
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class While:
    """``while condition``"""

    condition: Expression
    body: list[Statement]
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Def:
    """``def name(parameters)``"""

    name: Identifier
    parameters: list[Parameter]
    body: list[Statement]
    at: Place


@dataclass(eq=False, repr=False, slots=True)
class Load:
    """``load(module, name, own="name")``: pairs of own names and those in the module."""

    module: str
    module_at: Place
    names: list[tuple[Identifier, Identifier]]
    at: Place


Statement = ExpressionStatement | Assignment | Branch | Return | If | For | While | Def | Load


@dataclass(eq=False, repr=False, slots=True)
class File:
    """A source file; the resolver fills in the names of its globals, in order."""

    name: str
    body: list[Statement]
    globals: list[str] = field(default_factory=list)


def start(node: Expression) -> Place:
    """Return the place where an expression begins."""
    while True:
        match node:
            case Binary():
                node = node.left
            case Conditional():
                node = node.yes
            case Dot() | Index() | Slice():
                node = node.value
            case Call():
                node = node.function
            case _:
                return node.at
