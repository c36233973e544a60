"""Trees and escaping plans to Python: one function for each template in each context."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

from clace.gotemplate.escaping.escape import Plan
from clace.gotemplate.language import nodes
from clace.gotemplate.language.expressions import Expressions
from clace.gotemplate.language.operands import LocalVariable
from clace.gotemplate.language.signatures import Function
from clace.gotemplate.language.writer import Site, Writer

COMPACT_FROM: Final = 40
"""Actions outside loops from which on short code matters more than quick code."""
_LIMIT_CHECK: Final = "if run.steps < 0 or run.room < 0: run.refill()"


class TemplateCompiler:
    """The body of one template's function, in ``writer`` once :meth:`run` is done."""

    def __init__(
        self,
        plan: Plan,
        functions: Mapping[str, Function],
        entries: Mapping[str, str],
        *,
        annotate: bool = False,
    ) -> None:
        self._annotate = annotate
        self.writer = Writer()
        self.plan = plan
        self.expressions = Expressions(self.writer, functions)
        self._entries = entries
        self.expressions.compact = _actions(plan.tree.root) > COMPACT_FROM

    def run(self) -> None:
        self._body(self.plan.tree.root)
        self.writer.flush()

    def _body(self, body: nodes.Body) -> None:
        for node in body.nodes:
            self._node(node)
            if isinstance(node, (nodes.Break, nodes.Continue)):
                break

    def _node(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Text):
            self.writer.write_text(self.plan.texts.get(node, node.text))
        elif isinstance(node, nodes.Action):
            self._action(node)
        elif isinstance(node, nodes.Range):
            self._scoped(self._range, node)
        elif isinstance(node, nodes.Branch):
            self._scoped(self._condition, node)
        elif isinstance(node, nodes.TemplateCall):
            self._call(node)
        else:
            self.writer.flush()
            self.writer.line("break" if isinstance(node, nodes.Break) else "continue")

    def _scoped(self, emit: object, node: nodes.Branch) -> None:
        scope = len(self.expressions.variables)
        self.writer.flush()
        self._note(node, node.keyword)
        assert callable(emit)
        emit(node)
        del self.expressions.variables[scope:]

    def _note(self, node: nodes.Node, keyword: str = "") -> None:
        """Say in a comment what the next lines are for."""
        if not self._annotate:
            return
        line, _ = nodes.location(self.plan.tree, node)
        text = str(node)
        if isinstance(node, nodes.Branch):
            text = f"{{{{{keyword} {node.pipe}}}}}"
        self.writer.comment(f"{self.plan.tree.file}:{line}: {text}")

    def _action(self, node: nodes.Action) -> None:
        self._note(node)
        if node.pipe.decl:
            self.expressions.pipeline(node.pipe)
            return
        value = self.expressions.pipeline(node.pipe, self.plan.pipes[node])
        if value.is_literal:
            self.writer.write_text(ast.literal_eval(value.code))
        else:
            self.writer.write_value(value.code)

    def _block(self, head: str, body: nodes.Body | None) -> None:
        scope = len(self.expressions.variables)
        with self.writer.block(head):
            if body is not None:
                self._body(body)
        del self.expressions.variables[scope:]

    def _condition(self, node: nodes.Branch) -> None:
        value = self.expressions.named(self.expressions.pipeline(node.pipe))
        outer = self.expressions.dot
        if isinstance(node, nodes.With):
            self.expressions.dot = LocalVariable(".", value.code)
        self._block(f"if {value.code}:", node.body)
        self.expressions.dot = outer
        if node.otherwise is not None:
            self._block("else:", node.otherwise)

    def _range(self, node: nodes.Branch) -> None:
        expressions, writer = self.expressions, self.writer
        pipe = node.pipe
        value = expressions.named(expressions.pipeline(pipe))
        declared = [expressions.find(variable.names[0]) for variable in pipe.decl]
        interface = writer.name("i")
        writer.line(f"{interface} = holds_interfaces({value.code})")
        items = writer.name("s")
        if len(declared) > 1:
            writer.line(f"{items} = pairs(run, {value.code})", expressions.here())
        else:
            code = value.code
            writer.line(
                f"{items} = {code} if type({code}) is list else elements(run, {code})",
                expressions.here(),
            )
        if node.otherwise is None:
            self._loop(node, items, declared, interface)
            return
        with writer.block(f"if {items}:"):
            self._loop(node, items, declared, interface)
        self._block("else:", node.otherwise)

    def _loop(
        self, node: nodes.Branch, items: str, declared: list[LocalVariable], interface: str
    ) -> None:
        expressions, writer = self.expressions, self.writer
        outer, compact = expressions.dot, expressions.compact
        expressions.dot = LocalVariable(".", writer.name("d"), interface)
        expressions.compact = False
        target = expressions.dot.local
        if len(declared) > 1:
            target = f"{declared[0].local}, {target}"
        with writer.block(f"for {target} in {items}:"):
            writer.line("run.steps -= 1")
            writer.line(_LIMIT_CHECK, Site(node.pipe))
            if declared:
                declared[-1].interface = interface
                writer.line(f"{declared[-1].local} = {expressions.dot.local}")
            scope = len(expressions.variables)
            self._body(node.body)
            del expressions.variables[scope:]
        expressions.dot, expressions.compact = outer, compact

    def _call(self, node: nodes.TemplateCall) -> None:
        self.writer.flush()
        self._note(node)
        code = "NOVALUE"
        if node.pipe is not None:
            value = self.expressions.concrete(self.expressions.pipeline(node.pipe))
            code = value.code
        name = self.plan.calls[node]
        self.writer.line("run.enter()", Site(node))
        self.writer.line(f"{self._entries[name]}(run, {code}); run.depth += 1")


def _actions(body: nodes.Body | None) -> int:
    """Count the actions of a body that stand outside its loops."""
    count = 0
    for node in () if body is None else body.nodes:
        if isinstance(node, nodes.Range):
            continue
        if isinstance(node, nodes.Branch):
            count += _actions(node.body) + _actions(node.otherwise)
        count += isinstance(node, nodes.Action)
    return count
