"""Sets of templates: every file in one set, or each page with its own copy of the base files."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from clace.gotemplate.errors import TemplateError
from clace.gotemplate.escaping.escape import Plan, escape_entry
from clace.gotemplate.language import nodes
from clace.gotemplate.language.functions import REFUSED, standard_functions
from clace.gotemplate.language.literals import quote
from clace.gotemplate.language.parser import parse
from clace.gotemplate.language.program import Program
from clace.gotemplate.language.signatures import Function, adopt
from clace.gotemplate.limits import USUAL, Limits, Meter

Trees = dict[str, nodes.Tree]


class Namespace:
    """Templates that see one another, escaped and compiled together."""

    def __init__(
        self, trees: Trees, functions: Mapping[str, Function], files: Iterable[str]
    ) -> None:
        self._failures: dict[str, TemplateError] = {}
        self.names = frozenset(trees)
        self._trees = trees
        self._functions = functions
        if files:
            self._refuse(files)

    def _refuse(self, files: Iterable[str]) -> None:
        """Fail for a file that cannot stand alone, unless another includes it."""
        assert self.program is not None
        called = {call for tree in self._trees.values() for call in _calls(tree.root)}
        for name in files:
            if name in self._failures and name not in called:
                raise self._failures[name]

    @cached_property
    def program(self) -> Program:
        """The compiled templates; those that cannot be escaped are left out."""
        plans: dict[str, Plan] = {}
        for name in self._trees:
            try:
                plans |= escape_entry(self._trees, name)
            except TemplateError as error:
                self._failures[name] = error
        return Program(plans, self._functions)

    def program_of(self, name: str) -> Program:
        """Return the program that can run the template.

        :raises TemplateError: if the template is missing, or cannot be escaped.
        """
        if name not in self.names:
            raise TemplateError(f"html/template: {quote(name)} is undefined", name=name)
        program = self.program
        if name in self._failures:
            raise self._failures[name]
        return program


def _calls(node: nodes.Node | None) -> Iterable[str]:
    if isinstance(node, nodes.TemplateCall):
        yield node.name
    elif isinstance(node, nodes.Body):
        for child in node.nodes:
            yield from _calls(child)
    elif isinstance(node, nodes.Branch):
        yield from _calls(node.body)
        yield from _calls(node.otherwise)


class _Entry(NamedTuple):
    """A template, and the program that runs it."""

    program: Program
    name: str


class TemplateSet:
    """Compiled templates, ready to render any number of times."""

    def __init__(
        self,
        pages: Mapping[str, Namespace],
        shared: Namespace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pages = pages
        self._shared = shared
        self._clock = clock
        self._entries: dict[tuple[str, str | None], _Entry] = {}

    def names(self) -> list[str]:
        """Every name that :meth:`render` takes."""
        return sorted({*self._pages, *self._shared.names})

    def has(self, name: str, block: str | None = None) -> bool:
        """Return true if :meth:`render` takes the name, and the block with it."""
        name = _base_name(name)
        known = name in self._pages or name in self._shared.names
        return known and (block is None or block in self._pages.get(name, self._shared).names)

    def render(
        self,
        name: str,
        data: Any,
        *,
        limits: Limits = USUAL,
        seconds: float | None = None,
        block: str | None = None,
    ) -> str:
        """A template's text for some data, or one of the blocks it sees.

        ``seconds`` are those of the limits unless given.

        :raises TemplateError: with Go's message, name, line and column.
        """
        entry = self._entries.get((name, block)) or self._entry(name, block)
        return entry.program.run(entry.name, data, Meter(limits, self._clock, seconds))

    def _entry(self, name: str, block: str | None) -> _Entry:
        base = _base_name(name)
        entry = base if block is None else block
        program = self._pages.get(base, self._shared).program_of(entry)
        # The path of a name can be anything; the rest names one of few templates.
        found = _Entry(program, entry)
        if name == base:
            self._entries[name, block] = found
        return found

    def sources(self) -> dict[str, str]:
        """The generated Python by page; the shared set is under the empty name."""
        return {"": self._shared.program.source(annotate=True)} | {
            name: namespace.program.source(annotate=True) for name, namespace in self._pages.items()
        }


def _base_name(name: str) -> str:
    return name.rpartition("/")[2]


def _merge(trees: Trees, more: Trees) -> None:
    """Later definitions win, but an empty one never replaces another."""
    for name, tree in more.items():
        if name not in trees or not nodes.is_empty(tree.root):
            trees[name] = tree


def compile_templates(
    files: Mapping[str, str],
    *,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    pure: Collection[str] = (),
    base_prefix: str = "base_templates/",
) -> TemplateSet:
    """Compile template files given by name; the name of a template is the last part of its path.

    With files below ``base_prefix`` each other file is a page that sees the base files and itself
    only; without, all files see one another and the last definition of a name wins.

    ``pure`` names those of ``functions`` that never fail and give for the same arguments the same:
    with constants they are called once, now.

    :raises TemplateError: if a file cannot be parsed or escaped.
    """
    try:
        return _compiled(files, functions or {}, pure, base_prefix)
    except RecursionError:
        raise TemplateError("templates call one another too deeply") from None


def _compiled(
    files: Mapping[str, str],
    functions: Mapping[str, Callable[..., Any]],
    pure: Collection[str],
    base_prefix: str,
) -> TemplateSet:
    library = standard_functions()
    library |= {name: adopt(name, call, pure=name in pure) for name, call in functions.items()}
    parsed = {name: _parse(name, files[name], library) for name in sorted(files)}
    base: Trees = {}
    shared = [name for name in parsed if name.startswith(base_prefix)]
    structured = bool(shared)
    for name in shared if structured else parsed:
        _merge(base, parsed[name])
    own = {_base_name(name) for name in (shared if structured else parsed)}
    namespace = Namespace(base, library, () if structured else own)
    pages: dict[str, Namespace] = {}
    for name in parsed if structured else ():
        if name not in shared:
            trees = dict(base)
            _merge(trees, parsed[name])
            pages[_base_name(name)] = Namespace(trees, library, [_base_name(name)])
    return TemplateSet(pages, namespace)


def _parse(name: str, text: str, library: Mapping[str, Function]) -> Trees:
    try:
        return parse(_base_name(name), text, library)
    except TemplateError as error:
        refused = next(
            (key for key in REFUSED if f'function "{key}" not defined' in str(error)), None
        )
        if refused is None or refused in library:
            raise
        raise TemplateError(
            f"{error}: {REFUSED[refused]}",
            name=error.name,
            line=error.line,
            column=error.column,
            action=error.action,
        ) from None
