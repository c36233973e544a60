"""Secrets in the environment of the server."""

from __future__ import annotations

from collections.abc import Mapping

from zope.interface import implementer

from clace.errors import NoSuchSecret
from clace.interfaces import ISecretProvider


@implementer(ISecretProvider)
class EnvironmentProvider:
    """Variables. One that is not set is an error: the original took it for an empty secret."""

    delimiter = "_"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def value(self, name: str) -> str:
        try:
            return self._environ[name]
        except KeyError:
            raise NoSuchSecret("there is no such variable in the environment") from None
