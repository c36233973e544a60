"""The versioned properties of apps that operators set and files declare: a line for each.

Merging, comparison, plans and exports all go through this table, so that a new property is one
more line here, a field of ``AppMetadata`` and one of ``DeclaredApp``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from clace.model import AccountLink, AppMetadata, DeclaredApp

Value = str | Mapping[str, str] | tuple[str, ...]
"""A text, texts by name, or a list of texts; an empty one stands for a missing one."""


class Property(Struct, frozen=True):
    """A property: its name in differences, its field of ``AppMetadata``, and of ``DeclaredApp``."""

    kind: str
    stored: str
    declared: str

    def of(self, metadata: AppMetadata) -> Value:
        """Return the value that an app has."""
        value: Value = getattr(metadata, self.stored)
        return value

    def wanted(self, declared: DeclaredApp) -> Value:
        """Return the value that a file declares."""
        value: Value = getattr(declared, self.declared)
        return value

    def kept(self, value: Value) -> Value | tuple[AccountLink, ...]:
        """Return a value as an app keeps it."""
        return value


class _Accounts(Property, frozen=True):
    """The accounts of plugins: links as an app keeps them, names by plugin elsewhere."""

    def of(self, metadata: AppMetadata) -> Value:
        return {link.plugin: link.account_name for link in metadata.accounts}

    def kept(self, value: Value) -> tuple[AccountLink, ...]:
        assert isinstance(value, Mapping)
        return tuple(AccountLink(plugin, account) for plugin, account in value.items())


PARAMS = Property("param", "param_values", "params")
CONFIG = Property("config", "appconfig", "app_config")
SPEC = Property("spec", "spec", "spec")
OPTIONS = Property("container option", "container_options", "container_opts")
ARGS = Property("container arg", "container_args", "container_args")
VOLUMES = Property("container volume", "container_volumes", "container_vols")
ACCOUNTS = _Accounts("account", "accounts", "accounts")
PROPERTIES = (SPEC, PARAMS, CONFIG, OPTIONS, ARGS, VOLUMES, ACCOUNTS)


def facts(kind: str, value: Value) -> Iterator[tuple[tuple[str, str], str]]:
    """Take a value apart: its texts by kind and name, a list by its items."""
    if isinstance(value, str):
        if value:
            yield (kind, ""), value
    elif isinstance(value, Mapping):
        for name in sorted(value):
            yield (kind, name), value[name]
    else:
        for item in value:
            yield (kind, item), item
