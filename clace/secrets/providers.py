"""Providers by the names of their sections: ``env``, or ``env_`` and whatever tells it apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import cast

from msgspec import Struct

from clace.errors import SecretFailed
from clace.interfaces import ISecretProvider
from clace.secrets.local import EnvironmentProvider, PropertiesProvider


class ProviderOptions(Struct, frozen=True, kw_only=True):
    """Values of a section; the configuration has checked the ones that its provider needs."""

    keys_printf: str = ""
    file_name: Path | None = None
    address: str = ""
    token: str = ""
    namespace: str = ""
    ca_file: Path | None = None
    profile: str = ""
    region: str = ""
    endpoint: str = ""
    key: str = "auto"

    def __repr__(self) -> str:
        return "ProviderOptions()"


def is_stored(name: str) -> bool:
    """Return true if the secrets are in the metadata database."""
    return _kind(name) == "db"


def is_local(name: str) -> bool:
    """Return true if the provider needs nothing that could itself be a secret."""
    return _kind(name) in {"env", "prop"}


def make_provider(
    name: str, options: ProviderOptions, environ: Mapping[str, str]
) -> ISecretProvider:
    """The provider of a section.

    :raises SecretFailed: it needs what is not installed, or cannot work with its options.
    """
    return _MAKERS[_kind(name)](options, environ)


def _kind(name: str) -> str:
    return name.partition("_")[0]


def _environment(_options: ProviderOptions, environ: Mapping[str, str]) -> ISecretProvider:
    return EnvironmentProvider(environ)


def _properties(options: ProviderOptions, _environ: Mapping[str, str]) -> ISecretProvider:
    assert options.file_name
    return PropertiesProvider(options.file_name)


def _vault(options: ProviderOptions, _environ: Mapping[str, str]) -> ISecretProvider:
    vault = _needs("vault", "hvac")
    client = vault.connect(options.address, options.token, options.namespace, options.ca_file)
    return cast("ISecretProvider", vault.VaultProvider(client))


def _secrets_manager(options: ProviderOptions, _environ: Mapping[str, str]) -> ISecretProvider:
    aws = _needs("aws", "boto3")
    client = aws.connect(options.profile, options.region, options.endpoint)
    return cast("ISecretProvider", aws.SecretsManager(client))


def _needs(module: str, package: str) -> ModuleType:
    """A module of ours whose packages only those install who need them."""
    try:
        return import_module(f"clace.secrets.{module}")
    except ModuleNotFoundError as error:
        raise SecretFailed(f"{error.name} is not installed: pip install {package}") from error


_MAKERS: dict[str, Callable[[ProviderOptions, Mapping[str, str]], ISecretProvider]] = {
    "env": _environment,
    "prop": _properties,
    "vault": _vault,
    "asm": _secrets_manager,
}
