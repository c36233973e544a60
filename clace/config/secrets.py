"""Secrets that a configuration names: where it may, and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, structs

from clace.config.places import Origin, Steps
from clace.config.schema import Shape, entries
from clace.config.sections import Settings
from clace.errors import ClaceError
from clace.model import SecretReference, is_reference, references

# What a provider takes and must have, by the first word of its name.
_TAKES: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "env": (frozenset(), frozenset()),
    "prop": (frozenset({"file_name"}), frozenset({"file_name"})),
    "vault": (
        frozenset({"address", "token", "namespace", "ca_file"}),
        frozenset({"address", "token"}),
    ),
    "asm": (frozenset({"profile", "region", "endpoint"}), frozenset()),
    "db": (frozenset({"key"}), frozenset()),
}
_UNSAID = "env"  # the default, which is no mistake where nothing names a secret
_NAMED_BY = ("app_config", "security", "default_secrets_provider")
_READ_AT_THE_START = "auth"
_MAY_NAME_SECRETS = frozenset({"metadata", "plugin", "node_config", "secret"})
_PASSWORDS = frozenset(
    {
        ("auth", "key"),
        ("auth", "secret"),
        ("client", "admin_password"),
        ("client", "token"),
        ("git_auth", "password"),
        ("git_auth", "private_key"),
        ("python", "index_password"),
    }
)


def is_stored(provider: str) -> bool:
    """Return true if the provider keeps its secrets in the metadata database."""
    return _kind(provider) == "db"


def wrong_providers(
    settings: Settings, origins: Mapping[Steps, Origin]
) -> Iterator[tuple[Steps, str]]:
    """Yield the places of impossible providers, with the reason."""
    for name, section in settings.secret.items():
        at = ("secret", name)
        if _kind(name) not in _TAKES:
            known = ", ".join(_TAKES)
            yield at, f"unknown secret provider {name}; expected one of {known}, or one with _NAME"
            continue
        takes, needs = _TAKES[_kind(name)]
        for key in structs.fields(section):
            place = (*at, key.name)
            if place in origins and key.name not in takes | {"keys_printf"}:
                yield place, f"a provider of the kind {_kind(name)} takes no {key.name}"
            if key.name in needs and not getattr(section, key.name):
                yield place, f"a provider of the kind {_kind(name)} needs it"
    if len(stored := [name for name in settings.secret if is_stored(name)]) > 1:
        yield ("secret", stored[1]), f"there is {stored[0]} already, and only one such provider"
    default = settings.app_config.security.default_secrets_provider
    if default not in {*settings.secret, _UNSAID, *(() if stored else ("db",))}:
        yield _NAMED_BY, f"there is no section [secret.{default}]"


def wrong_references(settings: Settings) -> Iterator[tuple[Steps, str]]:
    """Yield the places where a secret is named wrongly or must not be named."""
    for at, text in _texts(Settings, settings, ()):
        if not is_reference(text):
            continue
        if at[0] not in _MAY_NAME_SECRETS and (at[0], at[-1]) not in _PASSWORDS:
            yield at, "a secret cannot be used here"
        try:
            named = references(text)
        except ClaceError as error:
            yield at, error.message
            continue
        if at[0] == _READ_AT_THE_START:
            yield from ((at, reason) for reason in _without_section(settings, named))


def _without_section(settings: Settings, named: Iterable[SecretReference]) -> Iterator[str]:
    """Tell of providers that a text names and the configuration lacks: the start would fail."""
    known = {"", *settings.secret, *(() if any(map(is_stored, settings.secret)) else ("db",))}
    for reference in named:
        if reference.provider not in known:
            yield f"secret {reference}: there is no section [secret.{reference.provider}]"


def _kind(provider: str) -> str:
    return provider.partition("_")[0]


def _texts(kind: type[Struct], section: object, at: Steps) -> Iterator[tuple[Steps, str]]:
    """All texts that a configuration holds, with their places."""
    for entry in entries(kind):
        value, here = getattr(section, entry.attribute), (*at, entry.name)
        if entry.shape is Shape.SECTION:
            yield from _texts(entry.of, value, here)
        elif entry.shape is Shape.BLOCKS:
            for number, block in enumerate(value, 1):
                yield from _texts(entry.of, block, (*here, str(number)))
        elif entry.shape is Shape.NAMED_SECTIONS:
            for name, inner in value.items():
                yield from _texts(entry.of, inner, (*here, name))
        elif entry.shape is Shape.ACCOUNTS:
            for name, inner in value.items():
                yield from _texts(entry.of, inner, (*at, entry.name + name))
        elif entry.shape is Shape.OTHERS:
            yield from _texts_in(value, at)
        else:
            yield from _texts_in(value, here)


def _texts_in(value: object, at: Steps) -> Iterator[tuple[Steps, str]]:
    match value:
        case str() | Path():
            yield at, str(value)
        case Mapping():
            for name, item in value.items():
                yield from _texts_in(item, (*at, name))
        case list() | tuple():
            for item in value:
                yield from _texts_in(item, at)
