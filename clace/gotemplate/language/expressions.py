"""Pipelines and their operands as Python expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from clace.gotemplate.escaping.escaping import constant_call, escaped, unchanged_test
from clace.gotemplate.language import nodes
from clace.gotemplate.language.operands import (
    ESCAPERS,
    NILS,
    SMALL_RESULTS,
    LocalVariable,
    Operand,
    comparison,
    number,
)
from clace.gotemplate.language.signatures import ANY, LITERALS, MAP, VALUE, Function
from clace.gotemplate.language.writer import Site, Writer
from clace.gotemplate.prices import price

_LIGHT = frozenset(("bool", "complex", "float", "int", "safe"))


class Expressions:
    """Emits the evaluation of pipelines, in order and one failing step to a line."""

    def __init__(self, writer: Writer, functions: Mapping[str, Function]) -> None:
        self.writer = writer
        self._functions = functions
        self.used: dict[str, Function] = {}
        self.compact = False
        self._branches = 0
        self.dot = LocalVariable(".", "dot")
        self.variables = [LocalVariable("$", "dot")]
        self._at: nodes.Node = nodes.Node(0)
        self._ways: tuple[str, tuple[nodes.Node, ...]] = ("", ())

    def here(self, call: nodes.Node | None = None, function: str = "") -> Site:
        """The place where evaluation stands, and the call it makes."""
        chooser, choices = self._ways
        known = bool(choices) and choices[-1] is self._at
        return Site(self._at, call, function, *((chooser, choices) if known else ()))

    # Pipelines and commands.

    def pipeline(
        self, pipe: nodes.Pipe, commands: Sequence[nodes.Command] | None = None
    ) -> Operand:
        """The value of a pipeline; its declarations have been made."""
        if commands is None:
            commands = pipe.cmds
        else:
            pipe = nodes.Pipe(pipe.pos, pipe.line, pipe.assign, pipe.decl, list(commands))
        self._at = pipe
        value = self._piped(commands, None)
        assert value is not None
        if pipe.decl:
            value = self.concrete(value)
        for variable in pipe.decl:
            self._declare(variable, value, assign=pipe.assign)
        return value

    def _piped(self, commands: Sequence[nodes.Command], value: Operand | None) -> Operand | None:
        for at, command in enumerate(commands):
            test = "" if value is None or self.compact else unchanged_test(commands[at:])
            if value is not None and test and not value.is_literal:
                return self._unless(test, value, commands[at:])
            value = self._command(command, value)
        return value

    def _unless(self, test: str, value: Operand, commands: Sequence[nodes.Command]) -> Operand:
        """The value after the commands, which a text that passes the test is spared."""
        code, local = self.named(value).code, self.writer.name("e")
        self.writer.line(f"{local} = {code}")
        with self.writer.indented(f"if type({code}) is not str or not {test}({code}):"):
            for command in commands:
                value = self._command(command, value)
            self.writer.line(f"{local} = {value.code}")
        return Operand(local, "safe", nilable=False)

    def _declare(self, variable: nodes.Variable, value: Operand, *, assign: bool) -> None:
        target = self.find(variable.names[0]) if assign else self.declare(variable.names[0])
        if assign:
            target.interface = "False"
        self.writer.line(f"{target.local} = {value.code}")

    def declare(self, name: str) -> LocalVariable:
        """A new variable, which hides older ones of its name."""
        variable = LocalVariable(name, self.writer.name("x"), conditional=self._branches > 0)
        self.variables.append(variable)
        return variable

    def find(self, name: str) -> LocalVariable:
        """The innermost variable of a name; using one in its own first declaration fails."""
        for variable in reversed(self.variables):
            if variable.name == name:
                return variable
        self.fail(f"undefined variable: {name}")
        return LocalVariable(name, self.writer.name("x"))

    def concrete(self, value: Operand) -> Operand:
        """A value as it leaves a pipeline stage: an untyped nil is not a value at all."""
        if not value.nilable:
            return value
        local = value.code if value.code[0] == "v" else self._store(value)
        self.writer.line(f"if {local} is None: {local} = NOVALUE")
        return Operand(local, nilable=False)

    def _store(self, value: Operand) -> str:
        return self._result(value.code).code

    def named(self, value: Operand) -> Operand:
        """The value under a name, so that it may be written more than once."""
        if value.code.isidentifier() and not value.code[0].isupper():
            return value
        return replace(value, code=self._store(value))

    def fail(self, message: str) -> Operand:
        """Evaluation stops here, always."""
        self.writer.line(f"raise Fault({message!r})", self.here())
        return Operand("NOVALUE")

    def _command(self, command: nodes.Command, final: Operand | None) -> Operand:  # noqa: PLR0911 - one for each case
        first, args = command.args[0], command.args[1:]
        if isinstance(first, nodes.Field):
            self._at = first
            return self._fields(first, self.dot, first.names, args, final)
        if isinstance(first, nodes.Chain):
            return self._chain(first, args, final)
        if isinstance(first, nodes.Identifier):
            return self._function(first, command, args, final)
        if isinstance(first, nodes.Variable):
            self._at = first
            return self._variable(first, args, final)
        if not isinstance(first, nodes.Pipe):
            self._at = first
        if args or final is not None:
            return self.fail(f"can't give argument to non-function {first}")
        if isinstance(first, nodes.Pipe):
            return self.pipeline(first)
        if isinstance(first, nodes.Nil):
            return self.fail("nil is not a command")
        return self._constant(first)

    def _constant(self, node: nodes.Node) -> Operand:
        if isinstance(node, nodes.Dot):
            return Operand(self.dot.local)
        if isinstance(node, nodes.Bool):
            return Operand(str(node.value), "bool", nilable=False)
        if isinstance(node, nodes.String):
            return Operand(repr(node.text), "str", nilable=False)
        assert isinstance(node, nodes.Number)
        self._at = node
        return number(node) or self.fail(f"{node.text} overflows int")

    # Fields and variables.

    def _variable(
        self, node: nodes.Variable, args: Sequence[nodes.Node], final: Operand | None
    ) -> Operand:
        variable = self.find(node.names[0])
        if variable.conditional:
            local = self._result(variable.local, self.here()).code
            variable = replace(variable, local=local, conditional=False)
        if len(node.names) > 1:
            return self._fields(node, variable, node.names[1:], args, final)
        if args or final is not None:
            return self.fail(f"can't give argument to non-function {node}")
        return Operand(variable.local)

    def _chain(
        self, node: nodes.Chain, args: Sequence[nodes.Node], final: Operand | None
    ) -> Operand:
        self._at = node
        if isinstance(node.node, nodes.Nil):
            return self.fail(f"indirection through explicit nil in {node}")
        value = self.named(self.argument(node.node, VALUE))
        receiver = LocalVariable("", value.code)
        return self._fields(node, receiver, node.names, args, final)

    def _fields(
        self,
        node: nodes.Node,
        receiver: LocalVariable,
        names: Sequence[str],
        args: Sequence[nodes.Node],
        final: Operand | None,
    ) -> Operand:
        if args or final is not None:
            return self._method(node, receiver, names, args, final)
        local = self.writer.name()
        if self.compact and len(names) == 1:
            code = f"get({receiver.local}, {names[0]!r}, {receiver.interface})"
            self.writer.line(f"{local} = {code}", self.here(node, names[0]))
            return Operand(local)
        keys = "".join(f"[{name!r}]" for name in names)
        self.writer.line(f"try: {local} = {receiver.local}{keys}")
        self.writer.line(
            f"except LOOKUP: {local} = "
            f"chain({receiver.local}, {tuple(names)!r}, {receiver.interface})",
            self.here(node, names[-1]),
        )
        return Operand(local)

    def _method(
        self,
        node: nodes.Node,
        receiver: LocalVariable,
        names: Sequence[str],
        args: Sequence[nodes.Node],
        final: Operand | None,
    ) -> Operand:
        """A last field that is given arguments, and so must be a method."""
        bound = self.writer.name("m")
        count = len(args) + (final is not None)
        self.writer.line(
            f"{bound} = method({receiver.local}, {tuple(names)!r}, {receiver.interface}, {count})",
            self.here(node, names[-1]),
        )
        local, way = self.writer.name(), self.writer.name("w")
        self.writer.line(f"{local} = NOVALUE; {way} = 0")
        before = self._at
        with self.writer.indented(f"if {bound} is not None:"):
            values = self._method_arguments(bound, args, final)
            self.writer.line(f"{way} = 1")
            code = f"{local} = {bound}.call({', '.join(values)})"
            self.writer.line(code, self.here(node, names[-1]))
        self._ways = (way, (before, self._at))
        return Operand(local)

    def _method_arguments(
        self, bound: str, args: Sequence[nodes.Node], final: Operand | None
    ) -> list[str]:
        values = []
        for index, arg in enumerate(args):
            self._at = arg
            code, shown = "None", ""
            if not isinstance(arg, nodes.Nil):
                operand = self._operand(arg)
                shown = f", {str(arg)!r}" if operand is None else ""
                code = (operand or self._constant(arg)).code
            values.append(self._result(f"{bound}.argument({index}, {code}{shown})", self.here()))
        if final is not None:
            code = f"{bound}.argument({len(args)}, {self.concrete(final).code})"
            values.append(self._result(code, self.here()))
        return [value.code for value in values]

    # Functions.

    def _function(
        self,
        first: nodes.Identifier,
        command: nodes.Node,
        args: Sequence[nodes.Node],
        final: Operand | None,
    ) -> Operand:
        self._at = first
        if first.name in ESCAPERS:
            return self._escaper(first.name, args, final)
        function = self._functions[first.name]
        fault = function.arity_fault(len(args), int(final is not None))
        if fault is not None:
            return self.fail(fault)
        if first.name in ("and", "or") and VALUE in function.params:
            return self._short_circuit(first.name, args, final)
        operands = [self.argument(arg, function.param(index)) for index, arg in enumerate(args)]
        if final is not None:
            wanted = function.param(len(args))
            final = final if wanted == ANY else self.concrete(final)
            operands.append(self._validated(final, wanted))
        if first.name == "call":
            shown = str(args[0]) if args else f"<{first.name} Value>"
            operands.insert(0, Operand(repr(shown), "str", nilable=False))
        return self._call(function, operands, self.here(command, first.name))

    def _call(self, function: Function, operands: list[Operand], site: Site) -> Operand:
        if function.pure and all(operand.is_literal for operand in operands):
            return constant_call(function, operands)
        self.used[function.name] = function
        if VALUE in function.params and (quick := comparison(function.name, operands)):
            return self._result(quick, site, "bool")
        codes = [operand.code for operand in operands]
        weighed = [o.code for o in operands if o.kind not in _LIGHT and not o.is_literal]
        if weighed and (shift := price(function.name)) is not None:
            self.writer.line(f"run.weigh({shift}, {', '.join(weighed)})", site)
        codes = ["run", *codes] if function.metered else codes
        result = self._result(f"f_{function.name}({', '.join(codes)})", site)
        if function.name not in SMALL_RESULTS:
            self.writer.line(f"run.charge({result.code})", site)
        return result

    def _result(self, code: str, site: Site | None = None, kind: str = "") -> Operand:
        local = self.writer.name()
        self.writer.line(f"{local} = {code}", site)
        return Operand(local, kind, nilable=not kind)

    def _escaper(self, name: str, args: Sequence[nodes.Node], final: Operand | None) -> Operand:
        operands = [self.argument(arg, ANY) for arg in args]
        operands += [] if final is None else [final]
        operands = [one if one.is_literal else self.named(one) for one in operands]
        site = self.here(self._at, name)
        return escaped(self.writer, name, operands, site, compact=self.compact)

    def _short_circuit(
        self, name: str, args: Sequence[nodes.Node], final: Operand | None
    ) -> Operand:
        """``and`` and ``or``: later arguments are evaluated only if they matter."""
        local = self.writer.name()
        final = None if final is None else self.concrete(final)
        test = f"if {local}:" if name == "and" else f"if not {local}:"
        way = self.writer.name("w")
        ends: list[nodes.Node] = []
        with ExitStack() as blocks:
            for index, arg in enumerate(args):
                if index:
                    blocks.enter_context(self.writer.indented(test))
                self._branches += index > 0
                self.writer.line(f"{local} = {self.argument(arg, VALUE).code}")
                self._branches -= index > 0
                inner, choices = self._ways
                nested = bool(choices) and choices[-1] is self._at
                if len(args) > 1 or nested:
                    chosen = f"{inner} + {len(ends)}" if nested else str(len(ends))
                    self.writer.line(f"{way} = {chosen}")
                ends += choices if nested else [self._at]
            if final is not None:
                self.writer.line(f"{test if args else 'if True:'} {local} = {final.code}")
        if len(ends) > 1:
            self._ways = (way, tuple(ends))
        return Operand(local)

    # Arguments.

    def argument(self, node: nodes.Node, wanted: str) -> Operand:
        """An argument as a function's parameter takes it."""
        self._at = node
        if isinstance(node, nodes.Nil):
            if wanted in (ANY, VALUE, MAP):
                return Operand(NILS[wanted], nilable=wanted == ANY)
            return self.fail(f"cannot assign nil to {wanted}")
        value = self._operand(node)
        if value is not None:
            return self._validated(value, wanted)
        return self._literal(node, wanted)

    def _operand(self, node: nodes.Node) -> Operand | None:
        """The value of anything but a literal."""
        if isinstance(node, nodes.Dot):
            return Operand(self.dot.local)
        if isinstance(node, nodes.Field):
            return self._fields(node, self.dot, node.names, (), None)
        if isinstance(node, nodes.Variable):
            return self._variable(node, (), None)
        if isinstance(node, nodes.Pipe):
            return self.concrete(self.pipeline(node))
        if isinstance(node, nodes.Identifier):
            return self._function(node, node, (), None)
        return self._chain(node, (), None) if isinstance(node, nodes.Chain) else None

    def _validated(self, value: Operand, wanted: str) -> Operand:
        if wanted not in (ANY, VALUE):
            value = self.named(value)
        exact = {"string": "str", "int": "int", "bool": "bool", "float64": "float"}.get(wanted)
        if wanted == VALUE or (exact and value.kind == exact):
            return value
        if wanted == ANY:
            if value.kind or not value.code.isidentifier():
                return value
            return Operand(f"(None if {value.code} is NOVALUE else {value.code})", value.kind)
        local = self.writer.name()
        test = f"type({value.code}) is {exact}" if exact else "False"
        self.writer.line(
            f"{local} = {value.code} if {test} else convert({value.code}, {wanted!r})",
            self.here(),
        )
        return Operand(local, exact or "", nilable=False)

    def _literal(self, node: nodes.Node, wanted: str) -> Operand:  # noqa: PLR0911 - one for each case
        if wanted in (ANY, VALUE):
            return self._constant(node)
        if wanted == "string" and isinstance(node, nodes.String):
            return self._constant(node)
        if wanted == "bool" and isinstance(node, nodes.Bool):
            return self._constant(node)
        if isinstance(node, nodes.Number):
            if wanted == "int" and node.as_int is not None:
                return Operand(repr(node.as_int), "int", nilable=False)
            if wanted == "float64" and node.as_float is not None:
                return Operand(repr(node.as_float), "float", nilable=False)
        if wanted in LITERALS:
            return self.fail(f"expected {LITERALS[wanted]}; found {node}")
        return self.fail(f"can't handle {node} for arg of type {wanted}")
