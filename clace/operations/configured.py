"""The part of the server's configuration that operations are checked against."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping

from attrs import frozen

from clace.admin_api import REMOVE
from clace.errors import BadRequest
from clace.model import AccountLink, App
from clace.operations.edits import check_link

MayRead = Callable[[App], bool]
_UNSEEN = "another app"


def _never(_setting: str) -> bool:
    return False


@frozen(kw_only=True)
class ConfiguredSections:
    """Sections of plugins and their accounts, logins for git, and the settings an app may have.

    ``check_config`` raises ``BadRequest`` for settings that no app can have, and ``check_auth`` for
    ways to admit people that are unknown, ``check_user`` for ids that no user can have. No app can
    be on ``closed_hosts``, and one whose way ``needs_own_host`` with no other. ``auth_in_effect``
    says what a way is that names another.
    """

    plugins: Container[str] = ()
    git_auths: Container[str] = ()
    app_settings: Collection[str] = ()
    check_config: Callable[[Mapping[str, str]], object] = dict
    check_auth: Callable[[str], object] = str
    check_user: Callable[[str], object] = str
    closed_hosts: Container[str] = ()
    needs_own_host: Callable[[str], bool] = _never
    auth_in_effect: Callable[[str], str] = str
    refuses_shared_hosts: bool = False

    def check_git_auth(self, name: str) -> None:
        """:raises BadRequest: if ``name`` is not empty and no git login of that name is there."""
        if name and name not in self.git_auths:
            raise BadRequest(f"there is no section [git_auth.{name}] in the configuration")

    def check_links(
        self, links: Iterable[AccountLink], before: Container[AccountLink] = ()
    ) -> None:
        """:raises BadRequest: if a plugin or account is unknown, but for links in ``before``."""
        for link in links:
            if link in before:
                continue
            if link.account_name == REMOVE:
                raise BadRequest(f"{link.plugin}: leave it out of the file to unlink its account")
            check_link(link, self.plugins)

    def check_host(self, domain: str) -> None:
        """:raises BadRequest: if people sign in there."""
        if domain.lower().rstrip(".") in self.closed_hosts:
            raise BadRequest(
                f"no app can be installed on {domain}, where people sign in"
                " (security.auth_callback_domain)"
            )

    def check_own_host(self, setting: str, others: Iterable[App], may_read: MayRead) -> None:
        """Check that an app may be on a host with ``others``: all apps on one host are one origin
        to a browser, which shows them one certificate. The error names one that may be read.

        :raises BadRequest: if it or one of them needs a host of its own.
        """
        for other in others:
            if self.needs_own_host(setting) or self.needs_own_host(other.settings.authn_type):
                named = other.address if may_read(other) else _UNSEEN
                raise BadRequest(
                    f"an app with client certificates needs a host of its own, and {named} "
                    "is on the same"
                )

    def check_neighbours(
        self, app: App, others: Iterable[App], may_read: MayRead
    ) -> tuple[str, ...]:
        """Warn of apps on the host of ``app`` whose owner or auth setting is another, with the name
        of one that may be read.

        :raises BadRequest: in place of a warning, if ``security.shared_host`` says so.
        """
        found = [other for other in others if not other.main_app and self._differs(app, other)]
        if not found:
            return ()
        named = next((str(other.address) for other in found if may_read(other)), _UNSEEN)
        count = len(found) - 1
        more = f" and {count} more" if count else ""
        text = (
            f"{named}{more} on the same host, of another owner or auth setting: to browsers"
            " they are one origin, so the page of one can act in the others for whoever opens it"
        )
        if self.refuses_shared_hosts:
            raise BadRequest(f"{text} (security.shared_host)")
        return (text,)

    def _differs(self, app: App, other: App) -> bool:
        in_effect = self.auth_in_effect
        other_auth = in_effect(other.settings.authn_type)
        return other.user_id != app.user_id or other_auth != in_effect(app.settings.authn_type)
