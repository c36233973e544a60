"""Listeners that are right alone, and wrong for the admin API."""

from __future__ import annotations

from collections.abc import Iterator

from clace.config.places import Steps
from clace.config.sections import Settings
from clace.model import layers, problem_of_admin


def wrong_listeners(settings: Settings) -> Iterator[tuple[Steps, str]]:
    """Yield the places of endpoints that the admin API may not be served at, and why."""
    for number, entry in enumerate(settings.listen, 1):
        if entry.serve == "admin":
            outermost = next(layers(entry.endpoint))
            over_tcp = settings.security.admin_over_tcp
            if problem := problem_of_admin(outermost, over_tcp=over_tcp):
                yield ("listen", str(number), "endpoint"), problem
