"""The apps as the store has them at one moment, and how they belong together."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from clace.errors import AppBroken, ClaceError, InvalidPath, NoSuchApp, SourceError
from clace.interfaces import Asking
from clace.model import App, AppGlob, AppKind, AppPath, is_glob


class AppCatalogue(Struct, frozen=True):
    """All apps, oldest first. Refusals only name those that the one who asks ``may_see``."""

    apps: tuple[App, ...]
    may_see: Callable[[App], bool] = lambda _app: True

    def selected(self, glob: AppGlob, request: Asking) -> tuple[App, ...]:
        """The apps that match, each of which the request has the right to.

        :raises NotAllowed: if a right is missing on one of them, or on the address of no app.
        :raises NoSuchApp: if the glob is the address of one app, and no app is there.
        """
        if glob.is_literal:
            request.check(str(AppPath(glob.path, glob.domain)))
        found = self.matching(glob)
        if not found:
            request.check(str(glob))
        request.check_apps(found)
        return found

    def found(self, text: str, request: Asking) -> App:
        """The app at a path, which the request has the right to; see ``at``.

        :raises NotAllowed: if a right is missing there, whether an app is there or not.
        """
        if not is_glob(text):
            address = AppPath.parse(text)
            twin = next((app for app in self.apps if app.address == address and app.main_app), None)
            request.check(str(twin.main_address) if twin else str(address))
        return self.at(text)

    def matching(self, glob: AppGlob) -> tuple[App, ...]:
        """The production and dev apps that match; twins follow their main app.

        :raises NoSuchApp: if the glob is the address of one app, and no app is there.
        """
        mains = tuple(app for app in self.apps if not app.main_app)
        found = tuple(app for app in mains if glob.matches(app.address))
        if not found and glob.is_literal:
            raise self._missing(str(glob))
        return found

    def at(self, text: str) -> App:
        """Return the app at a path.

        :raises InvalidPath: if it is malformed, or a glob.
        :raises NoSuchApp: if nothing is installed exactly there.
        """
        if is_glob(text):
            raise InvalidPath(f"{text} is a glob, and this takes the path of one app")
        address = AppPath.parse(text)
        for app in self.apps:
            if app.address == address:
                return app
        raise self._missing(str(address))

    def _missing(self, text: str) -> NoSuchApp:
        """The refusal of an address without an app; it tells which one may be meant."""
        mains = {app.id: app for app in self.apps if not app.main_app}
        for app in self.apps:
            if str(app) == text and app.main_app in mains and self.may_see(app):
                return NoSuchApp(f"{text} belongs to {mains[app.main_app]}: name that app")
        near = difflib.get_close_matches(text, map(str, filter(self.may_see, mains.values())), 1)
        hint = f". Did you mean {near[0]}?" if near else ""
        return NoSuchApp(f"app not found: {text}{hint}")

    def twins_of(self, main: App) -> Iterable[App]:
        """The apps that come and go with ``main``."""
        return (app for app in self.apps if app.main_app == main.id)

    def staging_if_any(self, main: App) -> App | None:
        """Return the staging twin of a production app; others have none."""
        twins = self.twins_of(main)
        return next((app for app in twins if app.kind is AppKind.STAGING), None)

    def staging_of(self, main: App) -> App:
        """The staging twin of a production app.

        :raises NoSuchApp: if it has none, as dev apps have.
        """
        staging = self.staging_if_any(main)
        if staging is None:
            raise NoSuchApp(f"app {main} has no staging app")
        return staging

    def edited(self, main: App) -> App:
        """The app that a change to ``main`` is made on: its staging twin, or itself for dev."""
        return main if main.is_dev else self.staging_of(main)


@contextmanager
def naming(app: App | AppPath, *more: type[ClaceError]) -> Iterator[None]:
    """Name the app in errors about one of several: in those of its source, and ``more``."""
    name = f"app {app}"
    kinds: tuple[type[ClaceError], ...] = (AppBroken, SourceError, *more)
    try:
        yield
    except kinds as error:
        if any(f"{name}{end}" in error.message for end in (" ", ":")):
            raise  # such as a refusal of the gate, or of the one that this is within
        named = type(error)(f"{name}: {error.message}")
        named.limit = error.limit
        raise named from error
