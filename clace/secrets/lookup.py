"""References to values: which provider is meant, under which name, and the question put to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from msgspec import Struct
from zope.interface import implementer

from clace.errors import NoSuchSecret, SecretFailed
from clace.interfaces import ISecretProvider, ISecrets
from clace.model import SecretReference, filled, references
from clace.threads import InThread


class SecretSource(Struct, frozen=True, kw_only=True):
    """A provider with the threads that wait for it, so that a slow one holds up no other."""

    provider: ISecretProvider
    in_thread: InThread
    keys_printf: str = ""

    def name_of(self, keys: tuple[str, ...]) -> str:
        """:raises SecretFailed: ``keys_printf`` is for another number of keys."""
        if len(keys) == 1 or not self.keys_printf:
            return self.provider.delimiter.join(keys)
        try:
            return self.keys_printf % keys
        except TypeError:
            raise SecretFailed(f'keys_printf is "{self.keys_printf}"') from None


@implementer(ISecrets)
class Secrets:
    """The providers by name; one may come later, when what it needs is there."""

    def __init__(self, default_provider: str, sources: Mapping[str, SecretSource]) -> None:
        self.default_provider = default_provider
        self._sources = dict(sources)

    def add(self, name: str, source: SecretSource) -> None:
        self._sources[name] = source

    def resolved(self, text: str) -> str:
        """The text with its references replaced. Blocks.

        :raises BadRequest: a reference in it is malformed.
        :raises SecretFailed: as ``values`` does.
        """
        found = {each: self._value(self._source(each), each) for each in references(text)}
        return filled(text, found)

    async def values(self, references: Iterable[SecretReference]) -> Mapping[SecretReference, str]:
        found = {}
        for reference in dict.fromkeys(references):
            source = self._source(reference)
            found[reference] = await source.in_thread(partial(self._value, source, reference))
        return found

    def _provider_of(self, reference: SecretReference) -> str:
        return reference.provider or self.default_provider

    def _source(self, reference: SecretReference) -> SecretSource:
        name = self._provider_of(reference)
        if name not in self._sources:
            raise NoSuchSecret(
                f"secret {reference}: the configuration has no section [secret.{name}]"
            )
        return self._sources[name]

    def _value(self, source: SecretSource, reference: SecretReference) -> str:
        try:
            return _text(source.provider.value(source.name_of(reference.keys)))
        except SecretFailed as error:
            where = f"secret {reference} of provider {self._provider_of(reference)}"
            raise type(error)(f"{where}: {error.message}") from error


def _text(value: str) -> str:
    """Python has texts that are not Unicode, such as those of odd variables."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SecretFailed("it is binary, not text") from None
    return value
