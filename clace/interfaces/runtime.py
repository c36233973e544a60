"""Running apps."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from zope.interface import Attribute, Interface

from clace.interfaces.sources import IFiles
from clace.model import (
    App,
    AppParam,
    AppRequest,
    AppResponse,
    ClientWishes,
    DeclaredApp,
    Demands,
    ProxyRoute,
)


class AuditedSource(Struct, frozen=True):
    """The declarations at the top level of a source: the app's name, its demands and its params.

    ``warnings`` are of what in it cannot work or has no effect. With ``static_only`` all its files
    are served as they are; with ``has_program`` a program of its own answers for it.
    """

    name: str
    demands: Demands
    params: tuple[AppParam, ...] = ()
    warnings: tuple[str, ...] = ()
    static_only: bool = False
    has_program: bool = False


class ILoadedApp(Interface):
    """An app loaded in a host of its own, ready to serve and not yet published."""

    demands: Demands = Attribute("what its source asks for")
    name: str = Attribute("the name it gives itself")
    pins: Mapping[str, str] = Attribute("what fixes what its program was built of")

    def discard() -> None:
        """End it without having served."""


class IRuntime(Interface):
    """Hosts: they load apps, answer requests, and are replaced when they break their limits."""

    async def audit(app: App, files: IFiles) -> AuditedSource:
        """Return the source's declarations, from a run of its top level with inert plugins.

        :raises AppBroken: the source does not load; the text has file, line and reason.
        """

    async def declared(files: Mapping[str, bytes]) -> tuple[DeclaredApp, ...]:
        """Return the apps that files of declarations describe, file by file in their order.

        :raises AppBroken: a file fails; the text has file, line and reason.
        """

    async def load(app: App, files: IFiles) -> ILoadedApp:
        """The app in a new host, with what ``app.metadata`` approves.

        :raises AppBroken: it does not load.
        """

    def publish(app: App, loaded: ILoadedApp) -> None:
        """From now on requests go to ``loaded``; those in flight end where they began."""

    def renew(app: App) -> None:
        """The app has other settings: the next request is answered by a host that has them."""

    def carry(app: App) -> None:
        """The app has another version that would be loaded from the same as the one before: its
        host goes on.
        """

    def retract(app_id: str) -> None:
        """Forget the app; its host ends when its requests in flight have."""

    async def refusal(app: App, method: str, path: str) -> AppResponse | None:
        """The answer to a request that its method and path alone rule out, before its body is read;
        ``None`` if the app has to be asked.

        :raises NoSuchRoute: nothing answers at the path.
        :raises AppBroken: the app does not load.
        """

    def file_at_hand(app: App, method: str, path: str, wishes: ClientWishes) -> AppResponse | None:
        """The answer to a request that is for a static file, if it waits for nothing; ``None`` if
        ``respond`` has to be asked.

        :raises NoSuchRoute: only a file could be the answer, and it is missing.
        """

    async def addresses(app: App, name: str) -> tuple[str, ...]:
        """The paths within the app that one of its files answers; an app not running is loaded.

        :raises AppBroken: the app does not load.
        """

    async def proxied(app: App, method: str, path: str) -> ProxyRoute | None:
        """The route of the app that passes the request on to another server, if one does.

        :raises AppBroken: the app does not load.
        """

    async def awaken(app: App) -> None:
        """Load the app if it does not run, so that its program is known.

        :raises AppBroken: the app does not load.
        """

    async def respond(app: App, request: AppRequest) -> AppResponse:
        """The app's answer; an app not running is loaded first.

        :raises AppBroken: it does not load.
        :raises AppFailed: its handler failed, or ``AppCrashed``: its host died.
        :raises AppTimedOut: no answer within the limit; the host was ended.
        :raises AppBusy: too many requests are waiting for this app.
        """
