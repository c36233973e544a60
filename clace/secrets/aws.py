"""Secrets in AWS Secrets Manager."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from zope.interface import implementer

from clace.errors import NoSuchSecret, SecretFailed
from clace.interfaces import ISecretProvider

_OPTIONS = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


def connect(profile: str = "", region: str = "", endpoint: str = "") -> Any:
    """A client for :class:`SecretsManager`; what is empty AWS's own chain decides.

    :raises SecretFailed: if the profile is unknown, or a region cannot be found.
    """
    try:
        session = boto3.Session(profile_name=profile or None, region_name=region or None)
        return session.client("secretsmanager", endpoint_url=endpoint or None, config=_OPTIONS)
    except (BotoCoreError, ValueError) as error:
        raise SecretFailed(str(error)) from error


@implementer(ISecretProvider)
class SecretsManager:
    """A secret is a name or ARN; the version is the current one."""

    delimiter = "/"

    def __init__(self, client: Any) -> None:
        self._client = client

    def value(self, name: str) -> str:
        try:
            found = self._client.get_secret_value(SecretId=name)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code == "ResourceNotFoundException":
                raise NoSuchSecret("AWS has no such secret") from error
            raise SecretFailed(f"AWS refused: {code}") from error
        except BotoCoreError as error:
            raise SecretFailed(f"AWS cannot be asked: {type(error).__name__}") from error
        if not isinstance(text := found.get("SecretString"), str):
            raise SecretFailed("it is binary, not text")
        return text
