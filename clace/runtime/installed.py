"""Which app is where, in memory, for every request."""

from __future__ import annotations

from zope.interface import implementer

from clace.interfaces import IInstalledApps
from clace.model.app import App, Kind
from clace.model.hosts import is_address
from clace.model.paths import STAGING_SUFFIX, AppGlob, AppPath

_LOCAL = frozenset({"127.0.0.1", "::1", "[::1]"})


@implementer(IInstalledApps)
class InstalledApps:
    """All apps; those without a domain live on the default one.

    IP addresses and localhost count as the default domain, for a page can make a browser ask for
    neither in place of its own name; with ``fallback`` so does every name that is no app's.
    """

    def __init__(self, default_domain: str = "localhost", *, fallback: bool = False) -> None:
        self._default_domain = default_domain.lower()
        self._fallback = fallback
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
        below = self._below(self._domain(host))
        longest = path.rstrip("/") or "/"
        while longest != "/":
            if longest in below:
                return below[longest]
            longest = longest.rpartition("/")[0] or "/"
        # A staging address is never another app's page.
        return None if path.startswith(f"/{STAGING_SUFFIX}") else below.get("/")

    def serves(self, host: str) -> bool:
        domain = self._domain(host)
        return domain in self._by_domain or self._is_default(domain)

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

    def _below(self, domain: str) -> dict[str, App]:
        """The apps of a domain by their paths; none for one that is unknown."""
        found = self._by_domain.get(domain)
        if found is None and self._is_default(domain):
            found = self._by_domain.get("")
        return found or {}

    def _is_default(self, domain: str) -> bool:
        return self._fallback or domain in {"", "localhost"} or is_address(domain)

    def _domain(self, host: str) -> str:
        """The default domain is written ``""`` here, whatever way a request or app names it."""
        name = host.lower().rstrip(".")
        if name in _LOCAL:
            name = "localhost"
        return "" if name == self._default_domain else name
