"""Service workers: scripts that answer, in a visitor's browser and from then on, for all paths
below the folder that they come from.
"""

from __future__ import annotations

from collections.abc import Iterable

from clace.errors import NotAllowed
from clace.model import App

HEADER = b"service-worker"
"""Browsers send it with the request for such a script, and let no page send it or leave it out."""


def check_worker(path: str, app: App, on_host: Iterable[App]) -> None:
    """Refuse the script of a service worker that could answer for anything but its own app: what
    it sees and answers would be the sign-ins and pages of others.

    :raises NotAllowed: if its folder is above the app, or holds another app of the host.
    """
    folder = path[: path.rindex("/") + 1]
    main = app.main_app or app.id
    others = (one for one in on_host if (one.main_app or one.id) != main)
    is_own = folder.startswith(_below(app.path))
    if not is_own or any(_below(one.path).startswith(folder) for one in others):
        raise NotAllowed(f"a service worker at {path} could answer for other apps of this host")


def _below(path: str) -> str:
    return f"{path.rstrip('/')}/"
