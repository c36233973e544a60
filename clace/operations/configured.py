"""The part of the server's configuration that operations are checked against."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping

from attrs import frozen

from clace.errors import BadRequest

AUTH_TYPES = ("default", "none", "system")


@frozen(kw_only=True)
class ConfiguredSections:
    """Sections of plugins and their accounts, logins for git, and the settings an app may have.

    ``check_config`` raises ``BadRequest`` for settings that no app can have.
    """

    plugins: Container[str] = ()
    git_auths: Container[str] = ()
    app_settings: Collection[str] = ()
    check_config: Callable[[Mapping[str, str]], object] = dict

    def check_git_auth(self, name: str) -> None:
        """:raises BadRequest: if ``name`` is not empty and no git login of that name is there."""
        if name and name not in self.git_auths:
            raise BadRequest(f"there is no section [git_auth.{name}] in the configuration")


def check_auth_type(kind: str) -> None:
    """:raises BadRequest: if this way to admit people to an app is unknown."""
    if kind not in AUTH_TYPES:
        known = ", ".join(AUTH_TYPES)
        raise BadRequest(f"invalid authentication type {kind}; expected one of {known}")
