"""Constraints of permissions on parameters by name, checked against a call's arguments.

That is the value which it gets in the end: by position, by name, or by default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clace.errors import PluginRefused
from clace.model import ArgumentConstraint, Permission
from clace.plugins.gate.patterns import matches
from clace.plugins.gate.permissions import text_of
from clace.plugins.kit import shown


def within(
    call: str, grants: Sequence[Permission], values: Mapping[str, Any]
) -> tuple[Permission, ...]:
    """Return the permissions whose constraints hold for the values, which have all parameters.

    :raises PluginRefused: if no permission's constraints hold; the text is about the first.
    """
    problems = [_problem(grant, values) for grant in grants]
    found = tuple(grant for grant, problem in zip(grants, problems, strict=True) if not problem)
    if not found:
        raise PluginRefused(f"{call} with argument {problems[0]}")
    return found


def names(grant: Permission, parameter: str) -> bool:
    """Return true if the permission constrains the parameter."""
    return any(constraint.name == parameter for constraint in grant.kwargs)


def _problem(grant: Permission, values: Mapping[str, Any]) -> str:
    """Say which argument breaks the permission, and how; empty if it holds."""
    for name in dict.fromkeys(constraint.name for constraint in grant.kwargs):
        if name not in values:
            return f"{name} not given. Update the app or audit and approve permissions"
        own = [constraint for constraint in grant.kwargs if constraint.name == name]
        if problem := _difference(own, values[name]):
            return f"{problem}. Update the app or audit and approve permissions"
    return ""


def _difference(constraints: Sequence[ArgumentConstraint], value: Any) -> str:
    """Why the value of one parameter is not what its constraints expect, or nothing."""
    by_key = {each.key: each.value for each in constraints if each.key}
    for each in constraints:
        if not each.key and not matches(each.value, text_of(value)):
            return f'{each.name} having value "{shown(text_of(value))}", expected "{each.value}"'
    if not by_key:
        return ""
    name = constraints[0].name
    if not isinstance(value, dict):
        return f'{name} having value "{shown(text_of(value))}", expected a dict'
    for key, item in value.items():
        if key not in by_key:
            return f"{name} having key {shown(text_of(key))}, expected {', '.join(by_key)}"
        if not matches(by_key[key], text_of(item)):
            return f'{name}[{key}] having value "{shown(text_of(item))}", expected "{by_key[key]}"'
    return ""
