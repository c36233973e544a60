"""The folders in which the programs of apps keep their data."""

from __future__ import annotations

from zope.interface import Interface


class IAppData(Interface):
    """Data of apps, by the id of the app."""

    async def size(app_id: str) -> int:
        """Return the bytes of its files; 0 if it has no data."""

    async def remove(app_id: str) -> int | None:
        """Delete the data, unless a program of the app still runs, and return the bytes that there
        were; None if they stay for now.

        :raises OSError: if some cannot be deleted; the rest may be gone then.
        """
