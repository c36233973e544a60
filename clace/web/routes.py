"""The admin API as a table: what serves a route also describes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct

from clace.errors import BadRequest
from clace.interfaces import IAdministration
from clace.model.app import AccountLink
from clace.model.requests import (
    ApproveOptions,
    CreateApp,
    CreateOptions,
    CreateSecret,
    ParamChange,
    ReloadOptions,
    UpdateMetadata,
    UpdateOptions,
    UpdateSettings,
)
from clace.model.results import (
    AppCreated,
    AppFound,
    AppList,
    AppsApproved,
    AppsDeleted,
    AppsPromoted,
    AppsReloaded,
    AppsUpdated,
    LockoutList,
    LockoutsCleared,
    SecretCreated,
    SecretDeleted,
    SecretFound,
    SecretList,
    SecretsRekeyed,
    ServerStatus,
    SettingsUpdated,
    Stopping,
    Unanswered,
)
from clace.model.shown import AppShown

PREFIX = "/_clace"
# What Go's strconv.ParseBool takes: clients of era 25 send these.
_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("", "0", "f", "F", "FALSE", "false", "False"), False),
}
# What clients send that have nothing to say.
_SAYS_NOTHING = frozenset({b"", b"null"})


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """A query without parameters, or a body without fields."""


class ListQuery(Struct, frozen=True, rename="camel"):
    app_path_glob: str = ""
    internal: bool = False


class PathQuery(Struct, frozen=True, rename="camel"):
    app_path: str


class CreateQuery(Struct, frozen=True, rename="camel"):
    approve: bool = False
    dry_run: bool = False


class GlobQuery(Struct, frozen=True, rename="camel"):
    app_path_glob: str
    dry_run: bool = False


class ApproveQuery(Struct, frozen=True, rename="camel"):
    app_path_glob: str
    promote: bool = False
    dry_run: bool = False


class LinkQuery(Struct, frozen=True, rename="camel"):
    plugin: str
    account: str
    app_path_glob: str
    promote: bool = False
    dry_run: bool = False


class ParamQuery(Struct, frozen=True, rename="camel"):
    param_name: str
    app_path_glob: str
    param_value: str = ""
    promote: bool = False
    dry_run: bool = False


class ReloadQuery(Struct, frozen=True, rename="camel"):
    app_path_glob: str
    approve: bool = False
    promote: bool = False
    force_reload: bool = False
    dry_run: bool = False
    branch: str = ""
    commit: str = ""
    git_auth: str = ""


class CreateSecretQuery(Struct, frozen=True, rename="camel"):
    update: bool = False


class ClearQuery(Struct, frozen=True, rename="camel"):
    address: str = ""
    user: str = ""

    @property
    def about(self) -> str:
        """Name what is cleared, for the audit log."""
        return " from ".join(filter(None, (self.user, self.address))) or "all"


class SecretQuery(Struct, frozen=True, rename="camel"):
    name: str
    provider: str = ""


class ShowQuery(SecretQuery, frozen=True, rename="camel"):
    reveal: bool = False


class SecretListQuery(Struct, frozen=True, rename="camel"):
    glob: str = ""
    provider: str = ""


class ProviderQuery(Struct, frozen=True, rename="camel"):
    provider: str = ""


class StopQuery(Struct, frozen=True, rename="camel"):
    answer: bool = False


Serve = Callable[[IAdministration, Any, Any], Awaitable[Struct]]


class Route(Struct, frozen=True, kw_only=True):
    """One method of one path: what it takes, what it answers, and what it does."""

    method: str
    path: str
    operation: str
    summary: str
    query: type[Struct] = Nothing
    body: type[Struct] | None = None
    result: type[Struct]
    serve: Serve


async def _stop(administration: IAdministration, query: StopQuery) -> Struct:
    stopping = await administration.stop_server()
    return stopping if query.answer else Unanswered()


def read_query(kind: type[Struct], given: dict[str, str]) -> Struct:
    """The query parameters as a value of ``kind``.

    :raises BadRequest: if one is missing, unknown (a misspelt ``dryRun`` must not change anything),
        or not of its type.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name not in fields:
            raise BadRequest(f"unknown query parameter {name}")
        values[name] = _boolean(name, text) if fields[name].type is bool else text
    for name, field in fields.items():
        if field.required and not values.get(name):
            raise BadRequest(f"{name} is required")
    return msgspec.convert(values, kind)


def _boolean(name: str, text: str) -> bool:
    if text not in _BOOLEANS:
        raise BadRequest(f"{name} is no boolean: {text}")
    return _BOOLEANS[text]


def read_body(kind: type[Struct] | None, body: bytes) -> Struct | None:
    """The JSON body as a value of ``kind``; without a kind only a body that says nothing is taken.

    :raises BadRequest: if it is not JSON, or not of the shape, or has a field that the operation
        does not know; names the place.
    """
    if kind is None:
        if body.strip() in _SAYS_NOTHING:
            return None
        kind = Nothing
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"invalid request body: {error}") from error


def describe_secret(admin: IAdministration, query: ShowQuery) -> Awaitable[SecretFound]:
    """:raises BadRequest: if the value is asked for, since a browser may send a GET by itself."""
    if query.reveal:
        raise BadRequest("the value of a secret is revealed by POST /secret/reveal only")
    return admin.get_secret(query.name, provider=query.provider)


ROUTES = (
    Route(
        method="GET",
        path="/apps",
        operation="list_apps",
        summary="The apps whose address matches a glob",
        query=ListQuery,
        result=AppList,
        serve=lambda admin, q, _: admin.list_apps(q.app_path_glob, internal=q.internal),
    ),
    Route(
        method="GET",
        path="/app",
        operation="get_app",
        summary="One app",
        query=PathQuery,
        result=AppFound,
        serve=lambda admin, q, _: admin.get_app(q.app_path),
    ),
    Route(
        method="GET",
        path="/app/show",
        operation="show_app",
        summary="Everything about one app: versions, approvals, params, limits and last failures",
        query=PathQuery,
        result=AppShown,
        serve=lambda admin, q, _: admin.show_app(q.app_path),
    ),
    Route(
        method="POST",
        path="/app",
        operation="create_app",
        summary="Install an app",
        query=CreateQuery,
        body=CreateApp,
        result=AppCreated,
        serve=lambda admin, q, body: admin.create_app(
            body, CreateOptions(approve=q.approve, dry_run=q.dry_run)
        ),
    ),
    Route(
        method="DELETE",
        path="/app",
        operation="delete_apps",
        summary="Delete apps with their staging twins, versions and files",
        query=GlobQuery,
        result=AppsDeleted,
        serve=lambda admin, q, _: admin.delete_apps(q.app_path_glob, dry_run=q.dry_run),
    ),
    Route(
        method="POST",
        path="/approve",
        operation="approve_apps",
        summary="Approve what the stored sources of apps ask for",
        query=ApproveQuery,
        result=AppsApproved,
        serve=lambda admin, q, _: admin.approve_apps(
            q.app_path_glob, ApproveOptions(promote=q.promote, dry_run=q.dry_run)
        ),
    ),
    Route(
        method="POST",
        path="/reload",
        operation="reload_apps",
        summary="Fetch the sources of apps again",
        query=ReloadQuery,
        result=AppsReloaded,
        serve=lambda admin, q, _: admin.reload_apps(
            q.app_path_glob,
            ReloadOptions(
                approve=q.approve,
                promote=q.promote,
                force_reload=q.force_reload,
                dry_run=q.dry_run,
                branch=q.branch,
                commit=q.commit,
                git_auth=q.git_auth,
            ),
        ),
    ),
    Route(
        method="POST",
        path="/promote",
        operation="promote_apps",
        summary="Let production apps serve what their staging twins serve",
        query=GlobQuery,
        result=AppsPromoted,
        serve=lambda admin, q, _: admin.promote_apps(q.app_path_glob, dry_run=q.dry_run),
    ),
    Route(
        method="POST",
        path="/link_account",
        operation="link_account",
        summary="Let apps use an account of a plugin",
        query=LinkQuery,
        result=AppsUpdated,
        serve=lambda admin, q, _: admin.link_account(
            q.app_path_glob,
            AccountLink(q.plugin, q.account),
            UpdateOptions(promote=q.promote, dry_run=q.dry_run),
        ),
    ),
    Route(
        method="POST",
        path="/update_param",
        operation="update_params",
        summary="Give apps another value of a param",
        query=ParamQuery,
        result=AppsUpdated,
        serve=lambda admin, q, _: admin.update_params(
            q.app_path_glob,
            ParamChange(q.param_name, q.param_value),
            UpdateOptions(promote=q.promote, dry_run=q.dry_run),
        ),
    ),
    Route(
        method="POST",
        path="/app_metadata",
        operation="update_metadata",
        summary="Give apps settings of their own",
        query=ApproveQuery,
        body=UpdateMetadata,
        result=AppsUpdated,
        serve=lambda admin, q, body: admin.update_metadata(
            q.app_path_glob, body, UpdateOptions(promote=q.promote, dry_run=q.dry_run)
        ),
    ),
    Route(
        method="POST",
        path="/app_settings",
        operation="update_settings",
        summary="Change what is not versioned of apps",
        query=GlobQuery,
        body=UpdateSettings,
        result=SettingsUpdated,
        serve=lambda admin, q, body: admin.update_settings(
            q.app_path_glob, body, dry_run=q.dry_run
        ),
    ),
    Route(
        method="POST",
        path="/secret",
        operation="create_secret",
        summary="Store a secret, sealed",
        query=CreateSecretQuery,
        body=CreateSecret,
        result=SecretCreated,
        serve=lambda admin, q, body: admin.create_secret(body, update=q.update),
    ),
    Route(
        method="GET",
        path="/secrets",
        operation="list_secrets",
        summary="The stored secrets whose name matches a glob, without their values",
        query=SecretListQuery,
        result=SecretList,
        serve=lambda admin, q, _: admin.list_secrets(q.glob, provider=q.provider),
    ),
    Route(
        method="GET",
        path="/secret",
        operation="get_secret",
        summary="One stored secret, without its value",
        query=ShowQuery,
        result=SecretFound,
        serve=lambda admin, q, _: describe_secret(admin, q),
    ),
    Route(
        method="POST",
        path="/secret/reveal",
        operation="reveal_secret",
        summary="One stored secret, with its value",
        query=SecretQuery,
        result=SecretFound,
        serve=lambda admin, q, _: admin.reveal_secret(q.name, provider=q.provider),
    ),
    Route(
        method="DELETE",
        path="/secret",
        operation="delete_secret",
        summary="Delete a stored secret",
        query=SecretQuery,
        result=SecretDeleted,
        serve=lambda admin, q, _: admin.delete_secret(q.name, provider=q.provider),
    ),
    Route(
        method="POST",
        path="/secret/rekey",
        operation="rekey_secrets",
        summary="Seal all stored secrets with the active key",
        query=ProviderQuery,
        result=SecretsRekeyed,
        serve=lambda admin, q, _: admin.rekey_secrets(provider=q.provider),
    ),
    Route(
        method="GET",
        path="/lockouts",
        operation="list_lockouts",
        summary="Users and addresses that may not sign in for a while, the longest first",
        result=LockoutList,
        serve=lambda admin, _q, _b: admin.list_lockouts(),
    ),
    Route(
        method="DELETE",
        path="/lockouts",
        operation="clear_lockouts",
        summary="Forget failed sign-ins: from an address, of a user, or all",
        query=ClearQuery,
        result=LockoutsCleared,
        serve=lambda admin, q, _: admin.clear_lockouts(q.address, q.user),
    ),
    Route(
        method="GET",
        path="/server_status",
        operation="server_status",
        summary="That the server answers, and which one it is",
        result=ServerStatus,
        serve=lambda admin, _q, _b: admin.server_status(),
    ),
    Route(
        method="POST",
        path="/stop",
        operation="stop_server",
        summary="Finish what is being answered and end; without `answer` the connection is closed "
        "instead of answered, as clients of 2025 expect",
        query=StopQuery,
        result=Stopping,
        serve=lambda admin, q, _: _stop(admin, q),
    ),
)
