"""The settings of one app: its own come before the configuration for all apps."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct, structs

from clace.config.loading import Config
from clace.config.names import Names, Refused
from clace.config.places import Steps, dotted
from clace.config.rules import Rule
from clace.config.schema import keys
from clace.config.sections import AppLimits, AppSection
from clace.errors import BadRequest
from clace.near import did_you_mean

MAX_TEXT = 16 * 1024
_SHOWN = 100
_KEPT = 1000
Own = Mapping[str, str]
"""An app's own settings: by dotted key, values as TOML writes them."""


class AppConfigs:
    """Reads the settings of apps; what was read is kept, for every request asks."""

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        self._names = Names(config.home, environ)
        settings = config.app_config
        shared = {name: getattr(settings, name) for name in settings.__struct_fields__}
        limits = {name: getattr(config.sandbox, name) for name in AppLimits.__struct_fields__}
        self._of_all = AppSection(**shared, sandbox=AppLimits(**limits))
        self._read: dict[tuple[tuple[str, str], ...], AppSection] = {}

    @property
    def names(self) -> frozenset[str]:
        """The keys that there are."""
        return frozenset(_rules())

    def of(self, own: Own) -> AppSection:
        """:raises BadRequest: if a key is unknown or does not take its value."""
        if not own:
            return self._of_all
        said = tuple(own.items())
        found = self._read.get(said)
        if found is None:
            if len(self._read) >= _KEPT:
                self._read.clear()
            found = self._read[said] = self._with(own)
        return found

    def _with(self, own: Own) -> AppSection:
        settings = self._of_all
        for name, text in own.items():
            at, rule = _rule_of(name)
            settings = _replaced(settings, at, self._value(name, rule, text))
        return settings

    def _value(self, name: str, rule: Rule, text: str) -> object:
        value = toml_value(name, text)
        try:
            return rule.parse(value, self._names)
        except ValueError as error:
            reason = rule.refusal(value, str(error) if isinstance(error, Refused) else "")
            raise BadRequest(f"app config {name}: {reason}") from None


def toml_value(name: str, text: str) -> Any:
    """Read a text as the value of a TOML key.

    :raises BadRequest: if the text is not a TOML value; a string needs quotes.
    """
    if len(text) > MAX_TEXT:
        raise BadRequest(f"app config {name}: expected at most {MAX_TEXT} characters")
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        table = {}
    if list(table) != ["value"]:
        given = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        expected = 'expected a TOML value, such as 5, true or "text" with its quotes'
        raise BadRequest(f"app config {name}: {expected}, got {given}")
    return table["value"]


@cache
def _rules() -> Mapping[str, tuple[Steps, Rule]]:
    return {dotted(key.at): (key.at, key.rule) for key in keys(AppSection)}


def _rule_of(name: str) -> tuple[Steps, Rule]:
    """:raises BadRequest: if the key is unknown."""
    if name not in _rules():
        raise BadRequest(f"app config {name}: no such key{did_you_mean(name, _rules())}")
    return _rules()[name]


def _replaced(settings: Any, at: Steps, value: object) -> Any:
    """The settings with another value at one place."""
    name, *rest = at
    if rest:
        inner: Struct = getattr(settings, name)
        value = _replaced(inner, tuple(rest), value)
    return structs.replace(settings, **{name: value})
