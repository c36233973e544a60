"""Limits on the programs of apps."""

from __future__ import annotations

from msgspec import Struct


class WorkloadLimits(Struct, frozen=True, kw_only=True):
    """When the program of an app counts as ready, and for how long it may go unused.

    It is asked for ``health_url`` up to ``attempts`` times. A visitor waits ``wait_seconds`` for
    it, one who wants a page ``page_seconds``. It is stopped when no request came for
    ``idle_seconds`` (0: never) and fewer than ``idle_bytes`` went through changed protocols.
    One that is replaced has ``drain_seconds`` for the requests it has. A program that runs is asked
    again every ``check_seconds`` (0: never), and ended when ``check_attempts`` in a row failed.
    """

    health_url: str = "/"
    attempts: int = 30
    check_seconds: float = 20
    check_attempts: int = 10
    health_seconds: float = 5
    wait_seconds: float = 60
    page_seconds: float = 1.5
    idle_seconds: float = 180
    idle_bytes: int = 1500
    idles_dev_apps: bool = False
    drain_seconds: float = 30
    recycle_seconds: float = 0
    recycle_mb: int = 0
