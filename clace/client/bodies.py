"""Bodies of answers: JSON is small, and so is what we accept."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.web.iweb import IResponse

from clace.bodies import collected
from clace.client.transport import LIMIT, too_large


def collect(response: IResponse, limit: int = LIMIT) -> Deferred[bytes]:
    """The body of an answer, whole.

    :raises TooLarge: if it is over the limit; the rest was not read.
    """
    return collected(response, limit, too_large(limit))
