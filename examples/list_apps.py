"""Lists the apps of the server at ``$CL_HOME``: what a program of your own looks like."""

import os
import sys
from pathlib import Path
from typing import Any

from twisted.internet import task

from clace.admin_api.apps import LIST_APPS, ListApps
from clace.client.administration import AdminClient
from clace.client.socket_exchange import SocketExchange
from clace.errors import ClaceError


async def main(_reactor: Any) -> None:
    socket = str(Path(os.environ.get("CL_HOME", ".")) / "run" / "clace.sock")
    try:
        client = AdminClient(SocketExchange(socket), socket)
        listed = await client.perform(LIST_APPS, ListApps("all"))
    except ClaceError as error:
        sys.exit(f"error: {error.message}")
    for app in listed.apps:
        print(app, app.metadata.name)


if __name__ == "__main__":
    task.react(main)
