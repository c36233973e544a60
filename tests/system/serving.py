"""A server of one listener and one page, for tests that need it in a process of its own.

``python -m tests.system.serving ENDPOINT`` answers every request with the address it comes from.
"""

import sys

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site

from clace.errors import ListenError
from clace.listeners.defaults import ChosenListener
from clace.listeners.services import Listeners


class Mirror(Resource):
    """Tells who asks, and whether it was over TLS."""

    isLeaf = True

    def render_GET(self, request):
        peer = getattr(request.getClientAddress(), "host", "a socket")
        return f"{peer} {'securely' if request.isSecure() else 'openly'}".encode()


def mirrors(*endpoints, serve="apps"):
    """Listeners on these endpoints for the page, not yet open."""
    site = Site(Mirror())
    declared = [ChosenListener(endpoint, serve) for endpoint in endpoints]
    return Listeners(declared, dict.fromkeys(("socket", "admin", "apps"), site), reactor)


def main():
    listeners = mirrors(*sys.argv[1:])
    try:
        listeners.startService()
    except ListenError as error:
        raise SystemExit(f"clace: {error.message}") from None
    reactor.addSystemEventTrigger("before", "shutdown", listeners.stopService)
    reactor.run()


if __name__ == "__main__":
    main()
