"""The admin API as the same operations that the daemon has.

``socket_exchange`` reaches a UNIX socket with the standard library, ``agents`` an URL with Twisted.
"""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.client.administration import AdminClient as AdminClient
    from clace.client.agents import admin_client as admin_client
    from clace.client.socket_exchange import SocketExchange as SocketExchange
else:
    __getattr__ = face(
        __name__,
        administration=("AdminClient",),
        agents=("admin_client",),
        socket_exchange=("SocketExchange",),
    )
