"""The places of staging apps: beside their production apps, or on hosts of their own."""

from __future__ import annotations

from msgspec import Struct

from clace.errors import BadRequest
from clace.model import AppPath

AT_PATH, AT_DOMAIN = "path", "domain"


class StagingPlaces(Struct, frozen=True, kw_only=True):
    """The place of staging apps unless one is asked for, and what completes names of hosts."""

    stage_at: str = AT_PATH
    stage_domain: str = "stage"
    default_domain: str = "localhost"

    def of(self, main: AppPath, stage_at: str = "") -> AppPath:
        """Return the address of the staging app of an app that is at ``main``.

        :raises BadRequest: if it would be on the host of its app.
        :raises InvalidPath: if what is asked for is not the name of a host.
        """
        staging = self._address(main, stage_at or self.stage_at)
        if staging == main.staging:
            return staging
        staging.check_installable()
        if staging.domain in {main.domain or self.default_domain, self.default_domain}:
            raise BadRequest(
                f"the staging app of {main} cannot be at {staging}: choose another host"
            )
        return staging

    def told(self, main: AppPath, staging: AppPath) -> str:
        """Return the ``stage_at`` that leads to an address; empty if the default does."""
        if self._address(main, self.stage_at) == staging:
            return ""
        places = (AT_PATH, AT_DOMAIN)
        fitting = (place for place in places if self._address(main, place) == staging)
        return next(fitting, staging.domain)

    def _address(self, main: AppPath, place: str) -> AppPath:
        if place == AT_PATH:
            return main.staging
        if place == AT_DOMAIN:
            return AppPath(main.path, f"{self.stage_domain}.{main.domain or self.default_domain}")
        return AppPath(main.path, AppPath.parse(f"{place}:/", self.default_domain).domain)
