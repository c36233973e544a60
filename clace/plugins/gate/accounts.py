"""Accounts of plugins: the same functions with other settings, under ``x.in#account``."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from typing import TypeVar

from attrs import evolve

from clace.errors import PluginRefused
from clace.model import App
from clace.plugins.kit import Plugin

T = TypeVar("T")
Name = TypeVar("Name", bound=str)


def with_accounts(
    make: Callable[[T], Plugin], settings: T, accounts: Mapping[Name, T]
) -> Iterator[Plugin]:
    """The plugin as it is by default, and as it is for each account."""
    plain = make(settings)
    yield plain
    for account, own in accounts.items():
        yield evolve(make(own), name=f"{plain.name}#{account}")


def section_of(app: App, load: str, sections: Container[str]) -> str:
    """Return the configured section that the app means by what it loads.

    That is what an operator linked to it, else the section of this very name.

    :raises PluginRefused: if the section is missing.
    """
    link = app.metadata.link_of(load)
    section = link.section if link else load
    if section in sections:
        return section
    if link:
        problem = f"{load} of app {app} is linked to {section}, which is not configured"
    else:
        problem = f"{load} is neither configured nor linked to an account for app {app}"
    raise PluginRefused(
        f'{problem}. Add [plugin."{section}"] to the server\'s configuration, or link an account:'
        f" clace account link {load} ACCOUNT GLOB"
    )
