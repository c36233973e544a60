"""Secrets in the arguments of plugin calls: named, permitted, and filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen
from msgspec.structs import replace
from twisted.logger import Logger
from zope.interface import implementer

from clace.errors import BadRequest, ClaceError, NoSuchSecret, PluginRefused, SecretFailed
from clace.interfaces import ISecrets, PluginCall
from clace.model import (
    MAX_REFERENCES,
    Permission,
    SecretReference,
    filled,
    is_reference,
    references,
)
from clace.plugins.gate.patterns import matches
from clace.plugins.gate.redactor import Redactor
from clace.plugins.kit import CallFailed

FROM = "from:"
_log = Logger()


@implementer(ISecrets)
class NoSecrets:
    """For a gate that was given none."""

    default_provider = ""

    async def values(self, references: Iterable[SecretReference]) -> Mapping[SecretReference, str]:  # noqa: ARG002
        raise SecretFailed("this server has no secrets")


@implementer(ISecrets)
class DefaultProviderSecrets:
    """The secrets, with another provider for references that name none."""

    def __init__(self, secrets: ISecrets, default_provider: str) -> None:
        self._secrets = secrets
        self.default_provider = default_provider

    async def values(self, references: Iterable[SecretReference]) -> Mapping[SecretReference, str]:
        named = {each: replace(each, provider=self._provider_of(each)) for each in references}
        found = await self._secrets.values(named.values())
        return {each: found[asked] for each, asked in named.items()}

    def _provider_of(self, reference: SecretReference) -> str:
        return reference.provider or self.default_provider


@frozen
class WantedSecrets:
    """The secrets that the arguments of one call name."""

    references: tuple[SecretReference, ...]
    secrets: ISecrets

    def allowing(self, grants: Sequence[Permission]) -> tuple[Permission, ...]:
        """Return those of the permissions that let the call have all of them.

        :raises PluginRefused: if no permission does.
        """
        return allowing(self.references, grants, self.secrets.default_provider)

    async def filled(self, call: PluginCall, redactor: Redactor) -> PluginCall:
        """The call with their values in it, which ``redactor`` knows from now on.

        :raises CallFailed: if a secret is missing or cannot be had; only the log says why.
        """
        try:
            values = await self.secrets.values(self.references)
        except NoSuchSecret as error:
            raise CallFailed(error.message) from error
        except ClaceError as error:
            _log.warn("No secrets for {name}: {reason}", name=call.name, reason=error.message)
            raise CallFailed(f"the secrets for {call.name} cannot be had") from error
        redactor.add(values)
        return with_values(call, values)


def named_in(call: PluginCall) -> tuple[SecretReference, ...]:
    """The secrets that the arguments name, each once.

    :raises BadRequest: if a reference is malformed, or there are too many.
    """
    found: list[SecretReference] = []
    for text in filter(is_reference, _texts(call)):
        found += references(text)
        if len(found) > MAX_REFERENCES:
            raise BadRequest(f"a plugin call names more than {MAX_REFERENCES} secrets")
    return tuple(dict.fromkeys(found))


def allowing(
    wanted: Iterable[SecretReference], grants: Sequence[Permission], default_provider: str
) -> tuple[Permission, ...]:
    """Return the permissions that cover a call and let it have all these secrets.

    :raises PluginRefused: if no permission does; names a secret that the most generous lacks.
    """
    lacking = [
        [each for each in wanted if not _is_covered(each, grant.secrets, default_provider)]
        for grant in grants
    ]
    found = tuple(grant for grant, lacks in zip(grants, lacking, strict=True) if not lacks)
    if found:
        return found
    if not any(grant.secrets for grant in grants):
        raise PluginRefused("Plugin does not have access to any secrets, update app permissions")
    raise PluginRefused(f"plugin does not have access to secret {min(lacking, key=len)[0]}")


def with_values(call: PluginCall, values: Mapping[SecretReference, str]) -> PluginCall:
    """The call with the values in the places of their references; the given one stays."""

    def text(value: Any) -> Any:
        is_one = isinstance(value, str) and is_reference(value)
        return filled(value, values) if is_one else value

    args = tuple(_mapped(value, text) for value in call.args)
    kwargs = {name: _mapped(value, text) for name, value in call.kwargs.items()}
    return replace(call, args=args, kwargs=kwargs)


def _is_covered(
    reference: SecretReference, secrets: Iterable[tuple[str, ...]], default: str
) -> bool:
    """Return true if an entry has the provider, as many keys, and matches each of them."""
    provider = reference.provider or default
    for entry in secrets:
        named = bool(entry) and entry[0].startswith(FROM)
        expected = entry[0].removeprefix(FROM) if named else default
        keys = entry[1:] if named else entry
        if (
            matches(expected, provider)
            and len(keys) == len(reference.keys)
            and all(map(matches, keys, reference.keys))
        ):
            return True
    return False


def _texts(call: PluginCall) -> list[str]:
    """The texts that secrets may stand in: arguments, and those right inside lists and dicts."""
    found: list[str] = []
    for value in (*call.args, *call.kwargs.values()):
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += (item for item in value if isinstance(item, str))
        elif isinstance(value, dict):
            found += (item for item in value.values() if isinstance(item, str))
    return found


def _mapped(value: Any, text: Callable[[Any], Any]) -> Any:
    match value:
        case list() | tuple():
            return [text(item) for item in value]
        case dict():
            return {key: text(item) for key, item in value.items()}
        case _:
            return text(value)
