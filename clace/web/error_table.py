"""The answer to a request that failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil

from twisted.logger import Logger

from clace.admin_api import Refusal
from clace.errors import ClaceError, InternalError

log = Logger()


class ErrorTable:
    """Refusals by the class of their error, and incidents for everything else."""

    def __init__(self, statuses: Mapping[type[ClaceError], int], new_id: Callable[[], str]) -> None:
        """``statuses`` has a status for an error, or for the nearest of its parents."""
        self._statuses = statuses
        self._new_id = new_id

    def refusal(self, error: ClaceError) -> Refusal:
        """Return the body, with the status, that tells what was refused and why."""
        statuses = self._statuses
        status = next((statuses[kind] for kind in type(error).__mro__ if kind in statuses), 500)
        return Refusal(error.message, int(status), error.code, ceil(error.retry_after))

    def incident(self) -> Refusal:
        """Log the exception at hand whole, and return a body that has only its number."""
        incident = self._new_id()
        log.failure("Request failed, incident {incident}", incident=incident)
        return self.refusal(InternalError.under(incident))
