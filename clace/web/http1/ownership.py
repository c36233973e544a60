"""The keeping of account of connections, as they see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from clace.web.http1.heads import Head

if TYPE_CHECKING:
    from clace.web.http1.channel import StrictHTTPChannel


class ChannelOwner(Protocol):
    """The owner of connections, who keeps account of them."""

    def opened(self, channel: StrictHTTPChannel) -> None:
        """Take account of a new connection."""

    def closed(self, channel: StrictHTTPChannel) -> None:
        """Take account of a connection that is gone."""

    def busy(self, channel: StrictHTTPChannel) -> None:
        """Take account of a connection that has a request."""

    def idle(self, channel: StrictHTTPChannel) -> None:
        """Take account of a connection whose request is done."""

    def refused(self, channel: StrictHTTPChannel, status: int, head: Head | None) -> None:
        """Take account of a refusal by the connection; ``head`` if the request came that far."""
