"""The bounds of a token."""

from __future__ import annotations

from msgspec import Struct


class Scope(Struct, frozen=True, kw_only=True):
    """Bounds of a token, whatever its user may do: permissions, and globs of apps.

    Without globs they hold for all apps; without permissions nothing is allowed.
    """

    permissions: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
