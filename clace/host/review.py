"""Warnings of things in an app that cannot work or do nothing, on create and reload."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clace.host.definition import NO_FUNCTION, STYLE_FILE, AppDefinition
from clace.host.faults import AppFault, SourcePlace
from clace.host.requests import RAW, HandlerTarget, Pages, static_name, targets
from clace.model import Permission
from clace.near import did_you_mean
from clace.starlark import TYPE_NAMES, type_name
from clace.wire import LoadApp

_MOST = 50
_LONGEST = 500
_APP = r"^app\s*="
_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_STATIC = re.compile(r"""(?<![.$\w])(static|fileNonEmpty)\s+(?:"([^"\\]*)"|`([^`]*)`)""")
_SHIPPED_HTMX = "gen/lib/htmx.min.js"
# The settings of both eras, by what they must be; those that only matter elsewhere do nothing here.
_SETTINGS: dict[str, type] = {
    "htmx.version": str,
    "routing.base_templates": str,
    "routing.push_events": bool,
    "routing.template_locations": list,
}
_WITHOUT_EFFECT: dict[str, type] = {
    "routing.container_exclude": list,
    "routing.early_hints": bool,
    "routing.static_dir": str,
}
_ELSEWHERE = {
    "app_config": "the operator sets this, with clace app update-metadata conf",
    "container": "an image is known by what is in it, not by its app",
}


class AppReview:
    """Looks over an app that has been loaded.

    :raises AppFault: if something in it can never work.
    """

    def __init__(
        self, load: LoadApp, definition: AppDefinition, pages: Pages, loads: Iterable[str]
    ) -> None:
        self._load = load
        self._definition = definition
        self._pages = pages
        self._static = {ref.name: ref.size for ref in load.static}
        found = (
            *self._repeated(),
            *self._templates(),
            *self._site(),
            *self._generated(),
            *self._static_names(),
            *self._settings(),
            *_permissions(load, definition.permissions, tuple(loads)),
        )
        self.warnings = tuple(text[:_LONGEST] for text in dict.fromkeys(found))[:_MOST]

    def _repeated(self) -> Iterator[str]:
        """Warn of routes that another one replaces."""
        declared: set[tuple[str, str]] = set()
        for path, method, target in targets(self._definition):
            if (path, method) in declared:
                told = f"route {path} is declared more than once for {method}; the last one answers"
                yield f"{_declared(self._load, target)}: {told}"
            declared.add((path, method))

    def _templates(self) -> Iterator[str]:
        """Pages without a template and fragments without a block."""
        missing: set[str] = set()
        for _path, _method, target in targets(self._definition):
            if target.type != "HTML" or target.full in RAW | missing:
                continue
            if not self._pages.has(target.full):
                missing.add(target.full)
                problem = f"route {target.route}: there is no template {target.full}"
                yield self._unless_broken(
                    target, problem, "its handler has to redirect, or to answer with ace.response"
                )
            elif target.partial not in RAW and not self._pages.has(target.full, target.partial):
                problem = f"route {target.route}: there is no block {target.partial}"
                yield self._unless_broken(target, problem, "HTMX cannot be answered with it")

    def _unless_broken(self, target: HandlerTarget, problem: str, otherwise: str) -> str:
        """A warning of the problem: a handler may get by.

        :raises AppFault: if the handler is missing.
        """
        place = _declared(self._load, target)
        if target.handler == NO_FUNCTION:
            raise AppFault(problem, place)
        return f"{place}: {problem}; {otherwise}"

    def _site(self) -> Iterator[str]:
        """Arguments about files of a site, without a site or such files."""
        definition = self._definition
        if not definition.static_only:
            for name in ("index", "single_file"):
                if getattr(definition, name):
                    yield f"{_app(self._load)}: {name} has no effect without static_only"

    def _settings(self) -> Iterator[str]:
        """Warn of settings without effect.

        :raises AppFault: if one is of the wrong type.
        """
        place = _app(self._load)
        for name, value in _flat(self._definition.settings):
            problem = _problem(name, self._static)
            known = (_SETTINGS | _WITHOUT_EFFECT).get(name)
            if known is not None and not isinstance(value, known):
                want = TYPE_NAMES[known]
                raise AppFault(f"settings {name}: got {type_name(value)}, want {want}", place)
            if problem:
                yield f"{place}: settings {name} {problem}"

    def _generated(self) -> Iterator[str]:
        """Warn of generated files that other tools did not build."""
        for name in self._definition.generated_files:
            if not self._static.get(name):
                what = "style" if name == STYLE_FILE else "app"
                place = _line(self._load, rf"\bace\.{what}\(")
                yield f"{place}: static/{name} is missing: build it and add it to the source"

    def _static_names(self) -> Iterator[str]:
        """Files that templates name and that are not there; one that is asked for first may be."""
        for template, text in self._pages.texts.items():
            calls = list(_calls(text))
            asked = {name for function, name, _ in calls if function == "fileNonEmpty"}
            for function, name, line in calls:
                if function == "static" and name not in asked | self._static.keys():
                    yield f"{template}:{line}: there is no file static/{name}"


def _calls(text: str) -> Iterator[tuple[str, str, int]]:
    """The calls that name a static file: function, name, line."""
    for action in _ACTION.finditer(text):
        for call in _STATIC.finditer(action[0]):
            line = text.count("\n", 0, action.start() + call.start()) + 1
            yield call[1], static_name(call[2] if call[2] is not None else call[3]), line


def _problem(setting: str, static: Mapping[str, int]) -> str:
    """Say why a setting does nothing; empty if it works."""
    if setting in _ELSEWHERE:
        return f"has no effect: {_ELSEWHERE[setting]}"
    if setting in _WITHOUT_EFFECT:
        return "has no effect in this version"
    if setting not in _SETTINGS:
        return f"is not known{did_you_mean(setting, _SETTINGS)}"
    if setting == "htmx.version" and _SHIPPED_HTMX not in static:
        return f"has no effect without a file static/{_SHIPPED_HTMX}"
    return ""


def _flat(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for section, values in settings.items():
        if section in _ELSEWHERE or not isinstance(values, dict):
            yield section, values
            continue
        for name, value in values.items():
            yield f"{section}.{name}", value


def _permissions(
    load: LoadApp, permissions: Iterable[Permission], loads: tuple[str, ...]
) -> Iterator[str]:
    """Permissions that allow nothing."""
    known = {plugin.name: plugin for plugin in load.plugins}
    for one in permissions:
        place = _line(
            load, rf"[\"']{re.escape(one.plugin)}[\"'],\s*[\"']{re.escape(one.method)}[\"']"
        )
        told = f"{place}: permission {one.plugin}.{one.method}"
        plugin = known.get(one.plugin.partition("#")[0])
        if plugin is None:
            meant = did_you_mean(one.plugin, known)
            yield f"{told} has no effect: there is no plugin {one.plugin}{meant}"
        elif one.method not in plugin.functions:
            meant = did_you_mean(one.method, plugin.functions)
            yield f"{told} has no effect: {one.plugin} has no function {one.method}{meant}"
        elif one.plugin not in loads:
            yield f"{told} has no effect: the app does not load {one.plugin}"


def _app(load: LoadApp) -> SourcePlace:
    return _line(load, _APP)


def _declared(load: LoadApp, target: HandlerTarget) -> SourcePlace:
    """The line that declares a route, as far as its path is written there."""
    path = re.escape(target.written)
    return _line(load, rf"ace\.(?:html|page|fragment|api)\(\s*(?:path\s*=\s*)?[\"']{path}[\"']")


def _line(load: LoadApp, pattern: str) -> SourcePlace:
    """The first line of the app's own files with this, or the one that says what the app is."""
    for wanted in (pattern, _APP):
        for name, text in load.sources.items():
            source = text.decode("utf-8", "replace") if name.endswith(".star") else ""
            if found := re.search(wanted, source, re.MULTILINE):
                return SourcePlace(name, source.count("\n", 0, found.start()) + 1, 1)
    return SourcePlace("app.star", 1, 1)
