"""The secrets that the server keeps: store, list, describe, reveal, delete and rekey them."""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from clace.admin_api.operation import DryRun, DryRunnable, Operation, Query, Right


class NewSecret(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A secret to store under a name, or under a name made of a prefix."""

    name: str = ""
    prefix: str = ""
    value: str
    encoding: str = ""
    description: str = ""
    provider: str = ""
    source_file: str = ""

    def __repr__(self) -> str:
        return f"NewSecret({self.name or self.prefix!r})"


class CreateSecret(DryRunnable, frozen=True):
    """With ``update`` a secret of the same name is replaced."""

    body: NewSecret
    update: bool = False


class ListSecrets(Query, frozen=True):
    """Secrets whose names match ``glob``; an empty one matches all."""

    glob: str = ""
    provider: str = ""


class NamedSecret(Query, frozen=True):
    """One secret of a provider."""

    name: str
    provider: str = ""


class DeleteSecret(DryRunnable, frozen=True):
    """One secret of a provider, to delete."""

    name: str
    provider: str = ""


class GetSecret(NamedSecret, frozen=True):
    """``reveal`` is refused: a browser may send a GET by itself."""

    reveal: bool = False


class RekeySecrets(DryRunnable, frozen=True):
    """All secrets of a provider."""

    provider: str = ""


class SecretCreated(DryRun, frozen=True):
    """``secret_ref`` is the reference to it in an app or a configuration."""

    name: str
    provider: str
    secret_ref: str
    updated: bool = False


class SecretDescription(Struct, frozen=True):
    """The public facts of a stored secret."""

    name: str
    key_id: str
    created_by: str
    create_time: datetime
    update_time: datetime
    description: str = ""
    source_file: str = ""


class SecretFound(SecretDescription, frozen=True):
    """A secret, with its value if it was revealed; ``encoding`` is ``base64`` for all but text."""

    value: str | UnsetType = UNSET
    encoding: str | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"SecretFound({self.name!r})"


class SecretList(Struct, frozen=True):
    secrets: tuple[SecretDescription, ...] = ()


class SecretDeleted(DryRun, frozen=True):
    name: str


class SecretsRekeyed(DryRun, frozen=True):
    """Counts of a rekeying: secrets sealed with the active key, now and before."""

    rekeyed: int = 0
    skipped: int = 0


def _name_made(query: CreateSecret, created: SecretCreated | None) -> str:
    return created.name if created else query.body.name


def _name(query: NamedSecret | DeleteSecret, _result: Struct | None) -> str:
    return query.name


def _provider(query: RekeySecrets, _result: SecretsRekeyed | None) -> str:
    return query.provider


CREATE_SECRET = Operation(
    name="create_secret",
    method="POST",
    path="/secret",
    summary="Store a secret, sealed",
    right=Right.SECRET_CREATE,
    query=CreateSecret,
    result=SecretCreated,
    target=_name_made,
)
LIST_SECRETS = Operation(
    name="list_secrets",
    method="GET",
    path="/secrets",
    summary="The stored secrets whose name matches a glob, without their values",
    right=Right.SECRET_READ,
    query=ListSecrets,
    result=SecretList,
)
GET_SECRET = Operation(
    name="get_secret",
    method="GET",
    path="/secret",
    summary="One stored secret, without its value",
    right=Right.SECRET_READ,
    query=GetSecret,
    result=SecretFound,
)
REVEAL_SECRET = Operation(
    name="reveal_secret",
    method="POST",
    path="/secret/reveal",
    summary="One stored secret, with its value",
    right=Right.SECRET_REVEAL,
    query=NamedSecret,
    result=SecretFound,
    target=_name,
)
DELETE_SECRET = Operation(
    name="delete_secret",
    method="DELETE",
    path="/secret",
    summary="Delete a stored secret",
    right=Right.SECRET_DELETE,
    query=DeleteSecret,
    result=SecretDeleted,
    target=_name,
)
REKEY_SECRETS = Operation(
    name="rekey_secrets",
    method="POST",
    path="/secret/rekey",
    summary="Seal all stored secrets with the active key",
    right=Right.SECRET_CREATE,
    query=RekeySecrets,
    result=SecretsRekeyed,
    target=_provider,
)
OPERATIONS = (
    CREATE_SECRET,
    LIST_SECRETS,
    GET_SECRET,
    REVEAL_SECRET,
    DELETE_SECRET,
    REKEY_SECRETS,
)
