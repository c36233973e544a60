"""Failures of apps: what went wrong, where in the source, and who saw it."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

_LONGEST_MESSAGE = 3000
_LONGEST_PLACE = 300


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reason of a failure; ``place`` is ``file:line:column`` in the app, ``route`` a pattern."""

    message: str
    code: str = "app_failed"
    place: str = ""
    route: str = ""

    def cut(self) -> Fault:
        """The fault with texts of bounded length: an app's host may say anything."""
        return replace(
            self,
            message=self.message[:_LONGEST_MESSAGE],
            place=self.place[:_LONGEST_PLACE],
            route=self.route[:_LONGEST_PLACE],
        )


class AppFailure(Struct, frozen=True, kw_only=True):
    """A request on which an app failed; ``count`` requests in a row failed in the same way.

    ``time`` is in seconds since the epoch; time, user and request are those of the last one.
    """

    time: float
    app_id: str
    app: str
    version: int
    fault: Fault
    method: str = ""
    user_id: str = ""
    request_id: str = ""
    count: int = 1
