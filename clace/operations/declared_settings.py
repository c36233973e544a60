"""The settings without versions that files declare, merged as the properties with versions are."""

from __future__ import annotations

from msgspec.structs import replace

from clace.errors import BadRequest
from clace.model import AppSettings, DeclaredApp
from clace.operations.creation import DEFAULT_AUTH, NewAppDefaults
from clace.operations.merging import merged_text

WRITES = ("stage_write_access", "preview_write_access")


def check_writes(one: DeclaredApp) -> None:
    """:raises BadRequest: if a dev app is declared with settings of staging apps and previews."""
    for name in WRITES:
        if one.dev and getattr(one, name) is not None:
            raise BadRequest(f"a dev app has no staging app and no previews: {name} is for others")


def merged_settings(
    live: AppSettings,
    last: DeclaredApp | None,
    one: DeclaredApp,
    defaults: NewAppDefaults,
    *,
    clobber: bool,
) -> AppSettings:
    """Return the settings with the changes of a declaration; settings that were declared before
    and are not now become those of a new app.
    """
    auth = one.auth or (DEFAULT_AUTH if last or clobber else "")
    before = (last.auth or DEFAULT_AUTH) if last else None
    git_auth = last.git_auth if last else None
    writes = {
        name: getattr(live, name)
        if not clobber and getattr(one, name) is (getattr(last, name) if last else None)
        else _wanted(name, one, defaults)
        for name in WRITES
    }
    return replace(
        live,
        authn_type=merged_text(live.authn_type, before, auth, clobber=clobber),
        git_auth_name=merged_text(live.git_auth_name, git_auth, one.git_auth, clobber=clobber),
        **writes,
    )


def declared_settings(
    settings: AppSettings, one: DeclaredApp, defaults: NewAppDefaults
) -> AppSettings:
    """Return the settings as they would be if nothing had been changed since the declaration."""
    return merged_settings(settings, None, one, defaults, clobber=True)


def declared_writes(settings: AppSettings, defaults: NewAppDefaults) -> dict[str, bool]:
    """Return the write access that a file has to declare, as it differs from a new app's."""
    found = {name: bool(getattr(settings, name)) for name in WRITES}
    return {name: on for name, on in found.items() if on is not getattr(defaults, name)}


def on_twin(twin: AppSettings, after: AppSettings) -> AppSettings:
    """Return the settings of a twin after those that a file declares changed."""
    names = ("authn_type", "git_auth_name", "applied_from", *WRITES)
    return replace(twin, **{name: getattr(after, name) for name in names})


def _wanted(name: str, one: DeclaredApp, defaults: NewAppDefaults) -> bool:
    said = getattr(one, name)
    return bool(getattr(defaults, name) if said is None else said)
