"""Requests of operators over the admin API, with the JSON names of era 25."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

UNDEFINED = "<CL_UNDEFINED>"
"""What a text of a request says when it says nothing."""
REMOVE = "-"
"""The value that removes what has a value."""
Switch = Literal[0, 1, 2]
"""A flag that may be left as it is: 0. 1 is true, 2 false."""


class CreateApp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /_clace/app``."""

    path: str
    source_url: str
    is_dev: bool = False
    app_authn: str = "default"
    git_branch: str = ""
    git_commit: str = ""
    git_auth_name: str = ""
    spec: str = ""
    param_values: dict[str, str] | None = None
    container_options: dict[str, str] | None = None
    container_args: dict[str, str] | None = None
    container_volumes: list[str] | None = None
    appconfig: dict[str, str] | None = None


class CreateOptions(Struct, frozen=True, kw_only=True):
    approve: bool = False
    dry_run: bool = False


class ApproveOptions(Struct, frozen=True, kw_only=True):
    promote: bool = False
    dry_run: bool = False


class UpdateOptions(Struct, frozen=True, kw_only=True):
    """For a change to staging apps, and with ``promote`` to production at once."""

    promote: bool = False
    dry_run: bool = False


class ParamChange(Struct, frozen=True):
    """A param's value from now on; ``REMOVE`` takes it away."""

    name: str
    value: str


class UpdateMetadata(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /_clace/app_metadata``; entries are ``key=value``, ``key=-`` to remove."""

    config_type: str = UNDEFINED
    config_entries: tuple[str, ...] = ()
    spec: str = UNDEFINED


class UpdateSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /_clace/app_settings``: what is said of it holds at once."""

    authn_type: str = UNDEFINED
    git_auth_name: str = UNDEFINED
    stage_write_access: Switch = 0
    preview_write_access: Switch = 0
    spec: str = UNDEFINED


class ReloadOptions(Struct, frozen=True, kw_only=True):
    """Options of a reload; empty ``branch``, ``commit`` and ``git_auth`` keep those of the app."""

    approve: bool = False
    promote: bool = False
    force_reload: bool = False
    dry_run: bool = False
    branch: str = ""
    commit: str = ""
    git_auth: str = ""


class CreateSecret(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /_clace/secret``: a secret under a name, or under one made of a prefix."""

    name: str = ""
    prefix: str = ""
    value: str
    encoding: str = ""
    description: str = ""
    provider: str = ""
    source_file: str = ""

    def __repr__(self) -> str:
        return f"CreateSecret({self.name or self.prefix!r})"
