"""Answers of the admin API, with the JSON names of era 25."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from clace.model.app import App, Permission
from clace.model.paths import AppPath


class AppListed(App, frozen=True):
    """An app in a list, with whether its staging twin is ahead of it."""

    staged_changes: bool = False


class AppList(Struct, frozen=True):
    apps: tuple[AppListed, ...] = ()


class AppFound(Struct, frozen=True):
    app_entry: App


class AppChange(Struct, frozen=True, kw_only=True):
    """The change of one stored app. ``approved`` and ``dropped`` are approvals that it has now and
    had not, and the reverse; ``changed`` names what else is different.
    """

    id: str
    app_path_domain: AppPath
    change: Literal["created", "updated", "deleted"]
    version: int = 0
    previous_version: int = 0
    approved_loads: tuple[str, ...] = ()
    approved_permissions: tuple[Permission, ...] = ()
    dropped_loads: tuple[str, ...] = ()
    dropped_permissions: tuple[Permission, ...] = ()
    changed: tuple[str, ...] = ()


class Changing(Struct, frozen=True, kw_only=True):
    """An answer that says which apps changed, or would change if it were no dry run, and what an
    operator should know of it.
    """

    changes: tuple[AppChange, ...] = ()
    warnings: tuple[str, ...] = ()


class Approval(Struct, frozen=True):
    """Permissions an app requests beyond its approvals, and those this operation approves."""

    id: str
    app_path_domain: AppPath
    new_loads: tuple[str, ...] = ()
    new_permissions: tuple[Permission, ...] = ()
    approved_loads: tuple[str, ...] = ()
    approved_permissions: tuple[Permission, ...] = ()
    needs_approval: bool = False


class AppCreated(Changing, frozen=True):
    app_path_domain: AppPath
    dry_run: bool = False
    http_url: str = ""
    https_url: str = ""
    approve_results: tuple[Approval, ...] = ()


class AppDescription(
    Struct,
    frozen=True,
    rename={
        "path": "Path",
        "domain": "Domain",
        "name": "Name",
        "id": "Id",
        "is_dev": "IsDev",
        "main_app": "MainApp",
        "auth": "Auth",
        "source_url": "SourceUrl",
        "spec": "Spec",
        "version": "Version",
        "git_sha": "GitSha",
        "git_message": "GitMessage",
        "branch": "Branch",
        "star_base": "StarBase",
    },
):
    """An app in the answer to a deletion."""

    path: str
    domain: str
    name: str
    id: str
    is_dev: bool = False
    main_app: str = ""
    auth: str = ""
    source_url: str = ""
    spec: str = ""
    version: int = 0
    git_sha: str = ""
    git_message: str = ""
    branch: str = ""
    star_base: str = ""


class AppsDeleted(Changing, frozen=True):
    dry_run: bool = False
    app_info: tuple[AppDescription, ...] = ()


class AppsApproved(Changing, frozen=True):
    dry_run: bool = False
    staged_update_results: tuple[Approval, ...] = ()
    promote_results: tuple[AppPath, ...] = ()


class AppsReloaded(Changing, frozen=True):
    dry_run: bool = False
    reload_results: tuple[AppPath, ...] = ()
    approve_results: tuple[Approval, ...] = ()
    promote_results: tuple[AppPath, ...] = ()
    skipped_results: tuple[AppPath, ...] = ()


class AppsPromoted(Changing, frozen=True):
    """``matched`` is how many apps the glob selected, if the server says it."""

    dry_run: bool = False
    promote_results: tuple[AppPath, ...] = ()
    matched: int | None = None


class AppsUpdated(Changing, frozen=True):
    """The apps that a change was made on: staging twins, or dev apps. ``matched`` is how many apps
    the glob selected, if the server says it.
    """

    dry_run: bool = False
    staged_update_results: tuple[AppPath, ...] = ()
    promote_results: tuple[AppPath, ...] = ()
    matched: int | None = None


class SettingsUpdated(Changing, frozen=True):
    dry_run: bool = False
    update_results: tuple[AppPath, ...] = ()


class SecretCreated(Struct, frozen=True):
    """``secret_ref`` is what an app or a configuration says to name it."""

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
    """A secret, with the value if asked for; ``encoding`` is ``base64`` for all but text."""

    value: str | UnsetType = UNSET
    encoding: str | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"SecretFound({self.name!r})"


class SecretList(Struct, frozen=True):
    secrets: tuple[SecretDescription, ...] = ()


class SecretDeleted(Struct, frozen=True):
    name: str


class SecretsRekeyed(Struct, frozen=True):
    """Counts of a rekeying: secrets sealed with the active key, now and before."""

    rekeyed: int = 0
    skipped: int = 0


class LockedName(Struct, frozen=True):
    """A user who may not sign in from an address or network; without a user, the whole network."""

    address: str
    user: str
    tries: int
    until: datetime


class LockoutList(Struct, frozen=True):
    """The locks that last longest, and how many there are in all."""

    lockouts: tuple[LockedName, ...] = ()
    total: int = 0


class LockoutsCleared(Struct, frozen=True):
    """The number of users and addresses whose failed sign-ins were forgotten."""

    cleared: int = 0


class ServerStatus(Struct, frozen=True):
    """``limits``: how often apps reached each of their limits since the server started."""

    status: str = "ok"
    pid: int = 0
    version: str = ""
    limits: dict[str, int] = {}


class Stopping(Struct, frozen=True):
    """``pid`` is 0 if the server did not say it."""

    pid: int = 0


class Unanswered(Struct, frozen=True):
    """In place of an answer: the connection ends without a byte."""


class Refusal(Struct, frozen=True):
    """The body of every error: a text, the HTTP status, and the stable name of the error."""

    message: str
    code: int
    error: str = ""
    retry_after: int = 0
