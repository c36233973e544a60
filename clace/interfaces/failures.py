"""Failures of apps."""

from __future__ import annotations

from zope.interface import Interface

from clace.model import AppFailure


class IFailures(Interface):
    """The failures of apps: logged, and the last ones of each app kept while the server runs."""

    def record(failure: AppFailure) -> None:
        """Log the failure, within a rate for each app, and keep it."""

    def recent(app_id: str) -> tuple[AppFailure, ...]:
        """The last failures of an app, newest first; equal ones in a row are one with a count."""
