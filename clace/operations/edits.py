"""Edits of what an app is given by operators: params, settings of its own, accounts of plugins."""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from clace.admin_api import REMOVE, UNDEFINED, MetadataChange
from clace.errors import BadRequest
from clace.interfaces import AuditedSource
from clace.model import STATIC_DISK, STATIC_FROM_DISK, AccountLink, App, AppMetadata

AUTH, GIT_AUTH = "auth", "git_auth"
APP_CONFIG_FIELD = "appconfig"
VOLUMES = "container_volumes"
_FIELDS = {
    "app_config": APP_CONFIG_FIELD,
    "container_options": "container_options",
    "container_args": "container_args",
    VOLUMES: VOLUMES,
}
_WORDS = {field: name.replace("_", " ").removesuffix("s") for name, field in _FIELDS.items()}
MAX_ENTRIES = 1_000
MAX_NAME = 256
MAX_VALUE = 64 * 1024
_SHOWN = 10
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_link(link: AccountLink, sections: Container[str]) -> None:
    """Check that ``sections``, the configured plugins and accounts, have what is linked.

    :raises BadRequest: if the plugin or the account is unknown.
    """
    if link.plugin.partition("#")[0] not in sections:
        raise BadRequest(f"module {link.plugin} not found")
    if link.account_name != REMOVE and link.section not in sections:
        raise BadRequest(f'there is no section [plugin."{link.section}"] in the configuration')


def linked(metadata: AppMetadata, link: AccountLink) -> AppMetadata:
    """The metadata with the link; it replaces one of the same plugin."""
    others = tuple(each for each in metadata.accounts if each.plugin != link.plugin)
    accounts = others if link.account_name == REMOVE else (*others, link)
    if set(accounts) == set(metadata.accounts):
        return metadata
    return replace(metadata, accounts=accounts)


def with_param(metadata: AppMetadata, name: str, value: str) -> AppMetadata:
    """The metadata with another value of a param, or without one.

    :raises BadRequest: if the name or the value cannot be kept.
    """
    return replace(metadata, param_values=_with(metadata.param_values, {name: value}))


class MetadataEntries(NamedTuple):
    """Entries that a request changes, of a field of ``AppMetadata``; without a field none."""

    field: str
    entries: dict[str, str]

    def added_to(self, metadata: AppMetadata) -> AppMetadata:
        """The metadata with other entries in the field, or without some.

        :raises BadRequest: if a name or a value cannot be kept.
        """
        if not self.field:
            return metadata
        before = getattr(metadata, self.field)
        if self.field != VOLUMES:
            return replace(metadata, **{self.field: _with(before, self.entries)})
        kept = [volume for volume in before if self.entries.get(volume) != REMOVE]
        added = [name for name, value in self.entries.items() if value != REMOVE]
        return replace(metadata, container_volumes=checked_list([*kept, *added]))


def metadata_entries(change: MetadataChange) -> MetadataEntries:
    """Return the entries that a request changes.

    :raises BadRequest: if it is about something else, or an entry is not ``key=value``.
    """
    if change.config_type == UNDEFINED and change.spec != UNDEFINED and not change.config_entries:
        return MetadataEntries("", {})
    field = _FIELDS.get(change.config_type)
    if field is None:
        raise BadRequest(f"config type {change.config_type} is not supported by this server")
    if not change.config_entries:
        raise BadRequest("config_entries is required")
    if field == APP_CONFIG_FIELD:
        return MetadataEntries(field, dict(map(_entry, change.config_entries)))
    return MetadataEntries(field, dict(map(_option, change.config_entries)))


def with_login(metadata: AppMetadata, change: MetadataChange) -> AppMetadata:
    """The metadata with another way to admit people, or another login for git."""
    (value,) = change.config_entries
    if change.config_type == AUTH:
        return replace(metadata, authn_type=value)
    return replace(metadata, git_auth_name=value)


def check_removed(before: AppMetadata, changed: MetadataEntries, known: Container[str]) -> None:
    """Check that a key to be removed is a setting, or an unknown one that the app has.

    :raises BadRequest: if it is misspelt.
    """
    for name, value in changed.entries.items():
        if value != REMOVE or name in getattr(before, changed.field):
            continue
        if changed.field == APP_CONFIG_FIELD and name in known:
            continue
        raise BadRequest(f"{_WORDS[changed.field]} {name}: no such key")


def check_stays(before: AppMetadata, after: AppMetadata) -> None:
    """:raises BadRequest: if the files of an app would be stored from now on, or no more."""
    if before.stays_on_disk != after.stays_on_disk:
        raise BadRequest(
            f"app config {STATIC_FROM_DISK}, or spec {STATIC_DISK}: decided when an app is created;"
            " delete the app and create it again to change it"
        )


def checked(values: Mapping[str, str]) -> dict[str, str]:
    """The values as given.

    :raises BadRequest: if a name or a value cannot be kept.
    """
    return _with({}, values)


def check_declared(app: App, names: Iterable[str], audited: AuditedSource) -> None:
    """Refuse a value for an unknown param of the app. Those of an app with a program are variables,
    which it need not declare.

    :raises BadRequest: if a name is not declared; the text has the nearest one.
    """
    declared = [param.name for param in audited.params]
    for name in names:
        if name not in declared:
            near = difflib.get_close_matches(name, declared, 1)
            if audited.has_program and not near and _VARIABLE.fullmatch(name):
                continue
            known = ", ".join(declared[:_SHOWN]) or "none"
            hint = f"Did you mean {near[0]}?" if near else f"Its params: {known}"
            raise BadRequest(f"app {app} has no param {name}. {hint}")


def checked_list(values: Iterable[str]) -> tuple[str, ...]:
    """The values as given, each once.

    :raises BadRequest: if one cannot be kept.
    """
    _with({}, dict.fromkeys(values, ""))
    return tuple(dict.fromkeys(values))


def _option(text: str) -> tuple[str, str]:
    """An option may be without a value."""
    name, _, value = text.partition("=")
    return name, value


def _entry(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadRequest(f"invalid app config format: {text}; expected NAME=VALUE")
    return name, value


def _with(values: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    after = {**values, **changes}
    for name, value in changes.items():
        if not 0 < len(name) <= MAX_NAME or any(map(str.isspace, name)):
            raise BadRequest(f"invalid name {name!r:.99}, expected 1 to {MAX_NAME} characters")
        if len(value) > MAX_VALUE:
            raise BadRequest(f"the value of {name} has more than {MAX_VALUE} characters")
        if value == REMOVE:
            del after[name]
    if len(after) > MAX_ENTRIES:
        raise BadRequest(f"an app has at most {MAX_ENTRIES} of these values")
    return after
