"""The escaping pass: a context for every action, decided before anything runs.

A template that is called in several contexts is compiled once for each; its copies carry names
like ``row$htmltemplate_stateRCDATA``, which error messages show as Go's do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from clace.gotemplate.errors import TemplateError
from clace.gotemplate.escaping.context import DEAD, START, Context, Place, State, failed, join
from clace.gotemplate.escaping.escape_text import rewrite
from clace.gotemplate.escaping.insertion import escapers_for, insert, misused_escaper
from clace.gotemplate.language import nodes
from clace.gotemplate.language.literals import quote

MAX_VISITS: Final = 200_000
"""Nodes one entry may visit; loops within loops double the visits at every level."""

Edits = dict[nodes.Node, object]


@dataclass
class Plan:
    """Decisions of the escaping pass for one template in one context."""

    tree: nodes.Tree
    texts: dict[nodes.Node, str] = field(default_factory=dict)
    pipes: dict[nodes.Node, list[nodes.Command]] = field(default_factory=dict)
    calls: dict[nodes.Node, str] = field(default_factory=dict)


@dataclass
class _Loop:
    """Contexts at the breaks and continues of one range."""

    exits: list[tuple[Context, nodes.Node]] = field(default_factory=list)


class _Visits:
    """Counts down over one entry, however many escapers share it."""

    def __init__(self) -> None:
        self.left = MAX_VISITS

    def count(self, tree: nodes.Tree) -> None:
        self.left -= 1
        if self.left < 0:
            raise TemplateError(
                f"html/template:{tree.file}: template is too complex to escape", name=tree.file
            )


class Escaper:
    """Inferences about one entry template and all that it calls."""

    def __init__(
        self, trees: Mapping[str, nodes.Tree], tree: nodes.Tree, name: str, visits: _Visits
    ) -> None:
        self._trees = trees
        self._visits = visits
        self._tree = tree
        self._name = name
        self._loops: list[_Loop] = []
        self.output: dict[str, Context] = {}
        self.called: set[str] = set()
        self.plans: dict[str, Plan] = {}

    def _plan(self) -> Plan:
        return self.plans.setdefault(self._name, Plan(self._tree))

    def _place(self, node: nodes.Node) -> Place:
        return Place(self._tree, node)

    def tree(self, context: Context, name: str, place: Place | None) -> tuple[Context, str]:
        """Escape a template as called in a context; its final context and its name there."""
        mangled = context.mangle(name)
        self.called.add(mangled)
        if mangled in self.output:
            return self.output[mangled], mangled
        tree = self._trees.get(name)
        if tree is None:
            return failed(f"no such template {quote(name)}", place), mangled
        return self._output_context(context, tree, mangled), mangled

    def _output_context(self, context: Context, tree: nodes.Tree, mangled: str) -> Context:
        after, good = self._template_body(context, tree, mangled)
        if not good:
            second, good = self._template_body(after, tree, mangled)
            if good:
                return second
        if not good and after.state is not State.ERROR:
            return failed(
                f"cannot compute output context for template {mangled}", Place(tree, tree.root)
            )
        return after

    def _template_body(
        self, assumed: Context, tree: nodes.Tree, mangled: str
    ) -> tuple[Context, bool]:
        """Escape a body that starts in ``assumed``, and ends there wherever it calls itself."""
        self.output[mangled] = assumed
        # Go starts the second attempt in the assumed context too.
        inner = self._child(tree, mangled)
        after = inner.body(assumed, tree.root)
        good = after.state is not State.ERROR and (mangled not in inner.called or assumed == after)
        if good:
            self.output.update(inner.output)
            self.called |= inner.called
            for name, plan in inner.plans.items():
                self.plans.setdefault(name, plan)
            self.plans.setdefault(mangled, Plan(tree))
        return after, good

    def _child(self, tree: nodes.Tree, name: str) -> Escaper:
        inner = Escaper(self._trees, tree, name, self._visits)
        inner.output.update(self.output)
        return inner

    def body(self, context: Context, body: nodes.Body | None) -> Context:
        """The context after a run of nodes."""
        for node in () if body is None else body.nodes:
            self._visits.count(self._tree)
            context = self._node(context, node)
            if context.state is State.DEAD:
                break
        return context

    def _node(self, context: Context, node: nodes.Node) -> Context:
        if isinstance(node, nodes.Text):
            after, text = rewrite(context, node.text)
            if text is not None:
                self._plan().texts[node] = text
            return after
        if isinstance(node, nodes.Action):
            return self._action(context, node)
        if isinstance(node, nodes.Branch):
            return self._branch(context, node)
        if isinstance(node, nodes.TemplateCall):
            after, name = self.tree(context, node.name, self._place(node))
            self._plan().calls[node] = name
            return after
        self._loops[-1].exits.append((context, node))
        return DEAD

    def _action(self, context: Context, node: nodes.Action) -> Context:
        if node.pipe.decl:
            return context
        misused = misused_escaper(context, node.pipe)
        if misused is not None:
            return failed(
                f"predefined escaper {quote(misused)} disallowed in template", self._place(node)
            )
        if context.state is State.ERROR:
            return context
        after, escapers = escapers_for(context, node)
        if after.error is not None:
            after.error.place = self._place(node)
            return after
        self._plan().pipes[node] = insert(node.pipe, escapers)
        return after

    def _branch(self, context: Context, node: nodes.Branch) -> Context:
        if isinstance(node, nodes.Range):
            taken = self._loop(context, node)
            if taken.state is State.ERROR:
                return taken
        else:
            taken = self.body(context, node.body)
        other = self.body(context, node.otherwise)
        return join(taken, other, node.keyword, self._place(node))

    def _loop(self, context: Context, node: nodes.Range) -> Context:
        """The body runs any number of times: a second pass must end where the first did."""
        after = self._pass(context, node, self)
        if after.state is State.ERROR:
            return after
        trial = self._child(self._tree, self._name)
        loop = _Loop()
        trial._loops = [*self._loops, loop]  # noqa: SLF001
        again = trial.body(after, node.body)
        joined = join(after, again, "range", self._place(node))
        if joined.error is not None:
            return _prefixed(joined, "on range loop re-entry: ", node.line)
        return self._exits(joined, loop)

    def _pass(self, context: Context, node: nodes.Range, escaper: Escaper) -> Context:
        loop = _Loop()
        escaper._loops.append(loop)
        after = escaper.body(context, node.body)
        escaper._loops.pop()
        return after if after.state is State.ERROR else self._exits(after, loop)

    def _exits(self, context: Context, loop: _Loop) -> Context:
        for kind in (nodes.Break, nodes.Continue):
            for exit_context, node in loop.exits:
                if not isinstance(node, kind):
                    continue
                context = join(context, exit_context, "range", self._place(node))
                if context.error is not None:
                    return _prefixed(context, f"at range loop {kind.__name__.lower()}: ", node.line)
        return context


def _prefixed(context: Context, prefix: str, line: int) -> Context:
    assert context.error is not None
    context.error.line = line
    context.error.description = prefix + context.error.description
    return context


def escape_entry(trees: Mapping[str, nodes.Tree], name: str) -> dict[str, Plan]:
    """Plans for a template executed by itself and for all that it calls, by mangled name."""
    escaper = Escaper(trees, trees[name], name, _Visits())
    after, _ = escaper.tree(START, name, None)
    if after.error is not None:
        raise _located(name, after)
    if after.state is not State.TEXT:
        message = f"html/template:{name}: ends in a non-text context: {after}"
        raise TemplateError(message, name=name)
    return escaper.plans


def _located(name: str, context: Context) -> TemplateError:
    error = context.error
    assert error is not None
    if error.place is None:
        where = f"{name}:{error.line}" if error.line else name
        return TemplateError(
            f"html/template:{where}: {error.description}", name=name, line=error.line
        )
    tree, node = error.place
    line, column = nodes.location(tree, node)
    return TemplateError(
        f"html/template:{tree.file}:{line}:{column}: {error.description}",
        name=tree.file,
        line=line,
        column=column,
        action=str(node),
    )
