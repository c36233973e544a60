"""Secrets that are on this machine: in the environment of the server, or in a properties file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from zope.interface import implementer

from clace.errors import NoSuchSecret, SecretFailed
from clace.interfaces import ISecretProvider
from clace.units import MEBIBYTE

MAX_FILE = MEBIBYTE


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


@implementer(ISecretProvider)
class PropertiesProvider:
    """``key = value`` in UTF-8. The file is read at each question: what is edited holds."""

    delimiter = "."

    def __init__(self, path: Path) -> None:
        self._path = path

    def value(self, name: str) -> str:
        import javaproperties  # noqa: PLC0415 - few servers have such a file

        try:
            found = javaproperties.loads(self._text()).get(name)
        except javaproperties.InvalidUEscapeError:
            # its own text repeats what stands there
            raise SecretFailed(f"{self._path} has an escape \\u without four digits") from None
        if found is None:
            raise NoSuchSecret("the file has no such key")
        return found

    def _text(self) -> str:
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_FILE + 1)
        except OSError as error:
            raise SecretFailed(f"{self._path} cannot be read: {error.strerror}") from error
        if len(content) > MAX_FILE:
            raise SecretFailed(f"{self._path} has more than {MAX_FILE} bytes")
        try:
            return content.decode("utf-8").removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise SecretFailed(f"{self._path}: byte {error.start} is not UTF-8") from None
