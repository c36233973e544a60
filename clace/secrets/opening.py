"""All providers of a configuration put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from msgspec import structs
from zope.interface import implementer

from clace.errors import ClaceError, ConfigError, SecretFailed
from clace.interfaces import ISecretProvider, ISecretRows
from clace.secrets.keys import KeyFile, KeyText
from clace.secrets.lookup import Secrets, SecretSource
from clace.secrets.providers import ProviderOptions, is_local, is_stored, make_provider
from clace.secrets.stored import SealingContext, StoredSecrets
from clace.threads import InThread

T = TypeVar("T")
STORED = "db"
_UNOPENED = "it is stored in the database, which is not open here"
KEY_FILE = Path("config", "secret.key")


@implementer(ISecretProvider)
class UnopenedProvider:
    """In the place of the provider in the database, as long as that is not open."""

    delimiter = "/"

    def value(self, name: str) -> str:  # noqa: ARG002
        """:raises SecretFailed: whatever the name."""
        raise SecretFailed(_UNOPENED)


def open_providers(
    default_provider: str,
    sections: Mapping[str, ProviderOptions],
    environ: Mapping[str, str],
    threads_of: Callable[[str], InThread],
) -> Secrets:
    """The providers, but for the one in the metadata database, which is opened with its help.
    Variables and files come first: the options of the others may name secrets of theirs. Blocks.

    :raises ConfigError: a provider cannot work; names its section.
    """
    later = SecretSource(provider=UnopenedProvider(), in_thread=_here)
    secrets = Secrets(default_provider, {_stored_name(sections): later})
    for name in sorted(sections, key=lambda name: not is_local(name)):
        if is_stored(name):
            continue
        try:
            options = _with_secrets(sections[name], secrets)
            provider = make_provider(name, options, environ)
        except ClaceError as error:
            raise ConfigError(f"[secret.{name}]: {error.message}") from error
        source = SecretSource(
            provider=provider, in_thread=threads_of(name), keys_printf=options.keys_printf
        )
        secrets.add(name, source)
    return secrets


def open_store(
    secrets: Secrets,
    sections: Mapping[str, ProviderOptions],
    rows: ISecretRows,
    home: Path,
    around: SealingContext,
) -> StoredSecrets:
    """The provider in the metadata database, which is there whether configured or not; from now
    on it is one of ``secrets``. One whose key is wrong has a ``problem``. Blocks.
    """
    name = _stored_name(sections)
    options = sections.get(name, ProviderOptions())
    source: KeyFile | KeyText = KeyText(options.key, secrets.resolved)
    if options.key == "auto":
        source = KeyFile(home / KEY_FILE, secrets.resolved)
    is_default = secrets.default_provider == name
    store = StoredSecrets(name, rows, source, around, is_default=is_default)
    store.open()
    secrets.add(
        name,
        SecretSource(provider=store, in_thread=around.in_thread, keys_printf=options.keys_printf),
    )
    return store


async def _here(work: Callable[[], T]) -> T:
    """Nothing of it blocks."""
    return work()


def _stored_name(sections: Mapping[str, ProviderOptions]) -> str:
    return next(filter(is_stored, sections), STORED)


def _with_secrets(options: ProviderOptions, secrets: Secrets) -> ProviderOptions:
    texts = {
        name: secrets.resolved(value)
        for name, value in structs.asdict(options).items()
        if isinstance(value, str) and name not in {"key", "keys_printf"}
    }
    return structs.replace(options, **texts)
