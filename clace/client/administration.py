"""The operations of a daemon somewhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from clace.client.answers import decoded
from clace.client.refusals import refusal
from clace.client.transport import EndedUnanswered, Exchange
from clace.errors import BadRequest, ServerUnreachable
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
)
from clace.model.shown import AppShown

_OK = 200
T = TypeVar("T", bound=Struct)


class AdminClient:
    """The operations over HTTP: what the daemon raises comes out of here.

    Everything may also raise ``ServerUnreachable``, which says which step failed. It is declared an
    ``IAdministration`` in ``clace.client.agents``: commands that use the socket import no zope.
    """

    def __init__(self, exchange: Exchange, server_uri: str) -> None:
        """``server_uri`` is what errors call the server that ``exchange`` reaches."""
        self._exchange = exchange
        self._server_uri = server_uri

    async def create_app(self, request: CreateApp, options: CreateOptions) -> AppCreated:
        query = {"approve": options.approve, "dryRun": options.dry_run}
        return await self._ask(AppCreated, "POST", "/app", query, request)

    async def list_apps(self, glob: str, *, internal: bool) -> AppList:
        query = {"appPathGlob": glob, "internal": internal}
        return await self._ask(AppList, "GET", "/apps", query)

    async def get_app(self, path: str) -> AppFound:
        return await self._ask(AppFound, "GET", "/app", {"appPath": path})

    async def show_app(self, path: str) -> AppShown:
        return await self._ask(AppShown, "GET", "/app/show", {"appPath": path})

    async def delete_apps(self, glob: str, *, dry_run: bool) -> AppsDeleted:
        query = {"appPathGlob": glob, "dryRun": dry_run}
        return await self._ask(AppsDeleted, "DELETE", "/app", query)

    async def approve_apps(self, glob: str, options: ApproveOptions) -> AppsApproved:
        query = {"appPathGlob": glob, "dryRun": options.dry_run, "promote": options.promote}
        return await self._ask(AppsApproved, "POST", "/approve", query)

    async def reload_apps(self, glob: str, options: ReloadOptions) -> AppsReloaded:
        query = {
            "appPathGlob": glob,
            "approve": options.approve,
            "promote": options.promote,
            "forceReload": options.force_reload,
            "branch": options.branch,
            "commit": options.commit,
            "gitAuth": options.git_auth,
            "dryRun": options.dry_run,
        }
        return await self._ask(AppsReloaded, "POST", "/reload", query)

    async def promote_apps(self, glob: str, *, dry_run: bool) -> AppsPromoted:
        query = {"appPathGlob": glob, "dryRun": dry_run}
        return await self._ask(AppsPromoted, "POST", "/promote", query)

    async def link_account(
        self, glob: str, link: AccountLink, options: UpdateOptions
    ) -> AppsUpdated:
        query = {
            "plugin": link.plugin,
            "account": link.account_name,
            "appPathGlob": glob,
            "dryRun": options.dry_run,
            "promote": options.promote,
        }
        return await self._ask(AppsUpdated, "POST", "/link_account", query)

    async def update_params(
        self, glob: str, change: ParamChange, options: UpdateOptions
    ) -> AppsUpdated:
        query = {
            "paramName": change.name,
            "paramValue": change.value,
            "appPathGlob": glob,
            "dryRun": options.dry_run,
            "promote": options.promote,
        }
        return await self._ask(AppsUpdated, "POST", "/update_param", query)

    async def update_metadata(
        self, glob: str, request: UpdateMetadata, options: UpdateOptions
    ) -> AppsUpdated:
        query = {"appPathGlob": glob, "dryRun": options.dry_run, "promote": options.promote}
        return await self._ask(AppsUpdated, "POST", "/app_metadata", query, request)

    async def update_settings(
        self, glob: str, request: UpdateSettings, *, dry_run: bool
    ) -> SettingsUpdated:
        query = {"appPathGlob": glob, "dryRun": dry_run}
        return await self._ask(SettingsUpdated, "POST", "/app_settings", query, request)

    async def create_secret(self, request: CreateSecret, *, update: bool) -> SecretCreated:
        return await self._ask(SecretCreated, "POST", "/secret", {"update": update}, request)

    async def list_secrets(self, glob: str, *, provider: str) -> SecretList:
        query = {"glob": glob, "provider": provider}
        return await self._ask(SecretList, "GET", "/secrets", query)

    async def get_secret(self, name: str, *, provider: str) -> SecretFound:
        query = {"name": name, "provider": provider}
        return await self._ask(SecretFound, "GET", "/secret", query)

    async def reveal_secret(self, name: str, *, provider: str) -> SecretFound:
        query = {"name": name, "provider": provider}
        return await self._ask(SecretFound, "POST", "/secret/reveal", query)

    async def delete_secret(self, name: str, *, provider: str) -> SecretDeleted:
        query = {"name": name, "provider": provider}
        return await self._ask(SecretDeleted, "DELETE", "/secret", query)

    async def rekey_secrets(self, *, provider: str) -> SecretsRekeyed:
        return await self._ask(SecretsRekeyed, "POST", "/secret/rekey", {"provider": provider})

    async def list_lockouts(self) -> LockoutList:
        return await self._ask(LockoutList, "GET", "/lockouts", {})

    async def clear_lockouts(self, address: str, user: str) -> LockoutsCleared:
        query = {"address": address, "user": user}
        return await self._ask(LockoutsCleared, "DELETE", "/lockouts", query)

    async def server_status(self) -> ServerStatus:
        return await self._ask(ServerStatus, "GET", "/server_status", {})

    async def stop_server(self) -> Stopping:
        try:
            return await self._ask(Stopping, "POST", "/stop", {"answer": True})
        except EndedUnanswered:
            # Servers of 2025 end the connection in place of an answer.
            return Stopping()

    async def _ask(
        self,
        kind: type[T],
        method: str,
        path: str,
        query: Mapping[str, object],
        body: Struct | None = None,
    ) -> T:
        try:
            target = path + _query_text(query)
            sent = msgspec.json.encode(body) if body else None
        except UnicodeError as error:
            raise BadRequest(f"this cannot be sent to {self._server_uri}: {error}") from error
        status, answer = await self._exchange(method, target, sent)
        if status != _OK:
            raise refusal(status, answer)
        try:
            return decoded(answer, kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ServerUnreachable(
                f"{self._server_uri} answers what no Clace server does: {error}"
            ) from error


def _query_text(query: Mapping[str, object]) -> str:
    """The parameters that say something; what is empty or off is not sent."""
    said = {name: "true" if value is True else str(value) for name, value in query.items() if value}
    return "?" + urlencode(said) if said else ""
