"""What operators ask for over the admin API, with the JSON names of era 25."""

from __future__ import annotations

from msgspec import Struct


class CreateApp(Struct, frozen=True, kw_only=True):
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


class LinkOptions(Struct, frozen=True, kw_only=True):
    promote: bool = False
    dry_run: bool = False


class ReloadOptions(Struct, frozen=True, kw_only=True):
    """How to reload; empty ``branch``, ``commit`` and ``git_auth`` keep what the app has."""

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
