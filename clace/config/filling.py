"""A configuration with secrets in the place of their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, structs

from clace.config.loading import Config
from clace.config.names import Names, Refused
from clace.config.places import Steps, place_text
from clace.config.rules import Rule
from clace.config.schema import Shape, entries
from clace.config.sections import Settings
from clace.errors import ClaceError, ConfigError
from clace.model import is_reference, pieces

Resolve = Callable[[str], str]


def with_secrets(
    config: Config, section: str, environ: Mapping[str, str], resolve: Resolve
) -> Config:
    """The configuration with the texts of a section resolved, each checked again. Blocks.

    :raises ConfigError: a secret cannot be had, or is not what the key takes; names the place.
    """
    filling = _Filling(config, Names(config.home, environ), resolve)
    entry = next(entry for entry in entries(Settings) if entry.name == section)
    value: Any = getattr(config, entry.attribute)
    if entry.shape is Shape.NAMED_SECTIONS:
        filled: Any = {
            name: filling.section(entry.of, inner, (section, name)) for name, inner in value.items()
        }
    else:
        filled = filling.section(entry.of, value, (section,))
    return structs.replace(config, **{entry.attribute: filled})


def values_with_secrets(config: Config, values: object, at: Steps, resolve: Resolve) -> Any:
    """Values of free keys with the texts in them resolved. Blocks.

    :raises ConfigError: a secret cannot be had; names the place.
    """

    def filled(value: object, at: Steps) -> object:
        match value:
            case str() if is_reference(value):
                return _naming_the_place(config, at, lambda: resolve(value))
            case Mapping():
                return {name: filled(item, (*at, name)) for name, item in value.items()}
            case list():
                return [filled(item, at) for item in value]
            case _:
                return value

    return filled(values, at)


class _Filling:
    """Sections with secrets in the place of their names."""

    def __init__(self, config: Config, names: Names, resolve: Resolve) -> None:
        self._config = config
        self._names = names
        self._resolve = resolve

    def section(self, kind: type[Struct], section: Struct, at: Steps) -> Struct:
        changed: dict[str, object] = {}
        for entry in entries(kind):
            value, here = getattr(section, entry.attribute), (*at, entry.name)
            if entry.shape is Shape.SECTION:
                changed[entry.attribute] = self.section(entry.of, value, here)
            elif entry.shape is Shape.ACCOUNTS:
                changed[entry.attribute] = {
                    name: self.section(entry.of, inner, (*at, entry.name + name))
                    for name, inner in value.items()
                }
            elif entry.shape is Shape.OTHERS:
                changed[entry.attribute] = values_with_secrets(
                    self._config, value, at, self._resolve
                )
            elif entry.shape is Shape.KEY and isinstance(value, str | tuple):
                changed[entry.attribute] = self._value(entry.of, value, here)
        return structs.replace(section, **changed)

    def _value(self, rule: Rule, value: Any, at: Steps) -> object:
        texts = [value] if isinstance(value, str) else [str(item) for item in value]
        if not any(map(is_reference, texts)):
            return value

        def read() -> object:
            filled = [self._text(rule, text) for text in texts]
            return rule.parse(filled[0] if isinstance(value, str) else filled, self._names)

        try:
            return _naming_the_place(self._config, at, read)
        except ValueError as error:
            # Only rules that expand are known not to repeat what they refuse.
            reason = str(error) if isinstance(error, Refused) and rule.expands else ""
            reason = reason or f"expected {rule.expected}, and the secret makes it something else"
            raise _refusal(self._config, at, reason) from None

    def _text(self, rule: Rule, text: str) -> str:
        """A ``$`` in a secret stays as it is."""
        parts = []
        for piece in pieces(text):
            if isinstance(piece, str):
                parts.append(piece)
                continue
            value = self._resolve(piece.text)
            parts.append(value.replace("$", "$$") if rule.expands else value)
        return "".join(parts)


def _naming_the_place(config: Config, at: Steps, read: Callable[[], object]) -> Any:
    try:
        return read()
    except ClaceError as error:
        raise _refusal(config, at, error.message) from error


def _refusal(config: Config, at: Steps, reason: str) -> ConfigError:
    return ConfigError(f"{config.file or 'defaults'}: {place_text(at)}: {reason}")
