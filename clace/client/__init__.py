"""The admin API as the same operations that the daemon has, over HTTP with an ``Agent``."""

from clace.client.administration import AdminClient
from clace.client.agents import ServerAddress, admin_client

__all__ = ["AdminClient", "ServerAddress", "admin_client"]
