"""Which app is where, in memory, for every request."""

from __future__ import annotations

from zope.interface import implementer

from clace.interfaces import IInstalledApps
from clace.model.app import App, Kind
from clace.model.paths import STAGING_SUFFIX, AppGlob, AppPath

_LOCAL = frozenset({"127.0.0.1", "::1", "[::1]"})


@implementer(IInstalledApps)
class InstalledApps:
    """All apps; those without a domain live on the default one, where unknown hosts end up too."""

    def __init__(self, default_domain: str = "localhost") -> None:
        self._default_domain = default_domain.lower()
        self._apps: tuple[App, ...] = ()
        self._by_domain: dict[str, dict[str, App]] = {}
        self._twins: dict[str, App] = {}

    def replace(self, apps: tuple[App, ...]) -> None:
        by_domain: dict[str, dict[str, App]] = {}
        for app in apps:
            by_domain.setdefault(self._domain(app.domain), {})[app.path] = app
        self._apps = apps
        self._by_domain = by_domain
        self._twins = {app.main_app: app for app in apps if app.kind is Kind.STAGING}

    def find(self, host: str, path: str) -> App | None:
        domain = self._domain(host)
        below = self._by_domain.get(domain) or self._by_domain.get("", {})
        longest = path.rstrip("/") or "/"
        while longest != "/":
            if longest in below:
                return below[longest]
            longest = longest.rpartition("/")[0] or "/"
        # A staging address is never another app's page.
        return None if path.startswith(f"/{STAGING_SUFFIX}") else below.get("/")

    def matching(self, glob: AppGlob) -> tuple[App, ...]:
        return tuple(
            app
            for app in self._apps
            if app.kind in {Kind.DEV, Kind.PROD} and glob.matches(app.address)
        )

    def at(self, address: AppPath) -> App | None:
        return self._by_domain.get(self._domain(address.domain), {}).get(address.path)

    def staging_of(self, app: App) -> App | None:
        return self._twins.get(app.id)

    def _domain(self, host: str) -> str:
        """The default domain is written ``""`` here, whatever way a request or app names it."""
        name = host.lower().rstrip(".")
        if name in _LOCAL:
            name = "localhost"
        return "" if name == self._default_domain else name
