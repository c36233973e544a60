"""Settings of apps: accounts, params and configuration with versions, and the rest without."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from clace.admin_api.changes import AppsUpdated, Changing, OverApps, StagedUpdate, glob_of
from clace.admin_api.operation import Operation, Right
from clace.model import AppPath

UNDEFINED = "<CL_UNDEFINED>"
"""The text in place of a setting that a request does not change."""
Switch = Literal[0, 1, 2]
"""A flag that may be left as it is: 0. 1 is true, 2 false."""


class LinkAccount(StagedUpdate, frozen=True, kw_only=True):
    """The account of a plugin for the apps of a glob; the account ``-`` removes the link."""

    plugin: str
    account: str


class UpdateParam(StagedUpdate, frozen=True, kw_only=True):
    """The value of a param for the apps of a glob; ``-`` removes it."""

    param_name: str
    param_value: str = ""


class MetadataChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Versioned settings of an app; entries are ``key=value``, ``key=-`` to remove. Of the types
    ``auth`` and ``git_auth`` the one entry is the value.
    """

    config_type: str = UNDEFINED
    config_entries: tuple[str, ...] = ()
    spec: str = UNDEFINED


class UpdateMetadata(StagedUpdate, frozen=True, kw_only=True):
    """Versioned settings for the apps of a glob."""

    body: MetadataChange


class SettingsChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings without versions: those that are defined take effect at once."""

    authn_type: str = UNDEFINED
    git_auth_name: str = UNDEFINED
    stage_write_access: Switch = 0
    preview_write_access: Switch = 0
    spec: str = UNDEFINED


class UpdateSettings(OverApps, frozen=True, kw_only=True):
    """Settings without versions for the apps of a glob."""

    body: SettingsChange


class ChangeOwner(OverApps, frozen=True, kw_only=True):
    """The owner of the apps of a glob: the id of a user, as apps and the audit log show it."""

    owner: str


class SettingsUpdated(Changing, frozen=True):
    dry_run: bool = False
    update_results: tuple[AppPath, ...] = ()


LINK_ACCOUNT = Operation(
    name="link_account",
    method="POST",
    path="/link_account",
    summary="Let apps use an account of a plugin",
    right=Right.APP_UPDATE,
    query=LinkAccount,
    result=AppsUpdated,
    target=glob_of,
    tells=True,
)
UPDATE_PARAMS = Operation(
    name="update_params",
    method="POST",
    path="/update_param",
    summary="Give apps another value of a param",
    right=Right.APP_UPDATE,
    query=UpdateParam,
    result=AppsUpdated,
    target=glob_of,
    tells=True,
)
UPDATE_METADATA = Operation(
    name="update_metadata",
    method="POST",
    path="/app_metadata",
    summary="Give apps settings of their own",
    right=Right.APP_UPDATE,
    query=UpdateMetadata,
    result=AppsUpdated,
    target=glob_of,
    tells=True,
)
UPDATE_SETTINGS = Operation(
    name="update_settings",
    method="POST",
    path="/app_settings",
    summary="Change what is not versioned of apps",
    right=Right.APP_UPDATE,
    query=UpdateSettings,
    result=SettingsUpdated,
    target=glob_of,
)
CHANGE_OWNER = Operation(
    name="change_owner",
    method="POST",
    path="/app_owner",
    summary="Give apps another owner",
    # An owner has rights without a grant: to make one is to grant them.
    right=Right.ADMIN,
    query=ChangeOwner,
    result=SettingsUpdated,
    target=glob_of,
)
OPERATIONS = (LINK_ACCOUNT, UPDATE_PARAMS, UPDATE_METADATA, UPDATE_SETTINGS, CHANGE_OWNER)
