"""The apps as the store has them at one moment, and how they belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from clace.errors import AppBroken, NoSuchApp, SourceError
from clace.model.app import App, Kind
from clace.model.paths import AppGlob, AppPath


class Catalogue(Struct, frozen=True):
    """All apps, oldest first."""

    apps: tuple[App, ...]

    def matching(self, glob: AppGlob) -> Iterator[App]:
        """The production and dev apps that match; twins follow their main app."""
        return (app for app in self.apps if not app.main_app and glob.matches(app.address))

    def at(self, address: AppPath) -> App:
        """:raises NoSuchApp: nothing is installed exactly there."""
        for app in self.apps:
            if app.address == address:
                return app
        raise NoSuchApp(f"app not found: {address}")

    def twins_of(self, main: App) -> Iterable[App]:
        """The apps that come and go with ``main``."""
        return (app for app in self.apps if app.main_app == main.id)

    def staging_of(self, main: App) -> App:
        """The staging twin of a production app.

        :raises NoSuchApp: it has none, as dev apps have.
        """
        for app in self.twins_of(main):
            if app.kind is Kind.STAGING:
                return app
        raise NoSuchApp(f"app {main} has no staging app")

    def edited(self, main: App) -> App:
        """The app that a change to ``main`` is made on: its staging twin, or itself for dev."""
        return main if main.is_dev else self.staging_of(main)


@contextmanager
def naming(app: App) -> Iterator[None]:
    """What is wrong with one app of several is told with its name."""
    try:
        yield
    except (AppBroken, SourceError) as error:
        named = type(error)(f"app {app}: {error.message}")
        named.limit = error.limit
        raise named from error
