"""The part of the server's configuration that operations are checked against."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping

from attrs import frozen

from clace.errors import BadRequest


@frozen(kw_only=True)
class ConfiguredSections:
    """Sections of plugins and their accounts, logins for git, and the settings an app may have.

    ``check_config`` raises ``BadRequest`` for settings that no app can have, and ``check_auth`` for
    ways to admit people that are unknown. No app can be on ``closed_hosts``.
    """

    plugins: Container[str] = ()
    git_auths: Container[str] = ()
    app_settings: Collection[str] = ()
    check_config: Callable[[Mapping[str, str]], object] = dict
    check_auth: Callable[[str], object] = str
    closed_hosts: Container[str] = ()

    def check_git_auth(self, name: str) -> None:
        """:raises BadRequest: if ``name`` is not empty and no git login of that name is there."""
        if name and name not in self.git_auths:
            raise BadRequest(f"there is no section [git_auth.{name}] in the configuration")

    def check_host(self, domain: str) -> None:
        """:raises BadRequest: if people sign in there."""
        if domain.lower().rstrip(".") in self.closed_hosts:
            raise BadRequest(
                f"no app can be installed on {domain}, where people sign in"
                " (security.auth_callback_domain)"
            )
