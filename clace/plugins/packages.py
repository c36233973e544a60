"""Plugins of installed Python packages, found by their entry points.

A package says in its metadata, group ``clace.plugins``, which plugin is where::

    [project.entry-points."clace.plugins"]
    "greet.in" = "clace_greet:plugin"

Only what an operator enabled is imported: it is code that runs in the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec
from attrs import evolve, frozen
from msgspec import Struct

from clace.errors import ConfigError
from clace.plugins.kit import Function, Plugin
from clace.wrong_values import wrong_value

GROUP = "clace.plugins"
Section = Mapping[str, Any]


@frozen
class Configurable:
    """A plugin with settings of its own: the fields of ``settings`` are the keys of its section."""

    settings: type[Struct]
    make: Callable[[Any], Plugin]


def package_plugins(
    enabled: Iterable[str], settings: Iterable[tuple[str, Section]], taken: Iterable[str]
) -> Iterator[Plugin]:
    """The enabled plugins, each also for its accounts, with the settings of their sections.

    :raises ConfigError: if one is not installed, or is not what can be used; says which and why.
        Also if its name is ``taken``.
    """
    names, sections = set(taken), dict(settings)
    for name in enabled:
        if name in names:
            raise ConfigError(f"[plugins] enabled: there is a plugin {name} already")
        names.add(name)
        declared = _declared(_entry_point(name))
        yield _made(name, name, declared, sections)
        for section in sections:
            if section.startswith(f"{name}#"):
                yield evolve(_made(name, section, declared, sections), name=section)


def not_installed(enabled: Iterable[str]) -> Iterator[str]:
    """Yield a problem for each plugin that no package has, or several. Imports no plugin."""
    for name in enabled:
        try:
            _entry_point(name)
        except ConfigError as error:
            yield error.message


def _entry_point(name: str) -> EntryPoint:
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        raise ConfigError(f"[plugins] enabled: no installed package has a plugin {name}")
    if len(found) > 1:
        owners = ", ".join(sorted(_owner(entry) for entry in found))
        raise ConfigError(f"[plugins] enabled: several packages have a plugin {name}: {owners}")
    return found[0]


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value


def _declared(entry: EntryPoint) -> Plugin | Configurable:
    try:
        declared = entry.load()
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"plugin {entry.name} of {_owner(entry)}: {reason}") from error
    if not isinstance(declared, Plugin | Configurable):
        raise _wrong(entry.name, f"{entry.value} is no Plugin and no Configurable")
    return declared


def _made(
    name: str, section: str, declared: Plugin | Configurable, sections: Mapping[str, Section]
) -> Plugin:
    """The plugin with the settings of a section.

    :raises ConfigError: if they are not what it takes, or it is not what it has to be.
    """
    given = sections.get(section, {})
    if isinstance(declared, Configurable):
        settings = _settings(section, declared.settings, given)
        try:
            made = declared.make(settings)
        except Exception as error:
            raise ConfigError(f'[plugin."{section}"]: {error}') from error
    elif given:
        raise ConfigError(f'[plugin."{section}"] {next(iter(given))}: no such key')
    else:
        made = declared
    _check(name, made)
    return made


def _settings(section: str, kind: type[Struct], given: Section) -> Struct:
    known = kind.__struct_fields__
    for key in given:
        if key not in known:
            raise ConfigError(f'[plugin."{section}"] {key}: no such key')
    try:
        return msgspec.convert(dict(given), kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f'[plugin."{section}"] {wrong_value(error, given)}') from error


def _check(name: str, plugin: Plugin) -> None:
    """:raises ConfigError: if the plugin is not declared as it has to be."""
    if not isinstance(plugin, Plugin) or plugin.name != name:
        raise _wrong(name, f"what it makes is no plugin of the name {name}")
    for method, function in plugin.functions.items():
        if not method.isidentifier() or not isinstance(function, Function):
            raise _wrong(name, f"{method} is no function of a plugin")
        if not (isinstance(function.parameters, type) and issubclass(function.parameters, Struct)):
            raise _wrong(name, f"the parameters of {method} are no struct")
    for constant, value in plugin.constants.items():
        if not constant.isidentifier() or not isinstance(value, str | int):
            raise _wrong(name, f"{constant} is no constant, a text or number under a name")


def _wrong(name: str, reason: str) -> ConfigError:
    return ConfigError(f"plugin {name}: {reason}")
