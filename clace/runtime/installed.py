"""Installed apps by path, in memory, for every request."""

from __future__ import annotations

from collections.abc import Collection

from zope.interface import implementer

from clace.interfaces import IInstalledApps
from clace.model import TWIN_MARK, App, AppGlob, AppKind, AppPath, is_address

_HOSTS, _LONGEST_HOST = 1000, 255
_LOCAL = frozenset({"127.0.0.1", "::1", "[::1]"})


@implementer(IInstalledApps)
class InstalledApps:
    """All apps; those without a domain live on the default one.

    IP addresses and localhost count as the default domain, for a page can make a browser ask for
    neither in place of its own name; with ``fallback`` so does every name without an app. No app is
    found on the hosts of ``closed``, where people sign in.
    """

    def __init__(
        self,
        default_domain: str = "localhost",
        *,
        fallback: bool = False,
        closed: Collection[str] = (),
    ) -> None:
        self._default_domain = default_domain.lower()
        self._fallback = fallback
        self._closed = frozenset(closed)
        self._apps: dict[str, App] = {}
        self._by_domain: dict[str, dict[str, App]] = {}
        self._twins: dict[str, App] = {}
        # By host as clients wrote it. They can invent hosts, so few are kept.
        self._found: dict[str, dict[str, App]] = {}

    def replace(self, apps: tuple[App, ...]) -> None:
        self._apps, self._by_domain, self._twins = {}, {}, {}
        self._found.clear()
        for app in apps:
            self._add(app)

    def change(self, ids: Collection[str], stored: tuple[App, ...]) -> None:
        self._found.clear()
        there = {app.id for app in stored}
        for app_id in ids:
            if app_id in self._apps:
                self._drop(self._apps[app_id])
                if app_id not in there:
                    del self._apps[app_id]
        for app in stored:
            self._add(app)

    def _add(self, app: App) -> None:
        self._apps[app.id] = app  # in the place that it has, if it has one
        self._by_domain.setdefault(self._domain(app.domain), {})[app.path] = app
        if app.kind is AppKind.STAGING:
            self._twins[app.main_app] = app

    def _drop(self, app: App) -> None:
        domain = self._domain(app.domain)
        there = self._by_domain.get(domain, {})
        there.pop(app.path, None)
        if not there:
            self._by_domain.pop(domain, None)
        if app.kind is AppKind.STAGING:
            self._twins.pop(app.main_app, None)

    def find(self, host: str, path: str) -> App | None:
        below = self._found.get(host)
        if below is None:
            below = self._below(self._domain(host))
            if len(host) <= _LONGEST_HOST:
                if len(self._found) >= _HOSTS:
                    self._found.clear()
                self._found[host] = below
        longest = path.rstrip("/") or "/"
        while longest != "/":
            if longest in below:
                return below[longest]
            longest = longest.rpartition("/")[0] or "/"
        # The address of a twin is never another app's page.
        return None if path.startswith(f"/{TWIN_MARK}") else below.get("/")

    def serves(self, host: str) -> bool:
        domain = self._domain(host)
        return domain in self._by_domain or domain in self._closed or self._is_default(domain)

    def is_named(self, host: str) -> bool:
        domain = self._domain(host)
        return not domain or domain in self._by_domain

    def on(self, host: str) -> Collection[App]:
        return self._below(self._domain(host)).values()

    def matching(self, glob: AppGlob) -> tuple[App, ...]:
        return tuple(
            app
            for app in self._apps.values()
            if app.kind in {AppKind.DEV, AppKind.PROD} and glob.matches(app.address)
        )

    def at(self, address: AppPath) -> App | None:
        return self._by_domain.get(self._domain(address.domain), {}).get(address.path)

    def overlapping(self, address: AppPath) -> tuple[App, ...]:
        there = self._by_domain.get(self._domain(address.domain), {})
        below = f"{address.path}/"
        near = [path for path in there if path.startswith(below)]
        near += [path for path in address.upward if path in there]
        return tuple(there[path] for path in near if address.overlaps(there[path].address))

    def staging_of(self, app: App) -> App | None:
        return self._twins.get(app.id)

    def _below(self, domain: str) -> dict[str, App]:
        """The apps of a domain by their paths; none for one that is unknown."""
        if domain in self._closed:
            return {}
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
