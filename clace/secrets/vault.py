"""Secrets in HashiCorp Vault: the key-value engines of version 1 and 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import hvac
import requests
from hvac import exceptions
from zope.interface import implementer

from clace.errors import NoSuchSecret, SecretFailed
from clace.interfaces import ISecretProvider

SECONDS = 10


def connect(
    address: str,
    token: str,
    namespace: str = "",
    ca_file: Path | None = None,
    session: requests.Session | None = None,
) -> hvac.Client:
    """A client for :class:`VaultProvider`; nothing is asked yet."""
    return hvac.Client(
        url=address,
        token=token,
        session=session,
        namespace=namespace or None,
        verify=str(ca_file) if ca_file else True,
        timeout=SECONDS,
        # The token would go along.
        allow_redirects=False,
    )


@implementer(ISecretProvider)
class VaultProvider:
    """A secret is a path; at its end there must be exactly one text."""

    delimiter = "/"

    def __init__(self, client: hvac.Client) -> None:
        self._client = client

    def value(self, name: str) -> str:
        segments = name.strip("/").split("/")
        if not all(segment.strip(".") for segment in segments):
            raise SecretFailed("a path has no empty segments, and none of dots alone")
        try:
            return _only_text(self._read("/".join(segments)))
        except (exceptions.InvalidPath, exceptions.Forbidden) as error:
            # Vault does not tell whoever may not read it whether there is something.
            raise NoSuchSecret("Vault has no such path, or none for this token") from error
        except exceptions.VaultError as error:
            raise SecretFailed(f"Vault refused: {type(error).__name__}") from error
        except (requests.RequestException, ValueError, LookupError, TypeError) as error:
            raise SecretFailed(f"Vault cannot be asked: {type(error).__name__}") from error

    def _read(self, path: str) -> Any:
        mount, version = self._mount(path)
        inner = path[len(mount) :].lstrip("/")
        if not inner:
            raise SecretFailed("the path is that of a whole engine")
        engines = self._client.secrets.kv
        if version == "2":
            found = engines.v2.read_secret_version(
                inner, mount_point=mount, raise_on_deleted_version=True
            )
            return found["data"]["data"]
        return engines.v1.read_secret(inner, mount_point=mount)["data"]

    def _mount(self, path: str) -> tuple[str, str]:
        """The engine that the path belongs to, and its version."""
        found = self._client.read(f"sys/internal/ui/mounts/{quote(path)}")
        if not isinstance(found, dict):
            raise exceptions.InvalidPath
        engine = found["data"]
        if engine["type"] not in {"kv", "generic"}:
            raise SecretFailed(f"the path belongs to an engine of the type {engine['type']}")
        return engine["path"].strip("/"), str((engine.get("options") or {}).get("version", "1"))


def _only_text(data: Any) -> str:
    match data:
        case dict() if len(data) == 1 and isinstance(value := next(iter(data.values())), str):
            return value
        case _:
            raise SecretFailed("expected exactly one text at this path")
