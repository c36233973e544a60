"""Users in the configuration."""

from __future__ import annotations

from collections.abc import Iterator

from clace.config.places import Steps
from clace.config.sections import Settings
from clace.errors import BadRequest
from clace.model import check_name, tidy_groups


def wrong_users(settings: Settings) -> Iterator[tuple[Steps, str]]:
    """Yield the places of impossible users, with the reason."""
    for name, user in settings.builtin_auth.items():
        at = ("builtin_auth", name)
        try:
            check_name(name)
        except BadRequest as error:
            yield at, error.message
        try:
            tidy_groups(user.groups)
        except BadRequest as error:
            yield (*at, "groups"), error.message
