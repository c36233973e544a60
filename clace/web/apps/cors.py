"""Calls of apps from pages of other sites (off unless the operator says so)."""

from __future__ import annotations

from msgspec import Struct

from clace.model import AppResponse

# The configuration's word for the origin that the request itself was sent to.
_OWN = "origin"


class OriginSharing(Struct, frozen=True, kw_only=True):
    """Permission of calls from other origins; ``allow_origin`` empty means none."""

    allow_origin: str = ""
    allow_methods: str = "*"
    allow_headers: str = ""
    allow_credentials: bool = False
    max_age: int = 0

    def headers(self, own_origin: str) -> tuple[tuple[str, str], ...]:
        """Return the headers of every answer."""
        if not self.allow_origin:
            return ()
        origin = own_origin if self.allow_origin == _OWN else self.allow_origin
        return (
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Methods", self.allow_methods),
            ("Access-Control-Allow-Headers", self.allow_headers),
        )

    def preflight(self, own_origin: str) -> AppResponse:
        """The answer to ``OPTIONS``, which apps never see while sharing is on."""
        credentials = "true" if self.allow_credentials else "false"
        return AppResponse(
            status=204,
            headers=(
                *self.headers(own_origin),
                ("Access-Control-Allow-Credentials", credentials),
                ("Access-Control-Max-Age", str(self.max_age)),
            ),
        )
